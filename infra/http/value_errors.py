"""Name everything that is wrong with a body or a parameter: decoding stops at the first invalid value."""

import itertools
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Raw, Struct, UnsetType

from domain.errors import pointer_below
from domain.records.values import readable_message
from infra.http.problems import MAX_FIELD_ERRORS, FieldError

Located = tuple[str, str]
"""A JSON pointer and a message."""
TOO_LONG = "Expected `array` of length <="


def field_errors(body: bytes, struct: type[Any]) -> list[FieldError]:
    """Return the errors of a JSON text that is no `struct`, in its order, up to 100.

    A struct may have a static method `errors_across`, which yields errors between the items of a body.
    """
    found = list(itertools.islice(_errors(Raw(body), struct, "#"), MAX_FIELD_ERRORS))
    if (across := getattr(struct, "errors_across", None)) and not any(detail.startswith(TOO_LONG) for _, detail in found):
        found += [(error.pointer, error.detail) for error in itertools.islice(across(body), MAX_FIELD_ERRORS - len(found))]
    return [FieldError(pointer=pointer, detail=detail) for pointer, detail in found]


def _errors(value: Raw, kind: Any, pointer: str) -> Iterator[Located]:
    if (failure := _failure(value, kind)) is None:
        return
    message, is_below = failure
    # The elements of a list that is too long are not looked at.
    is_looked_into = is_below or not message.startswith(TOO_LONG)
    inner = list(itertools.islice(_inner(value, kind, pointer), MAX_FIELD_ERRORS)) if is_looked_into else []
    yield from inner or [(pointer, message)]


def _inner(value: Raw, kind: Any, pointer: str) -> Iterator[Located]:
    """Yield the errors of the members of an object, or of the elements of a list."""
    first = bytes(value).lstrip()[:1]
    for choice in _choices(kind):
        if first == b"{" and isinstance(choice, type) and issubclass(choice, Struct):
            yield from _of_members(value, choice, pointer)
        elif first == b"{" and get_origin(choice) is dict:
            key_kind, value_kind = get_args(choice)
            for name, member in _members(value).items():
                below = pointer_below(pointer, name)
                yield from _errors(Raw(msgspec.json.encode(name)), key_kind, below)
                yield from _errors(member, value_kind, below)
        elif first == b"[" and get_origin(choice) in (list, tuple):
            for position, element in enumerate(_elements(value)):
                yield from _errors(element, get_args(choice)[0], f"{pointer}/{position}")


def _of_members(value: Raw, struct: type[Struct], pointer: str) -> Iterator[Located]:
    members, kinds = _members(value), _kinds_of(struct)
    required = [field.encode_name for field in msgspec.structs.fields(struct) if field.required]
    errors = [(pointer_below(pointer, name), "Required") for name in required if name not in members]
    for name, member in members.items():
        if name in kinds:
            errors += _errors(member, kinds[name], pointer_below(pointer, name))
        else:
            errors.append((pointer_below(pointer, name), "Unknown field"))
    yield from errors or _of_single_members(members, struct, required, pointer)


def _of_single_members(
    members: dict[str, Raw], struct: type[Struct], required: list[str], pointer: str
) -> Iterator[Located]:
    """Yield what a struct itself says about optional members that their own types accept."""
    needed = {name: members[name] for name in required}
    if _message_of_members(needed, struct) is None:
        for name, member in members.items():
            if message := _message_of_members(needed | {name: member}, struct):
                yield pointer_below(pointer, name), message


def _message_of_members(members: dict[str, Raw], struct: type[Struct]) -> str | None:
    failure = _failure(Raw(msgspec.json.encode(members)), struct)
    return failure and failure[0]


@cache
def _kinds_of(struct: type[Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct, include_extras=True)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(struct)}


@cache
def _choices(kind: Any) -> tuple[Any, ...]:
    """Return the types that a type is one of, without their constraints."""
    if get_origin(kind) is Annotated:
        return _choices(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(inner for choice in get_args(kind) if choice is not UnsetType for inner in _choices(choice))
    return (kind,)


def _failure(value: Raw, kind: Any) -> tuple[str, bool] | None:
    """Return what is wrong with a value, and whether it is something below the value; None if nothing is."""
    try:
        _decoder(kind).decode(value)
    except msgspec.ValidationError as error:
        return _message(error, kind), " - at `" in str(error)
    return None


def parameter_errors(value: Any, kind: Any, *, pointer: str) -> Iterator[FieldError]:
    """Yield the error of a value, or of a list of values, that stands as text in a path or a query."""
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        yield FieldError(pointer=pointer, detail=_message(error, kind))


def _message(error: msgspec.ValidationError, kind: Any) -> str:
    text = str(error).partition(" - at `")[0]
    return _allowed(kind) if text.startswith("Invalid enum value") else readable_message(text)


def _allowed(kind: Any) -> str:
    values = [f"`{value}`" for choice in _choices(kind) if get_origin(choice) is Literal for value in get_args(choice)]
    return f"Expected one of {', '.join(values)}"


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=True)


def _members(value: Raw) -> dict[str, Raw]:
    return msgspec.json.decode(value, type=dict[str, Raw])


def _elements(value: Raw) -> list[Raw]:
    return msgspec.json.decode(value, type=list[Raw])
