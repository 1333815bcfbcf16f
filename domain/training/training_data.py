"""The events, products and assigned segments of a shop, with what several steps of a training derive from them."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.hyperparameters import Hyperparameters
from domain.records.customers import Segment, SegmentRule
from domain.records.products import Product
from domain.records.values import DAY
from domain.training.compared_products import ComparedProducts
from domain.training.event_log import EventLog
from domain.training.event_pairs import EventPairs, pairs_of
from domain.training.interaction_matrix import interaction_matrix
from domain.training.momentum import momentum
from domain.training.segments import BuyerSummary, customer_segments, fit_segment_rule, summarise
from domain.training.top_k import SparseMatrix
from domain.training.transitions import Transitions, item_transitions
from domain.training.variants import NO_VARIANTS, Representatives, representatives

ALL_PRODUCTS = 2**31


class TrainingData(Struct, frozen=True, kw_only=True, dict=True):
    """What a model is learned from; `assigned` has the segments that the shop assigned, by customer id.

    The events of `log` stand at the representatives of their groups of variants. Neighbours are learned among the
    `max_products` products with most customers. Derived values are computed once, when they are first used.
    """

    log: EventLog
    products: list[Product]
    assigned: Mapping[str, Segment]
    representatives: Representatives = NO_VARIANTS
    max_products: int = ALL_PRODUCTS

    def with_log(self, log: EventLog) -> "TrainingData":
        """Return the same shop with other events; what follows from the catalogue alone is not computed again."""
        other = replace(self, log=log)
        vars(other)["compared"] = self.compared
        return other

    @cached_property
    def compared(self) -> ComparedProducts:
        """The products that stand for their groups of variants."""
        return ComparedProducts(products=self.representatives.among(self.products))

    @cached_property
    def n_products(self) -> int:
        """The size of matrices of products: the largest product index + 1."""
        return max((product.product_index for product in self.products), default=-1) + 1

    @cached_property
    def available(self) -> npt.NDArray[np.bool_]:
        """Whether each product (n_products,) may be listed; variants of a product count as their representative."""
        available = np.zeros(self.n_products, dtype=np.bool_)
        own = self.representatives.among(self.products)
        available[[product.product_index for product in own if product.available]] = True
        return available

    @cached_property
    def n_customers(self) -> npt.NDArray[np.intp]:
        """The number of customers with events of each product (n_products,)."""
        return np.bincount(self.pairs.products, minlength=self.n_products)

    @cached_property
    def learned(self) -> npt.NDArray[np.bool_]:
        """Whether neighbours of each product are learned (n_products,); of equal products the lower index is."""
        learned = np.zeros(self.n_products, dtype=np.bool_)
        learned[np.argsort(-self.n_customers, kind="stable")[: self.max_products]] = True
        return learned

    @cached_property
    def transitions(self) -> Transitions:
        return item_transitions(self.log, among=self.learned)

    @cached_property
    def pairs(self) -> EventPairs:
        return pairs_of(self.log)

    @cached_property
    def visit_sizes(self) -> npt.NDArray[np.float64]:
        """For each event, the number of events of its customer on its day."""
        days = self.log.occurred_at // DAY
        visits = self.log.customers * (int(days.max(initial=0)) + 1) + days
        _, visit_of, sizes = np.unique(visits, return_inverse=True, return_counts=True)
        return sizes[visit_of].astype(np.float64)

    @cached_property
    def purchases(self) -> EventLog:
        return self.log.only(self.log.is_purchase)

    @cached_property
    def purchase_pairs(self) -> EventPairs:
        return self.pairs if self.log.is_purchase.all() else pairs_of(self.purchases)

    @cached_property
    def bought(self) -> SparseMatrix:
        """The csr matrix (customers, products) that marks what each customer bought, for the newest products of each."""
        return interaction_matrix(
            self.purchase_pairs, np.ones(len(self.purchase_pairs.log.products)), n_products=self.n_products
        )

    @cached_property
    def buyers(self) -> BuyerSummary:
        return summarise(self.purchases)

    @cached_property
    def segment_rule(self) -> SegmentRule:
        return fit_segment_rule(self.buyers, newest=self.log.newest)

    @cached_property
    def segments(self) -> npt.NDArray[np.int8]:
        """The segment of each customer, as an index of SEGMENTS."""
        return customer_segments(
            self.log.customer_ids,
            self.buyers,
            assigned=self.assigned,
            rule=self.segment_rule,
            newest=self.log.newest,
        )

    def momentum(self, hyperparameters: Hyperparameters) -> npt.NDArray[np.float64]:
        """Return the momentum of each product (n_products,), computed once per half-life and exponent."""
        # The only hyperparameters that momentum depends on.
        key = hyperparameters.momentum_days, hyperparameters.momentum_exponent
        if key not in self._momentum:
            self._momentum[key] = momentum(self.pairs, hyperparameters, n_products=self.n_products)
        return self._momentum[key]

    @cached_property
    def _momentum(self) -> dict[tuple[float, float], npt.NDArray[np.float64]]:
        return {}


def merge_variants(log: EventLog, products: list[Product], assigned: Mapping[str, Segment]) -> TrainingData:
    """Return what a model is learned from, with the variants of a product as one."""
    chosen = representatives(products, log)
    return TrainingData(log=chosen.merge(log), products=products, assigned=assigned, representatives=chosen)
