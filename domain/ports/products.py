"""The protocol of storage for single products, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.records.product_updates import ProductDetails, UpdatedProducts
from domain.records.products import Product, ProductChange


class ProductStore(Protocol):
    """Change and read single products."""

    async def update_products(self, changes: Sequence[ProductChange], *, now: datetime) -> UpdatedProducts:
        """Create or change products with their aliases in one transaction.

        Raise InvalidFields, and change nothing, if one of them is not acceptable: its id is an alias of another product, an
        alias belongs to another product, or its attributes would be too many. Raise TooManyItems for too many changes of
        aliases.
        """
        ...

    async def product_details(self, product_id: str, *, now: datetime) -> ProductDetails:
        """Read a product by its id or an alias, with the numbers of its last 30 days; raise ProductNotFound."""
        ...

    async def products_after(self, index: int) -> list[Product]:
        """Return a page of products by ascending index, after an index; an empty page is the end."""
        ...

    async def category_paths(self) -> list[str]:
        """Return the categories of all products, ascending."""
        ...
