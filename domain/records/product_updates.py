"""The changes of a request to the catalogue, and a product as the shop sees it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct

from domain.errors import InvalidField, InvalidFields, TooManyItems
from domain.records.products import ProductChange
from domain.records.values import MAX_CLOCK_SKEW

MAX_PRODUCTS = 500
MAX_ALIASES_IN_ALL = 1000
COUNTED_DAYS = 30


class ProductUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Products to create or change, all or none."""

    products: Annotated[tuple[ProductChange, ...], Meta(min_length=1, max_length=MAX_PRODUCTS)]

    @staticmethod
    def errors_across(body: bytes) -> Iterator[InvalidField]:
        """Yield what is wrong between the items of a body whose items may be wrong themselves."""
        with suppress(msgspec.ValidationError):
            yield from _repeated([_id_in(item) for item in _decode_items(body).products])


class _Items(Struct):
    products: list[Raw]


class _Item(Struct):
    product_id: str


_decode_items = msgspec.json.Decoder(_Items).decode
_decode_item = msgspec.json.Decoder(_Item).decode


def _id_in(item: Raw) -> str | None:
    try:
        return _decode_item(item).product_id
    except msgspec.ValidationError:
        return None


class UpdatedProducts(Struct, frozen=True, kw_only=True):
    """How many products were created, changed, or had nothing to change."""

    new: int
    changed: int
    unchanged: int


class ProductDetails(Struct, frozen=True, kw_only=True):
    """Everything about a product.

    `views` and `orders` count those of the last 30 days, and `customers` the different customers of all events in them.
    `variant_of` is the parent as the shop named it.
    """

    product_id: str
    name: str
    category: str | None
    brand: str | None
    price: float | None
    currency: str
    tags: list[str]
    attributes: dict[str, bool | int | float | str]
    variant_of: str | None
    aliases: list[str]
    in_stock: bool
    withdrawn: bool
    url: str | None
    image_url: str | None
    created_at: datetime
    views: int
    orders: int
    customers: int


def check_products(products: Sequence[ProductChange], *, now: datetime) -> None:
    """Raise InvalidFields for products that are not acceptable together, TooManyItems for too many aliases in all."""
    if sum(len(change.aliases or ()) for change in products if change.aliases is not UNSET) > MAX_ALIASES_IN_ALL:
        raise TooManyItems(f"A request may have {MAX_ALIASES_IN_ALL:,} aliases.")
    found = [
        *_repeated([change.product_id for change in products]),
        *_repeated_aliases(products),
        *_in_future(products, now=now),
    ]
    if found:
        raise InvalidFields(*found)


def _repeated(product_ids: Sequence[str | None]) -> Iterator[InvalidField]:
    first: dict[str, int] = {}
    for position, product_id in enumerate(product_ids):
        if product_id is not None and (earlier := first.setdefault(product_id, position)) != position:
            yield InvalidField(
                f"#/products/{position}/product_id", f"Expected each product once; #/products/{earlier} is the same product"
            )


def _repeated_aliases(products: Sequence[ProductChange]) -> Iterator[InvalidField]:
    """Yield aliases that are ids of other products of the request, or aliases of them."""
    owners = {change.product_id: (position, "product_id") for position, change in enumerate(products)}
    for position, change in enumerate(products):
        for place, alias in enumerate(change.aliases or ()):
            owner, field = owners.setdefault(alias, (position, f"aliases/{place}"))
            if owner != position:
                yield InvalidField(
                    f"#/products/{position}/aliases/{place}",
                    f"Expected an id of one product; #/products/{owner}/{field} is the same id",
                )


def _in_future(products: Sequence[ProductChange], *, now: datetime) -> Iterator[InvalidField]:
    latest = now + MAX_CLOCK_SKEW
    for position, change in enumerate(products):
        if isinstance(change.created_at, datetime) and change.created_at > latest:
            yield InvalidField(f"#/products/{position}/created_at", "Expected an instant at most 5 minutes ahead")
