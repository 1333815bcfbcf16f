"""A shop in memory that recommends with the code that serves, for evaluation and tuning."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import GroundTruth
from domain.ranking.buy_again import rank_buy_again
from domain.ranking.catalogue import Catalogue
from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.history import History, merge_variants, unpack_history
from domain.ranking.indexes import Indexes, union
from domain.ranking.inputs import CandidateQuery, RankingInputs, trend_categories
from domain.ranking.model import Model, NeighbourLists, TrainedModel, WeightedProducts
from domain.ranking.neighbour_table import NeighbourTable
from domain.ranking.packed_history import pack_history
from domain.ranking.recommend import Ranking, recommend, shortlist
from domain.ranking.related import candidates_of, rank_related
from domain.ranking.related_evidence import evidence_of
from domain.ranking.related_inputs import RelatedInputs, RelatedKind, stand_ins_of, trend_paths
from domain.ranking.rule_book import ListPlace, RuleBook
from domain.ranking.rule_targets import RuleTargets
from domain.ranking.rules import NO_RULES, ListRules, list_rules
from domain.records.customers import PurchaseSummary, SegmentInputs, segment_of
from domain.records.recommendations import Kind, ListRequest, Seen
from domain.records.rules import Rule
from domain.records.values import from_microseconds
from domain.training.training_data import TrainingData

Events = npt.NDArray[np.intp]
"""Positions of events in the log."""


class ReplayedRules(Struct, frozen=True, kw_only=True):
    """The rules to replay, without dates, and the product index of each id that they name."""

    in_force: Sequence[Rule] = ()
    indexes: Mapping[str, int] = {}


NO_REPLAYED_RULES = ReplayedRules()


class Replay:
    """Recommend to the customers of `data` from a trained model, as of the newest event."""

    def __init__(self, data: TrainingData, trained: TrainedModel, *, rules: ReplayedRules = NO_REPLAYED_RULES) -> None:
        self.data = data
        self.model = trained.model
        log, products = data.log, data.products
        self.now: datetime = from_microseconds(max(log.newest, *(product.created_at for product in products), 0))
        self.catalogue = Catalogue(products)
        self._log = log
        self._complements = {lists.product_index: lists.complements for lists in trained.neighbours}
        self._category_trends = trained.category_trends
        self._neighbours = self._table(trained.neighbours)
        self._book = RuleBook(rules.in_force)
        self._targets = RuleTargets(self._book.rules, self.catalogue, rules.indexes, day=self._book.day(self.now))
        self._rules: dict[ListPlace, ListRules] = {}
        self._newest = self.catalogue.newest()
        self._newest_of: dict[str, Indexes] = {}
        for code, category in enumerate(self.catalogue.categories.paths):
            self._newest_of[category] = self._newest[self.catalogue.category_codes[self._newest] == code]
        self._by_customer = np.lexsort((log.event_types, log.products, -log.occurred_at, log.customers))
        self._starts = np.searchsorted(log.customers[self._by_customer], np.arange(len(log.customer_ids) + 1))

    def with_neighbours(self, lists: Sequence[NeighbourLists]) -> "Replay":
        """Return the same shop with other neighbours in the lists of customers."""
        other = copy(self)
        vars(other)["_neighbours"] = self._table(lists)
        return other

    def without_histories(self) -> "Replay":
        """Return the same shop, in which every customer is a newcomer: known by id and assigned segment alone."""
        other = copy(self)
        vars(other)["_starts"] = np.zeros_like(self._starts)
        return other

    def seen(self, customer: int) -> set[int]:
        """Return the product indexes of all of a customer's events."""
        return set(self._log.products[self._events_of(customer)].tolist())

    def ranking(self, customer: int, *, model: Model, seen: Seen, k: int) -> list[int]:
        """Return the first `k` products of a customer's list, computed as it is served, as indexes of representatives."""
        served = self.list_for(customer, model=model, request=ListRequest(limit=k, seen=seen)).products.tolist()
        return self.data.representatives.rank(served)

    def ndcg(self, ground_truth: GroundTruth, *, model: Model, seen: Seen, k: int) -> npt.NDArray[np.float64]:
        """Return the NDCG@k of the list of each customer of a ground truth, as it is served."""
        customers: list[int] = ground_truth.customers.tolist()
        rankings = {customer: self.ranking(customer, model=model, seen=seen, k=k) for customer in customers}
        return ndcg_at_k(*ground_truth.hits(rankings, k=k))

    def list_for(self, customer: int, *, model: Model, request: ListRequest) -> Ranking:
        """Compute the customer's list by the steps that serve it, with the weights of `model`."""
        inputs = self.ranking_inputs(customer, model=model)
        rules = self._rules_of("for-customer", inputs.segment_inputs)
        shortlisted = shortlist(inputs, request=request, rules=rules)
        candidates = self.candidates(shortlisted.query, rules=rules)
        return recommend(inputs, shortlisted, candidates, now=self.now, rules=rules)

    def ranking_inputs(self, customer: int, *, model: Model) -> RankingInputs:
        """Collect what a repository reads for a list."""
        events = self._events_of(customer)
        history = self._history(events)
        groups = self.catalogue.group_codes[history.products]
        history = merge_variants(history, groups, newest_trained=model.newest_product_index)
        categories = trend_categories(history, self.catalogue, asked=())
        return RankingInputs(
            customer_id=self._log.customer_ids[customer],
            segment_inputs=self._segment_inputs(customer, events, model),
            history=history,
            model=model,
            catalogue=self.catalogue,
            neighbours=self._neighbours,
            category_trends={path: self._category_trends[path] for path in categories if path in self._category_trends},
        )

    def related(self, seeds: Sequence[int], *, kind: RelatedKind, k: int) -> list[int]:
        """Return the first `k` products of a list about products, computed as it is served, as representatives."""
        indexes = np.array(seeds, dtype=np.intp)
        trends = {
            path: self._category_trends[path]
            for path in trend_paths(indexes, self.catalogue)
            if path in self._category_trends
        }
        inputs = RelatedInputs(
            kind=kind,
            seeds=indexes,
            model=self.model,
            catalogue=self.catalogue,
            neighbours=self._neighbours,
            complements=self._complements,
            stand_ins=stand_ins_of(
                indexes, self.catalogue, self._neighbours, complements=self._complements, category_trends=trends
            ),
            category_trends=trends,
            recent_popularity=WeightedProducts(),
            taste=None,
        )
        request, evidence, rules = ListRequest(limit=k), evidence_of(inputs), self._rules_of(kind)
        candidates = self.candidates(candidates_of(inputs, evidence, request=request, rules=rules), rules=rules)
        ranked = rank_related(inputs, evidence, candidates, request=request, now=self.now, rules=rules)
        return self.data.representatives.rank([item.product.product_index for item in ranked.items])

    def buy_again(self, customer: int, *, k: int, now: datetime) -> list[int]:
        """Return the first `k` products that a customer is due to buy again at `now`, as representatives."""
        events = self._events_of(customer)
        inputs = CustomerInputs(history=self._history(events), model=self.model, catalogue=self.catalogue)
        rules = self._rules_of("buy-again", self._segment_inputs(customer, events, self.model))
        ranked = rank_buy_again(inputs, request=ListRequest(limit=k), now=now, rules=rules)
        return self.data.representatives.rank([item.product.product_index for item in ranked.items])

    def candidates(self, query: CandidateQuery, *, rules: ListRules = NO_RULES) -> Indexes:
        """Return the products of `query`, as a repository does."""
        newest = [self._newest_of[category][: query.n_newest] for category in query.categories]
        indexes = union(query.product_indexes, *newest, self._newest[: query.n_newest_of_shop])
        admitted = rules.kept(self.catalogue.admitted(indexes, query.request))
        if n_missing := query.n_missing(admitted, self.catalogue):
            newest_admitted = rules.kept(self.catalogue.admitted(self._newest, query.request))[:n_missing]
            admitted = union(admitted, newest_admitted)
        return admitted

    def _table(self, lists: Sequence[NeighbourLists]) -> NeighbourTable:
        with_lists = {entry.product_index for entry in lists}
        return NeighbourTable(lists, unknown={product.product_index for product in self.data.products} - with_lists)

    def _rules_of(self, kind: Kind, segment_inputs: SegmentInputs | None = None) -> ListRules:
        place = ListPlace(kind=kind, segment=segment_of(segment_inputs)[0] if segment_inputs else None)
        if (found := self._rules.get(place)) is None:
            found = self._rules[place] = list_rules(self._book, place, self._targets, now=self.now)
        return found

    def _events_of(self, customer: int) -> Events:
        return self._by_customer[self._starts[customer] : self._starts[customer + 1]]

    def _purchases(self, events: Events) -> Events:
        return events[self._log.is_purchase[events]]

    def _history(self, events: Events) -> History:
        log = self._log
        columns = (log.products[events], log.event_types[events], log.occurred_at[events])
        return unpack_history(pack_history(zip(*(column.tolist() for column in columns), strict=True)))

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
