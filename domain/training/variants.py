"""Variants of a product count as one product in training: the events of a group stand at one of its products."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.records.products import Product, group_of
from domain.training.event_log import EventLog

ProductIndexes = npt.NDArray[np.int64]


class Representatives(Struct, frozen=True, kw_only=True):
    """The product that stands for each group of variants.

    `indexes` (n,) has the representative of each product index; products from n on stand for themselves.
    """

    indexes: ProductIndexes

    def of(self, products: ProductIndexes) -> ProductIndexes:
        """Return the representatives of product indexes; negative indexes, of unknown products, stay."""
        if not len(self.indexes):
            return products
        known = (products >= 0) & (products < len(self.indexes))
        return np.where(known, self.indexes[np.where(known, products, 0)], products)

    def rank(self, products: Sequence[int]) -> list[int]:
        """Return a ranking of product indexes as one of representatives, each at its first rank; negative indexes stay."""
        if not len(self.indexes):
            return list(products)
        own = self.of(np.array(products, dtype=np.int64)).tolist()
        return [index for rank, index in enumerate(own) if index < 0 or index not in own[:rank]]

    def among(self, products: Sequence[Product]) -> list[Product]:
        """Return the products that stand for themselves, in their order."""
        own = self.of(np.array([product.product_index for product in products], dtype=np.int64)).tolist()
        return [product for product, index in zip(products, own, strict=True) if product.product_index == index]

    def merge(self, log: EventLog) -> EventLog:
        """Return a log whose events are those of the representatives."""
        return replace(log, products=self.of(log.products)) if len(self.indexes) else log


NO_VARIANTS = Representatives(indexes=np.empty(0, dtype=np.int64))


def representatives(products: Sequence[Product], log: EventLog) -> Representatives:
    """Choose the product that stands for each group of variants.

    It is the parent if that is available, else the available variant with most events. If none is available, it is the
    parent if the catalogue has it, else the variant with most events. Ties go to the lower index.
    """
    if not any(product.variant_of for product in products):
        return NO_VARIANTS
    indexes = np.arange(1 + max(product.product_index for product in products))
    n_events = np.bincount(log.products, minlength=len(indexes))
    members: defaultdict[str, list[Product]] = defaultdict(list)
    for product in products:
        members[group_of(product)].append(product)
    for group, own in members.items():
        best = min(
            own,
            key=lambda product: (
                not product.available,
                product.product_id != group,
                -n_events[product.product_index],
                product.product_index,
            ),
        )
        indexes[[product.product_index for product in own]] = best.product_index
    return Representatives(indexes=indexes)
