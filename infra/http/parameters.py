"""Path and query parameters, with the constraints of the same fields in bodies.

Litestar ignores msgspec constraints, so this module repeats those of `domain.records.values` in Litestar's form.
"""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from domain.records.recommendations import Seen
from domain.records.values import (
    CATEGORY_PATTERN,
    ID_PATTERN,
    MAX_CATEGORY_LENGTH,
    MAX_ID_LENGTH,
    Id,
)

IdInPath = Annotated[
    str,
    PathParameter(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        pattern=ID_PATTERN,
        description="Id of the customer, percent-encoded, `/` as `%2F`",
    ),
]

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Maximum number of products")]
Category = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=MAX_CATEGORY_LENGTH,
        pattern=CATEGORY_PATTERN,
        description="Recommend only products of this category path and below",
    ),
]
# Litestar omits a minimum of 0 and the constraints of list items from the OpenAPI document.
MinPrice = Annotated[
    float | None,
    QueryParameter(ge=0, le=1e9, schema_extra={"minimum": 0}, description="Lowest price in the shop's currency, inclusive"),
]
MaxPrice = Annotated[
    float | None,
    QueryParameter(ge=0, le=1e9, schema_extra={"minimum": 0}, description="Highest price in the shop's currency, inclusive"),
]
Excluded = Annotated[
    list[Id] | None,
    QueryParameter(
        max_items=100,
        description="Product ids to leave out; repeat the parameter for each",
        schema_extra={"items": {"type": "string", "maxLength": MAX_ID_LENGTH, "pattern": ID_PATTERN}},
    ),
]
GuestAllowed = Annotated[
    bool,
    QueryParameter(
        description="Answer an unknown customer as a newcomer, instead of 404; nothing is stored before the first event"
    ),
]
SeenRule = Annotated[
    Seen,
    QueryParameter(
        description="Products of the customer's own history: at most two of ten (few), none (exclude), any number (include)"
    ),
]
