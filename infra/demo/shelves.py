"""How a shopper of the demo shop picks a product: by kind, then by brand, then the variant."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from math import prod
from random import Random

from infra.demo.catalogue import DemoProduct
from infra.demo.complements import COMPLEMENTS
from infra.demo.kinds import CATEGORIES
from infra.demo.shoppers import Shopper

_TIER_WEIGHTS = {"Budget": (8.0, 2.0, 0.2), "Regular": (1.5, 6.0, 1.0), "Premium": (0.2, 2.0, 8.0)}

Variants = list[DemoProduct]


class Shelves:
    """The products by kind and brand."""

    def __init__(self, products: Sequence[DemoProduct]) -> None:
        self._brands: dict[str, dict[int, Variants]] = {}
        for product in products:
            self._brands.setdefault(product.kind, {}).setdefault(product.tier, []).append(product)
        self._popularity = {kind: _popularity(kind, brands.values()) for kind, brands in self._brands.items()}

    def kind_of(self, category: str, random: Random, *, owned: Container[str] = ()) -> str:
        """Return a kind of product of a category, if possible none that is owned; popular ones come more often."""
        kinds = list(CATEGORIES[category].kinds)
        kinds = [kind for kind in kinds if kind not in owned] or kinds
        return random.choices(kinds, weights=[self._popularity[kind] for kind in kinds])[0]

    def alternatives(self, kind: str, random: Random, *, shopper: Shopper, at: datetime, n: int) -> Variants:
        """Return up to `n` products of a kind that a shopper may find at an instant, of different brands, best first."""
        brands = [variants for variants in self._brands[kind].values() if variants[0].created_at <= at]
        chosen: Variants = []
        while brands and len(chosen) < n:
            weights = [variants[0].appeal * _TIER_WEIGHTS[shopper.segment][variants[0].tier] for variants in brands]
            variants = random.choices(brands, weights=weights)[0]
            brands.remove(variants)
            chosen.append(_variant(variants, random, size=shopper.size))
        return chosen


def _popularity(kind: str, brands: Iterable[Variants]) -> float:
    """Return how often a kind is wanted: above all what many other products complete, as people come for such things.

    The product of the appeals of the brands differs more between kinds than their sum.
    """
    appeal = prod(variants[0].appeal for variants in brands)
    n_complements = len(COMPLEMENTS.get(kind, ()))
    return max(appeal, 1.0) * n_complements if n_complements > 2 else appeal


def _variant(variants: Variants, random: Random, *, size: int) -> DemoProduct:
    """Return the variant in the size of a shopper, or any, if the variants are colours."""
    sized = [variant for variant in variants if "size" in variant.attributes]
    return sized[size % len(sized)] if sized else random.choice(variants)
