"""A shop in memory that recommends with the code that serves, for evaluation and tuning."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from domain.ranking.inputs import (
    MAX_HISTORY_EVENTS,
    CandidateQuery,
    PastEvent,
    RankingInputs,
    Versions,
    history_indexes,
    in_order,
    trend_categories,
)
from domain.ranking.model import Model, TrainedModel, WeightedProducts
from domain.ranking.recommend import recommend, shortlist
from domain.records.customers import PurchaseSummary, SegmentInputs
from domain.records.products import Product
from domain.records.recommendations import ListRequest, ScoredList, Seen
from domain.records.values import from_microseconds
from domain.training.event_log import EVENT_TYPES
from domain.training.training_data import TrainingData

Events = npt.NDArray[np.intp]
"""Positions of events in the log."""


class Replay:
    """Recommend to the customers of `data` from a trained model, as of the newest event."""

    def __init__(self, data: TrainingData, trained: TrainedModel) -> None:
        self.data = data
        self.model = trained.model
        log, products = data.log, data.products
        self.now: datetime = from_microseconds(max(log.newest, *(product.created_at for product in products), 0))
        self._log = log
        self._category_trends = trained.category_trends
        self._by_index = {product.product_index: product for product in products}
        self._neighbours = {lists.product_index: lists for lists in trained.neighbours}
        newest = sorted(products, key=lambda product: (-product.created_at, -product.product_index))
        self._newest = [product for product in newest if product.available]
        self._newest_of: defaultdict[str | None, list[Product]] = defaultdict(list)
        for product in self._newest:
            self._newest_of[product.category].append(product)
        self._by_customer = np.lexsort((log.event_types, log.products, -log.occurred_at, log.customers))
        self._starts = np.searchsorted(log.customers[self._by_customer], np.arange(len(log.customer_ids) + 1))

    def seen(self, customer: int) -> set[int]:
        """Return the product indexes of all of a customer's events."""
        return set(self._log.products[self._events_of(customer)].tolist())

    def ranking(self, customer: int, *, model: Model, seen: Seen, k: int) -> list[int]:
        """Return the product indexes of the first `k` products of a customer's list, computed as it is served.

        With `seen` = exclude, products of all events are left out, also of those too old for the history.
        """
        scored = self.list_for(customer, model=model, request=ListRequest(seen=seen))
        left_out = self.seen(customer) if seen == "exclude" else set[int]()
        indexes = (item.product.product_index for item in scored.items)
        return [index for index in indexes if index not in left_out][:k]

    def list_for(self, customer: int, *, model: Model, request: ListRequest) -> ScoredList:
        """Compute the customer's list by the steps that serve it, with the weights of `model`."""
        inputs = self.ranking_inputs(customer, model=model)
        shortlisted = shortlist(inputs, request=request)
        return recommend(inputs, shortlisted, self.candidates(shortlisted.query), now=self.now)

    def ranking_inputs(self, customer: int, *, model: Model) -> RankingInputs:
        """Collect what a repository reads for a list."""
        events = self._events_of(customer)
        history = self._history(events[:MAX_HISTORY_EVENTS])
        return RankingInputs(
            customer_id=self._log.customer_ids[customer],
            versions=Versions(customer=0, catalogue=0, model_id=model.model_id),
            segment_inputs=self._segment_inputs(customer, events, model),
            history=history,
            bought=self._bought(events),
            neighbours=list(in_order(history_indexes(history), self._neighbours).values()),
            category_trends=in_order(trend_categories(history, asked=None), self._category_trends),
            model=model,
            recent_popularity=WeightedProducts(),
        )

    def candidates(self, query: CandidateQuery) -> list[Product]:
        """Return the products of `query`, as a repository does."""
        products = [self._by_index[index] for index in query.product_indexes if index in self._by_index]
        for category in query.categories:
            products += self._newest_of[category][: query.n_newest]
        admitted = query.admit(products)
        return list((admitted | query.admit(self._newest[: query.n_missing(admitted)])).values())

    def _events_of(self, customer: int) -> Events:
        return self._by_customer[self._starts[customer] : self._starts[customer + 1]]

    def _history(self, events: Events) -> list[PastEvent]:
        columns = (self._log.products[events], self._log.event_types[events], self._log.occurred_at[events])
        return [
            PastEvent(product=self._by_index[index], event_type=EVENT_TYPES[event_type], occurred_at=occurred_at)
            for index, event_type, occurred_at in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def _purchases(self, events: Events) -> Events:
        return events[self._log.is_purchase[events]]

    def _bought(self, events: Events) -> dict[str, int]:
        # Oldest first, so that the last purchase of a product stays.
        purchases = self._purchases(events)[::-1]
        indexes: Sequence[int] = self._log.products[purchases].tolist()
        instants: Sequence[int] = self._log.occurred_at[purchases].tolist()
        return {self._by_index[index].product_id: occurred_at for index, occurred_at in zip(indexes, instants, strict=True)}

    def _segment_inputs(self, customer: int, events: Events, model: Model) -> SegmentInputs:
        purchases = self._purchases(events)
        summary = PurchaseSummary(
            orders=len(np.unique(self._log.orders[purchases])),
            spent=float(self._log.spent[purchases].sum()),
            last_purchased_at=int(self._log.occurred_at[purchases].max(initial=0)),
        )
        return SegmentInputs(
            assigned=self.data.assigned.get(self._log.customer_ids[customer]),
            purchases=summary if len(purchases) else None,
            rule=model.segment_rule,
            reference_time=model.newest_event_at,
        )
