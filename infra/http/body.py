"""Request bodies, decoded strictly: no `"1"` for 1, no unknown field, no number out of range."""

from collections.abc import Generator
from functools import cache
from typing import Any, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

T = TypeVar("T")

LARGE = {"most_bytes": 1024 * 1024}
"""The bound of a body that carries a list, as an option of its route; others have 64 KiB."""


class StrictBody(AbstractDTO[T]):
    """Decode a body into the struct that the handler takes; Litestar's own way converts leniently.

    No transfer model is generated: the struct that a handler receives is the domain's own.
    """

    def decode_bytes(self, value: bytes) -> Any:
        return _decoder(self.model_type).decode(value)

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Prepare nothing."""

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
