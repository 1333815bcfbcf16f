"""A shop in memory, as the repository would show it: evaluation and tuning recommend from it with the code that serves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from domain.ports import TrainedModel
from domain.ranking.inputs import (
    MAX_HISTORY_CATEGORIES,
    MAX_HISTORY_EVENTS,
    CandidateQuery,
    PastEvent,
    RankingInputs,
    Versions,
)
from domain.ranking.model import Model, WeightedProducts
from domain.ranking.recommend import recommend, shortlist
from domain.records.customers import PurchaseSummary, Segment, SegmentInputs
from domain.records.products import Product
from domain.records.recommendations import ListRequest, ScoredList
from domain.records.values import from_microseconds
from domain.training.event_log import EVENT_TYPES, EventLog

ALL = ListRequest()


class Replay:
    """Recommend to the customers of an event log from a trained model, as of the log's newest event."""

    def __init__(
        self, log: EventLog, products: Sequence[Product], trained: TrainedModel, *, assigned: Mapping[str, Segment]
    ) -> None:
        self.model = trained.model
        self.now: datetime = from_microseconds(max(log.newest, *(product.created_at for product in products), 0))
        self._log = log
        self._assigned = assigned
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

    def list_for(self, customer: int, *, model: Model | None = None) -> ScoredList:
        """Make the customer's list by the very steps that serve it; `model` can weigh the sources otherwise."""
        inputs = self.ranking_inputs(customer, model=model)
        shortlisted = shortlist(inputs, request=ALL)
        return recommend(inputs, shortlisted, self.candidates(shortlisted.query), now=self.now)

    def ranking_inputs(self, customer: int, *, model: Model | None = None) -> RankingInputs:
        """Gather what the repository would: the newest interactions, what was bought, and what was trained of both."""
        used = model or self.model
        events = self._events_of(customer)
        history = self._history(events[:MAX_HISTORY_EVENTS])
        categories = dict.fromkeys(event.product.category for event in history if event.product.category)
        seeds = dict.fromkeys(event.product.product_index for event in history)
        return RankingInputs(
            customer_id=self._log.customer_ids[customer],
            versions=Versions(customer=0, catalogue=0, model_id=used.model_id),
            segment_inputs=self._standing(customer, events, used),
            history=history,
            bought=self._bought(events),
            neighbours=[self._neighbours[index] for index in seeds if index in self._neighbours],
            category_trends={
                path: self._category_trends[path]
                for path in list(categories)[:MAX_HISTORY_CATEGORIES]
                if path in self._category_trends
            },
            model=used,
            recent_popularity=WeightedProducts(),
        )

    def candidates(self, query: CandidateQuery) -> list[Product]:
        """Find what `query` asks for, as the repository does."""
        found = [self._by_index[index] for index in query.product_indexes if index in self._by_index]
        for category in query.categories:
            found += self._newest_of[category][: query.n_newest]
        admitted = {product.product_index: product for product in found if product.available}
        wanted = query.n_fill - sum(product.product_id not in query.seen for product in admitted.values())
        if wanted > 0:
            filling = self._newest[: wanted + len(admitted) + len(query.seen)]
            admitted |= {product.product_index: product for product in filling}
        return list(admitted.values())

    def _events_of(self, customer: int) -> Any:
        return self._by_customer[self._starts[customer] : self._starts[customer + 1]]

    def _history(self, events: Any) -> list[PastEvent]:
        columns = (self._log.products[events], self._log.event_types[events], self._log.occurred_at[events])
        return [
            PastEvent(product=self._by_index[index], event_type=EVENT_TYPES[event_type], occurred_at=occurred_at)
            for index, event_type, occurred_at in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def _purchases(self, events: Any) -> Any:
        return events[self._log.is_purchase[events]]

    def _bought(self, events: Any) -> dict[str, int]:
        purchases = self._purchases(events)[::-1]
        return {
            self._by_index[index].product_id: occurred_at
            for index, occurred_at in zip(
                self._log.products[purchases].tolist(), self._log.occurred_at[purchases].tolist(), strict=True
            )
        }

    def _standing(self, customer: int, events: Any, model: Model) -> SegmentInputs:
        purchases = self._purchases(events)
        summary = PurchaseSummary(
            orders=len(np.unique(self._log.orders[purchases])),
            spent=float(self._log.spent[purchases].sum()),
            last_purchased_at=int(self._log.occurred_at[purchases].max(initial=0)),
        )
        return SegmentInputs(
            assigned=self._assigned.get(self._log.customer_ids[customer]),
            purchases=summary if len(purchases) else None,
            rule=model.segment_rule,
            reference_time=model.newest_event_at,
        )


def top_product_indexes(made: ScoredList, *, without: Iterable[int], k: int) -> list[int]:
    """Return the product indexes of the first `k` products of a list that are not in `without`."""
    left_out = set(without)
    indexes = (item.product.product_index for item in made.items)
    return [index for index in indexes if index not in left_out][:k]
