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
    TAG_PATTERN,
    CategoryPath,
    Id,
    Tag,
    Text,
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
ProductIdInPath = Annotated[
    str,
    PathParameter(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        pattern=ID_PATTERN,
        description="Id of the product, or another id of it, percent-encoded, `/` as `%2F`",
    ),
]

MAX_VALUES = 20
"""Values that a filter may have."""

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Maximum number of products")]
# Litestar omits a minimum of 0 and the constraints of list items from the OpenAPI document.
Categories = Annotated[
    list[CategoryPath] | None,
    QueryParameter(
        max_items=MAX_VALUES,
        description="Recommend only products of this category path and below; repeated: of any of them",
        schema_extra={
            "items": {"type": "string", "minLength": 1, "maxLength": MAX_CATEGORY_LENGTH, "pattern": CATEGORY_PATTERN}
        },
    ),
]
Brands = Annotated[
    list[Text] | None,
    QueryParameter(
        max_items=MAX_VALUES,
        description="Recommend only products of this brand; repeated: of any of them",
        schema_extra={"items": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": CATEGORY_PATTERN}},
    ),
]
Tags = Annotated[
    list[Tag] | None,
    QueryParameter(
        max_items=MAX_VALUES,
        description="Recommend only products with this tag; repeated: with any of them",
        schema_extra={"items": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": TAG_PATTERN}},
    ),
]
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
Placement = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=64,
        pattern=CATEGORY_PATTERN,
        description="A label for the place of the list in the shop, such as `cart`; it has no effect on the list",
    ),
]
