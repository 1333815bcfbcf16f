"""The filters of a list as members of a request: of a list of a page, and of the target of a rule."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.records.attributes import MAX_ATTRIBUTES, encoded
from domain.records.recommendations import MAX_VALUES, ListRequest
from domain.records.values import AttributeName, AttributeValue, CategoryPath, Tag, Text

_Price = Annotated[float, Meta(ge=0, le=1e9)]


class Filters(Struct, frozen=True, kw_only=True):
    """Which products pass; of several values of a member, any."""

    category: Annotated[tuple[CategoryPath, ...], Meta(max_length=MAX_VALUES)] = ()
    brand: Annotated[tuple[Text, ...], Meta(max_length=MAX_VALUES)] = ()
    tag: Annotated[tuple[Tag, ...], Meta(max_length=MAX_VALUES)] = ()
    attributes: dict[AttributeName, Annotated[tuple[AttributeValue, ...], Meta(min_length=1, max_length=MAX_VALUES)]] = {}
    min_price: _Price | UnsetType = UNSET
    max_price: _Price | UnsetType = UNSET

    @property
    def filtered(self) -> ListRequest:
        """A request with these filters; values of attributes are as the query of a single list would write them."""
        attributes = {
            name: frozenset(value if isinstance(value, str) else encoded(value) for value in values)
            for name, values in self.attributes.items()
        }
        return ListRequest(
            categories=frozenset(self.category),
            brands=frozenset(self.brand),
            tags=frozenset(self.tag),
            attributes=tuple(sorted(attributes.items())),
            min_price=None if self.min_price is UNSET else self.min_price,
            max_price=None if self.max_price is UNSET else self.max_price,
        )

    def filter_faults(self) -> Iterator[tuple[str, str]]:
        """Yield the filters that do not fit together, with a message each."""
        if len(self.attributes) > MAX_ATTRIBUTES:
            yield "attributes", f"Expected at most {MAX_ATTRIBUTES} attributes"
        if self.min_price is not UNSET and self.max_price is not UNSET and self.min_price > self.max_price:
            yield "min_price", "Expected at most `max_price`"
