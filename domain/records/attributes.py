"""Tags and attributes of products: their bounds, the texts that are stored of them, and what a filter looks for."""

from collections.abc import Iterable, Mapping

import msgspec

from domain.records.values import MAX_NUMBER

MAX_ATTRIBUTES = 50
MAX_TAGS = 100
TAG_SEPARATOR = "|"

_decode = msgspec.json.Decoder(dict[str, bool | int | float | str]).decode
_decode_scalar = msgspec.json.Decoder(bool | int | float).decode


def pack_tags(tags: Iterable[str]) -> str | None:
    """Return tags as one text, None without any."""
    return TAG_SEPARATOR.join(dict.fromkeys(tags)) or None


def unpack_tags(packed: str | None) -> tuple[str, ...]:
    return tuple(packed.split(TAG_SEPARATOR)) if packed else ()


def pack_attributes(attributes: Mapping[str, bool | float | str]) -> str | None:
    """Return attributes as JSON that differs only where they do, None without any.

    A blank ends each value, so that `member` occurs in the text where, and only where, an attribute has that value.
    """
    members = ",".join(member(name, encoded(value)) for name, value in sorted(attributes.items()))
    return f"{{{members}}}" if members else None


def unpack_attributes(packed: str | None) -> dict[str, bool | int | float | str]:
    return _decode(packed) if packed else {}


def merged_attributes(
    packed: str | None, changes: Mapping[str, bool | float | str | None]
) -> dict[str, bool | int | float | str]:
    """Return packed attributes after `changes`, of which None clears one (RFC 7396)."""
    merged = {**unpack_attributes(packed), **changes}
    return {name: value for name, value in merged.items() if value is not None}


def member(name: str, value: str) -> str:
    """Return an attribute with an encoded value as it is in packed attributes."""
    return f'"{name}":{value} '


def encoded(value: bool | float | str) -> str:  # noqa: FBT001 - one of the types of values
    """Return the one text of a value: JSON, and without decimals for whole numbers."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return msgspec.json.encode(value).decode()


def encoded_as_written(text: str) -> tuple[str, ...]:
    """Return the encoded values that `text`, as a filter has it, may stand for: a text, and a number or true or false."""
    try:
        scalar = _decode_scalar(text)
    except msgspec.DecodeError:
        return (encoded(text),)
    return (encoded(text), encoded(scalar)) if abs(scalar) <= MAX_NUMBER else (encoded(text),)
