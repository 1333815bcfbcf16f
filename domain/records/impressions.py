"""Impressions: which products of which lists were seen. They name no customer."""

from typing import Annotated

from msgspec import Meta, Struct

from domain.errors import TooManyItems
from domain.records.values import Id, RecommendationId

MAX_SHOWN_PRODUCTS = 1000
"""Products of all lists of a request: so many rows may one transaction write."""


class ShownList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The products of one list that were seen."""

    recommendation_id: RecommendationId
    product_ids: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=100)]


class Impressions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The products of several lists that were seen."""

    impressions: Annotated[tuple[ShownList, ...], Meta(min_length=1, max_length=100)]

    def check(self) -> None:
        """Raise TooManyItems beyond 1,000 products in total."""
        if sum(len(shown.product_ids) for shown in self.impressions) > MAX_SHOWN_PRODUCTS:
            raise TooManyItems(f"One call takes at most {MAX_SHOWN_PRODUCTS:,} products.")


class RecordedImpressions(Struct, frozen=True, kw_only=True):
    """The numbers of products that were recorded, and that were recorded before.

    `unknown` counts those of lists that this shop did not answer, and those that the catalogue does not have.
    """

    recorded: int
    seen_before: int
    unknown: int
