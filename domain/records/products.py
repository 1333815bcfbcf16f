"""Products of the catalogue, and what an import may change of them."""

from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

from domain.records.values import CategoryPath, Currency, Id, Instant, Money, Text, Url, check_instant, check_money


class Product(Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """A product as ranking and answers need it.

    `product_index` is its position in matrices and neighbour lists: given once by the repository and never reused.
    `created_at` is in microseconds.
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


class ProductChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an import says of a product: UNSET leaves a value, None clears it.

    A new product without a name is called by its id.
    """

    product_id: Id
    name: Text | UnsetType | None = UNSET
    category: CategoryPath | UnsetType | None = UNSET
    brand: Text | UnsetType | None = UNSET
    price: Money | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    tags: tuple[Text, ...] | UnsetType | None = UNSET
    in_stock: bool | UnsetType | None = UNSET
    withdrawn: bool | UnsetType | None = UNSET
    url: Url | UnsetType | None = UNSET
    image_url: Url | UnsetType | None = UNSET
    created_at: Instant | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if self.price is not UNSET:
            check_money(self.price)
        if self.created_at is not UNSET:
            check_instant(self.created_at)


@lru_cache(maxsize=65_536)
def category_levels(category: str | None) -> tuple[str, ...]:
    """List the paths from the top level down to the category itself: `a/b` gives `a`, `a/b`; None gives nothing."""
    if category is None:
        return ()
    levels = category.split("/")
    return tuple("/".join(levels[: depth + 1]) for depth in range(len(levels)))


def is_in_category(category: str | None, path: str) -> bool:
    """Tell whether `category` is `path` or lies below it, by whole levels (`homeware` does not lie in `home`)."""
    return category is not None and (category == path or category.startswith(path + "/"))
