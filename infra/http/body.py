"""Strict decoding of request bodies: no `"1"` for 1, no unknown field, no number out of range."""

from collections.abc import Generator
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

# Private, but the public method `AbstractDTO.create_openapi_schema` has a parameter of this type.
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from infra.http.problems import RequestRefused
from infra.http.value_errors import TOO_LONG, field_errors

T = TypeVar("T")

TAKES_NULL = {"takes_null": True}
"""The route option for bodies in which `null` clears a value (RFC 7396); elsewhere every `null` is refused."""

LARGE_BODY = {"max_body_bytes": 1024 * 1024}
"""The route option for bodies with lists; the default limit is 64 KiB."""


class StrictBody(AbstractDTO[T]):
    """A Litestar DTO that decodes a body strictly, straight into the domain struct; Litestar's default is lenient.

    It generates no transfer model.
    """

    def decode_bytes(self, value: bytes) -> Any:
        """Decode a body; raise RequestRefused with all that is wrong with it."""
        try:
            return _decoder(self.model_type).decode(value)
        except msgspec.ValidationError as error:
            found = field_errors(value, cast("type[msgspec.Struct]", self.model_type))
            is_too_long = all(one.detail.startswith(TOO_LONG) for one in found)
            raise RequestRefused("too-many-items" if is_too_long else "validation", field_errors=found) from error

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Do nothing: there is no transfer model to prepare."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        del handler_id
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        del model_type
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        del field_definition
        return False


@cache
def _decoder(struct: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(struct, strict=True)
