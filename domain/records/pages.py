"""All lists of one page: what a request asks for, and the answer."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from domain.errors import InvalidField, InvalidFields
from domain.records.filters import Filters
from domain.records.product_lists import ListStrategy
from domain.records.recommendations import (
    DEFAULT_LIMIT,
    MAX_DAYS,
    MAX_EXCLUDED,
    MAX_LABEL_LENGTH,
    MAX_LIMIT,
    MAX_SEEDS,
    Kind,
    ListRequest,
    RecommendedProduct,
    Seen,
    Strategy,
)
from domain.records.values import CATEGORY_PATTERN, CustomerId, Id

MAX_LISTS = 10
PERSONAL_KINDS: frozenset[Kind] = frozenset({"for-customer", "buy-again", "recently-viewed"})
"""Lists of a customer, which need one."""
SEEDED_KINDS: frozenset[Kind] = frozenset({"similar", "bought-together"})
"""Lists about products, which need some."""

Label = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_LABEL_LENGTH, pattern=CATEGORY_PATTERN, description="A label of the shop's own"),
]


class ListOfPage(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list to show: what it is about, how long it is, and which products may be in it.

    A list of fewer than `min_items` products is answered empty. `placement` is the name unless it is given.
    """

    name: Label
    kind: Kind
    product_ids: Annotated[tuple[Id, ...], Meta(max_length=MAX_SEEDS)] = ()
    days: Annotated[int, Meta(ge=1, le=MAX_DAYS)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    min_items: Annotated[int, Meta(ge=0, le=MAX_LIMIT)] = 0
    exclude: Annotated[tuple[Id, ...], Meta(max_length=MAX_EXCLUDED)] = ()
    placement: Label | UnsetType = UNSET

    def list_request(self, *, seen: Seen) -> ListRequest:
        """Return the length, the filters and what else a single list would be asked for."""
        return replace(
            self.filtered,
            limit=self.limit,
            exclude=frozenset(self.exclude),
            seen=seen,
            placement=self.name if self.placement is UNSET else self.placement,
        )

    def faults(self, *, has_customer: bool) -> Iterator[tuple[str, str]]:
        """Yield the fields that do not fit the kind, with a message each."""
        if self.kind in PERSONAL_KINDS and not has_customer:
            yield "kind", f"A list of the kind `{self.kind}` needs a `customer_id`"
        if self.kind in SEEDED_KINDS and not self.product_ids:
            yield "product_ids", f"A list of the kind `{self.kind}` needs `product_ids`"
        if self.kind == "similar" and len(self.product_ids) > 1:
            yield "product_ids", "A list of the kind `similar` is about one product"
        if self.kind not in SEEDED_KINDS and self.product_ids:
            yield "product_ids", f"A list of the kind `{self.kind}` is not about products"
        if self.kind != "popular" and self.days is not UNSET:
            yield "days", f"A list of the kind `{self.kind}` counts no days"
        if self.min_items > self.limit:
            yield "min_items", "Expected at most `limit`"
        yield from self.filter_faults()


class PageRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lists of a page, in the order in which they choose their products.

    With `guest`, an unknown customer gets the lists of a newcomer.
    """

    customer_id: CustomerId | UnsetType = UNSET
    guest: bool = False
    seen: Seen = "few"
    lists: Annotated[list[ListOfPage], Meta(min_length=1, max_length=MAX_LISTS)]

    def check(self) -> None:
        """Raise InvalidFields for lists that lack what their kind needs, or have what it cannot have."""
        has_customer = self.customer_id is not UNSET
        found = [
            InvalidField(f"#/lists/{position}/{name}", detail)
            for position, one in enumerate(self.lists)
            for name, detail in one.faults(has_customer=has_customer)
        ]
        names = [one.name for one in self.lists]
        found += [
            InvalidField(f"#/lists/{position}/name", "Expected a name of its own for each list")
            for position, name in enumerate(names)
            if name in names[:position]
        ]
        if found:
            raise InvalidFields(*found)

    @property
    def is_bounded(self) -> bool:
        """Whether a storefront key may ask: nothing that tells of the history, and one list whose gaps mean little."""
        of_customer = [one.list_request(seen=self.seen) for one in self.lists if one.kind == "for-customer"]
        tells = any(one.kind in PERSONAL_KINDS - {"for-customer"} for one in self.lists)
        return not tells and len(of_customer) <= 1 and all(request.is_bounded for request in of_customer)


class AnsweredList(Struct, frozen=True, kw_only=True):
    """A list of a page; `recommendation_id` names this answer of it. `hint` says why it has no items, as in single lists."""

    name: str
    recommendation_id: str
    kind: Kind
    strategy: Strategy | ListStrategy
    items: list[RecommendedProduct]
    hint: str | UnsetType = UNSET


class Page(Struct, frozen=True, kw_only=True):
    """The lists of a page as they were asked for; no product is in two of them."""

    customer_id: str | UnsetType = UNSET
    generated_at: datetime
    lists: list[AnsweredList]
