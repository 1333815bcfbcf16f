"""The protocol of storage for lists about products and of the whole shop, which every repository has."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from domain.ranking.model import Measure, Model


class ListState(Struct, frozen=True, kw_only=True):
    """What every list depends on, read at one moment."""

    catalogue_version: int
    model: Model
    rules_version: int = 0


class SeedState(Struct, frozen=True, kw_only=True):
    """What a list about products depends on: the shop, and the indexes of the products in the order of their ids."""

    product_indexes: list[int]
    shop: ListState


class ListStore(Protocol):
    """Read what lists about products, and lists of the whole shop, are computed from."""

    async def seed_state(self, product_ids: Sequence[str]) -> SeedState:
        """Look up products by ids or aliases, each once, without unknown ones; raise ProductNotFound if none is known."""
        ...

    async def list_state(self) -> ListState:
        """Read what lists of the whole shop depend on."""
        ...

    async def activity(self, model_id: str, measure: Measure, *, days: int) -> list[bytes]:
        """Return the products of a measure on each of the last days, packed; without days that have none."""
        ...

    async def complements(self, model_id: str, product_indexes: Sequence[int]) -> dict[int, bytes]:
        """Return what completes these products, packed, without those for which training has nothing."""
        ...
