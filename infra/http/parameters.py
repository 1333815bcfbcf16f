"""Parameters of paths and queries, held to the same rules as fields of bodies.

Litestar reads constraints of its own kind only, so the patterns of `domain.records.values` are given to it here.
"""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from domain.records.values import CATEGORY_PATTERN, ID_PATTERN, MAX_CATEGORY_LENGTH, MAX_ID_LENGTH, Id

IdInPath = Annotated[str, PathParameter(min_length=1, max_length=MAX_ID_LENGTH, pattern=ID_PATTERN)]

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Category = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=MAX_CATEGORY_LENGTH,
        pattern=CATEGORY_PATTERN,
        description="A category, or the upper levels of one",
    ),
]
# The OpenAPI document would lack a minimum of 0 and the rules of a list's items.
Price = Annotated[float | None, QueryParameter(ge=0, le=1e9, schema_extra={"minimum": 0})]
Excluded = Annotated[
    list[Id] | None,
    QueryParameter(
        max_items=100,
        description="Products to leave out",
        schema_extra={"items": {"type": "string", "maxLength": MAX_ID_LENGTH, "pattern": ID_PATTERN}},
    ),
]
