"""Products of the catalogue, and the changes that an import makes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.records.attributes import MAX_ATTRIBUTES, MAX_TAGS, unpack_attributes, unpack_tags
from domain.records.values import (
    AttributeName,
    AttributeValue,
    CategoryPath,
    Currency,
    Id,
    Instant,
    Money,
    Tag,
    Text,
    Url,
    check_instant,
    check_money,
)

MAX_ALIASES = 100


class Product(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """A product for ranking and for answers.

    `product_index` is its position in matrices and neighbour lists; the repository assigns it once and never reuses it.
    `created_at` is in microseconds. `variant_of` is the top of the chain of parents, which need not be in the catalogue.
    Tags and attributes stay packed, since most products are only ranked (`domain.records.attributes`).
    `price` is in `currency`; `rate` is the worth of one unit of it in the shop's currency, None if that is unknown.
    """

    product_index: int
    product_id: str
    name: str
    category: str | None
    brand: str | None
    price: float | None
    currency: str
    url: str | None
    image_url: str | None
    created_at: int
    available: bool
    # With defaults, because lists that release 0.1.0 stored lack them.
    variant_of: str | None = None
    rate: float | None = 1.0
    packed_tags: str | None = None
    packed_attributes: str | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        return unpack_tags(self.packed_tags)

    @property
    def attributes(self) -> dict[str, bool | int | float | str]:
        return unpack_attributes(self.packed_attributes)

    @property
    def comparable_price(self) -> float | None:
        """The price in the shop's currency, which is what prices are compared by; None where price or rate is unknown."""
        return None if self.price is None or self.rate is None else self.price * self.rate


class ProductChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a product: an absent value is kept, null clears it. A product without a name is named by its id.

    Attributes that are not named stay too, and null clears one. `in_stock` may be a number, of which 0 and less is none.
    `aliases` are other ids of the product, such as its SKU, by which events may name it.
    """

    product_id: Id
    name: Text | UnsetType | None = UNSET
    category: CategoryPath | UnsetType | None = UNSET
    brand: Text | UnsetType | None = UNSET
    price: Money | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    tags: Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)] | UnsetType | None = UNSET
    attributes: Annotated[dict[AttributeName, AttributeValue | None], Meta(max_length=MAX_ATTRIBUTES)] | UnsetType | None = (
        UNSET
    )
    in_stock: bool | float | UnsetType | None = UNSET
    withdrawn: bool | UnsetType | None = UNSET
    url: Url | UnsetType | None = UNSET
    image_url: Url | UnsetType | None = UNSET
    created_at: Instant | UnsetType | None = UNSET
    variant_of: Id | UnsetType | None = UNSET
    aliases: Annotated[tuple[Id, ...], Meta(max_length=MAX_ALIASES)] | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if self.price is not UNSET:
            check_money(self.price)
        if self.created_at is not UNSET:
            check_instant(self.created_at)


def group_of(product: Product) -> str:
    """Return the id of the group of a product: all variants of one parent and the parent itself, else the product alone."""
    return product.variant_of or product.product_id


def top_parent(product_id: str, parents: Mapping[str, str | None]) -> str | None:
    """Return the top of the chain of parents above a product, None if it is itself the top.

    A parent without an entry in `parents` is a top. Products that name each other in a circle have the lowest of their ids
    as top.
    """
    chain: dict[str, None] = {}
    top: str = product_id
    while parent := parents.get(top):
        chain[top] = None
        if parent in chain:
            ids = list(chain)
            top = min(ids[ids.index(parent) :])
            break
        top = parent
    return None if top == product_id else top


@lru_cache(maxsize=65_536)
def category_levels(category: str | None) -> tuple[str, ...]:
    """Return the paths from the top level down to the category: `a/b` gives `a`, `a/b`; None gives nothing."""
    if category is None:
        return ()
    levels = category.split("/")
    return tuple("/".join(levels[: depth + 1]) for depth in range(len(levels)))


def is_in_category(category: str | None, path: str) -> bool:
    """Return whether `category` is `path` or below it, by whole levels (`homeware` is not in `home`)."""
    return category is not None and (category == path or category.startswith(path + "/"))
