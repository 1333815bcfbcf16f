"""Path and query parameters, with the constraints of the same fields in bodies.

Litestar ignores msgspec constraints, so this module repeats those of `domain.records.values` in Litestar's form.
"""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from domain.records.periods import MAX_INSTANT_LENGTH
from domain.records.recommendations import (
    MAX_DAYS,
    MAX_EXCLUDED,
    MAX_LABEL_LENGTH,
    MAX_LIMIT,
    MAX_SEEDS,
    MAX_VALUES,
    Seen,
)
from domain.records.values import (
    CATEGORY_PATTERN,
    CUSTOMER_ID_PATTERN,
    ID_PATTERN,
    MAX_CATEGORY_LENGTH,
    MAX_ID_LENGTH,
    TAG_PATTERN,
    CategoryPath,
    CustomerId,
    Id,
    Tag,
    Text,
)


def _id_in_path(of: str) -> PathParameter:
    return PathParameter(
        min_length=1,
        max_length=MAX_ID_LENGTH,
        pattern=ID_PATTERN,
        description=f"Id of the {of}, percent-encoded, `/` as `%2F`",
    )


IdInPath = Annotated[str, _id_in_path("customer")]
ProductIdInPath = Annotated[str, _id_in_path("product, or another id of it")]
RuleIdInPath = Annotated[str, _id_in_path("rule")]
ExperimentIdInPath = Annotated[str, _id_in_path("experiment")]

ProductIds = Annotated[
    list[Id],
    QueryParameter(
        min_items=1,
        max_items=MAX_SEEDS,
        description="Ids of the products, or other ids of them; repeat the parameter for each",
        schema_extra={"items": {"type": "string", "maxLength": MAX_ID_LENGTH, "pattern": ID_PATTERN}},
    ),
]
AskedProduct = Annotated[
    Id,
    QueryParameter(
        min_length=1, max_length=MAX_ID_LENGTH, pattern=ID_PATTERN, description="Id of the product, or another id of it"
    ),
]
ForCustomer = Annotated[
    CustomerId | None,
    QueryParameter(
        min_length=1, max_length=MAX_ID_LENGTH, pattern=CUSTOMER_ID_PATTERN, description="The customer who sees the list"
    ),
]

Days = Annotated[int, QueryParameter(ge=1, le=MAX_DAYS, description="How many days count")]


def _end_of_period(name: str, description: str) -> QueryParameter:
    return QueryParameter(
        name=name,
        min_length=1,
        max_length=MAX_INSTANT_LENGTH,
        schema_extra={"format": "date-time"},
        description=description,
    )


_INSTANT = "an instant (RFC 3339), or a date, which is its beginning in UTC"
PeriodBegin = Annotated[
    str | None, _end_of_period("from", f"The beginning of the period: {_INSTANT}; default: 28 days before its end")
]
PeriodEnd = Annotated[
    str | None, _end_of_period("to", f"The end of the period, which is not part of it: {_INSTANT}; default: now")
]

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Maximum number of products")]


def _any_of(description: str, *, pattern: str) -> QueryParameter:
    """Return a filter that may be repeated; Litestar omits the constraints of list items from the OpenAPI document."""
    items = {"type": "string", "minLength": 1, "maxLength": MAX_CATEGORY_LENGTH, "pattern": pattern}
    return QueryParameter(max_items=MAX_VALUES, description=description, schema_extra={"items": items})


Categories = Annotated[
    list[CategoryPath] | None,
    _any_of("Recommend only products of this category path and below; repeated: of any of them", pattern=CATEGORY_PATTERN),
]
Brands = Annotated[
    list[Text] | None,
    _any_of("Recommend only products of this brand; repeated: of any of them", pattern=CATEGORY_PATTERN),
]
Tags = Annotated[
    list[Tag] | None, _any_of("Recommend only products with this tag; repeated: with any of them", pattern=TAG_PATTERN)
]
# Litestar omits a minimum of 0 from the OpenAPI document.
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
        max_items=MAX_EXCLUDED,
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
        max_length=MAX_LABEL_LENGTH,
        pattern=CATEGORY_PATTERN,
        description="A label for the place of the list in the shop, such as `cart`; only rules may depend on it",
    ),
]
