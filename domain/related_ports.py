"""The protocol of storage for lists about products, which every repository has."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from domain.ranking.model import Model


class SeedState(Struct, frozen=True, kw_only=True):
    """What a list about products depends on, read at one moment: the indexes of the products in the order of their ids."""

    product_indexes: list[int]
    catalogue_version: int
    model: Model


class RelatedStore(Protocol):
    """Read what lists about products are computed from."""

    async def seed_state(self, product_ids: Sequence[str]) -> SeedState:
        """Look up products by ids or aliases, each once, without unknown ones; raise ProductNotFound if none is known."""
        ...

    async def complements(self, model_id: str, product_indexes: Sequence[int]) -> dict[int, bytes]:
        """Return what completes these products, packed, without those for which training has nothing."""
        ...
