"""Why a product is not in a list: what keeps it out first, found with the code that ranks.

The checks come in the order in which a list is made: what is admitted, what is eligible, which products are candidates, and
which of them get a place. Rules that hide products come after what is eligible.
"""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.advice import advice_for
from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import Indexes
from domain.ranking.inputs import RankingInputs
from domain.ranking.own_scores import own_names
from domain.ranking.packed_history import RETURNED
from domain.ranking.recommend import SEEN_AGAIN_SOURCE, Ranking, Scores, Shortlist, eligible, recommend, score
from domain.ranking.rules import NO_RULES, ListRules
from domain.ranking.signals import reference_time, returns_at
from domain.records.recommendations import RULE_SOURCE, SOURCES, ListRequest, Seen
from domain.records.values import from_microseconds
from domain.records.why_not import DIVERSITY, ProductStatus, ScorePart, Verdict, WhyNot

NO_EVIDENCE = frozenset({"new", "price_fit"})
"""Sources that speak for a product as for any other of its age and price."""


def why_not(  # noqa: PLR0913 - what a list is computed from, and the product
    inputs: RankingInputs,
    shortlisted: Shortlist,
    candidates: Indexes,
    *,
    status: ProductStatus,
    now: datetime,
    rules: ListRules = NO_RULES,
) -> WhyNot:
    """Find what keeps a product out of the list of `shortlisted` and `candidates`; the catalogue must have its row."""
    request = shortlisted.query.request
    asked = WhyNot(
        customer_id=inputs.customer_id,
        product_id=status.product_id,
        generated_at=now,
        limit=request.limit,
        verdict="in_list",
        advice="",
    )
    product = np.array([status.product_index], dtype=np.intp)
    if not len(inputs.catalogue.admitted(product, request)):
        found = _not_admitted(asked, inputs.catalogue, request, status)
    elif not len(eligible(product, inputs, shortlisted.signals)):
        found = _not_eligible(asked, inputs, product)
    elif hiding := rules.that_hide(status.product_index):
        found = replace(asked, verdict="hidden_by_rule", rules=hiding)
    else:
        found = _ranked(asked, _Rankings(inputs, shortlisted, candidates, rules, now), product)
    return replace(found, advice=advice_for(found))


def _not_admitted(asked: WhyNot, catalogue: Catalogue, request: ListRequest, status: ProductStatus) -> WhyNot:
    """Say why a product is not available, or which filters it does not pass."""
    product = np.array([status.product_index], dtype=np.intp)
    if not catalogue.available[status.product_index]:
        return replace(asked, verdict=status.unavailability)
    if status.product_id in request.exclude:
        return replace(asked, verdict="excluded")
    failed = [name for name, alone in _single_filters(request) if not len(catalogue.admitted(product, alone))]
    return replace(asked, verdict="outside_filters", filters=failed)


def _single_filters(request: ListRequest) -> Iterator[tuple[str, ListRequest]]:
    """Yield each filter by its name in a query, alone."""
    yield "category", ListRequest(categories=request.categories)
    yield "brand", ListRequest(brands=request.brands)
    yield "tag", ListRequest(tags=request.tags)
    for name, values in request.attributes:
        yield f"attribute.{name}", ListRequest(attributes=((name, values),))
    yield "min_price", ListRequest(min_price=request.min_price)
    yield "max_price", ListRequest(max_price=request.max_price)


def _not_eligible(asked: WhyNot, inputs: RankingInputs, product: Indexes) -> WhyNot:
    """Say what the customer did with the product, or with a variant of it."""
    history = inputs.history
    is_it = inputs.catalogue.are_variants(history.own, product)
    if (history.bought_at[is_it] >= RETURNED).any():
        return replace(asked, verdict="returned")
    returns = float(returns_at(inputs)[is_it].max())
    if returns <= reference_time(inputs):
        return replace(asked, verdict="in_history")
    due_at = from_microseconds(int(returns)) if np.isfinite(returns) else None
    return replace(asked, verdict="bought_not_due", due_at=due_at)


class _Rankings(Struct, frozen=True):
    """What a list is ranked from, to rank it without its end."""

    inputs: RankingInputs
    shortlisted: Shortlist
    candidates: Indexes
    rules: ListRules
    now: datetime

    def whole(self, *, seen: Seen | None = None) -> Ranking:
        """Rank all candidates: a list is the beginning of any longer one."""
        query = self.shortlisted.query
        n = max(query.request.limit, len(self.candidates))
        request = replace(query.request, limit=n, seen=seen or query.request.seen)
        longer = replace(self.shortlisted, query=replace(query, request=request))
        return recommend(self.inputs, longer, self.candidates, now=self.now, rules=self.rules)


def _ranked(asked: WhyNot, rankings: _Rankings, product: Indexes) -> WhyNot:
    """Find the place of a product, or of a variant of it, among all candidates."""
    inputs, signals = rankings.inputs, rankings.shortlisted.signals
    ranking = rankings.whole()
    rank = _rank_of(product, ranking)
    ranked = None if rank is None else inputs.catalogue.product(int(ranking.products[rank - 1])).product_id
    if rank is not None and ranked == asked.product_id:
        value, parts = _place(ranking, rank)
    else:
        value, parts = _parts(score(signals, product, inputs=inputs, now=rankings.now), 0)
    variant = None if ranked == asked.product_id else ranked
    found = replace(
        asked, rank=rank, variant=variant, score=value, parts=parts, pinned_by=_pinned_by(ranking, rank, asked.limit)
    )
    if n_shown := min(asked.limit, len(ranking.products)):
        value, parts = _place(ranking, n_shown)
        last = inputs.catalogue.product(int(ranking.products[n_shown - 1])).product_id
        found = replace(found, last_shown=last, score_of_last_shown=value, parts_of_last_shown=parts)
    return replace(found, verdict=_verdict(found, rankings, product))


def _verdict(found: WhyNot, rankings: _Rankings, product: Indexes) -> Verdict:
    if found.rank is not None and found.rank <= found.limit:
        return "variant_in_list" if found.variant else "in_list"
    if _is_beyond_quota(found, rankings, product):
        return "in_history"
    if found.rank is not None:
        return "ranked_below"
    has_evidence = any(part.source not in NO_EVIDENCE for part in found.parts)
    return "not_a_candidate" if has_evidence else "no_signal"


def _is_beyond_quota(found: WhyNot, rankings: _Rankings, product: Indexes) -> bool:
    """Return whether a product of the customer's own would be in the list if these took any number of places."""
    if not rankings.inputs.catalogue.are_variants(product, rankings.shortlisted.signals.own)[0]:
        return False
    rank = _rank_of(product, rankings.whole(seen="include"))
    return rank is not None and (found.rank is None or rank <= found.limit)


def _rank_of(product: Indexes, ranking: Ranking) -> int | None:
    """Return the rank of a product, or of the variant of it that is ranked."""
    places = np.flatnonzero(ranking.inputs.catalogue.are_variants(ranking.products, product))
    return int(places[0]) + 1 if len(places) else None


def _pinned_by(ranking: Ranking, rank: int | None, limit: int) -> list[str]:
    """Return the names of the rules that pin others before a product, if it would be in the list without these."""
    if rank is None or rank <= limit or rank - 1 in ranking.pins:
        return []
    before = [pin.name for place, pin in ranking.pins.items() if place < rank - 1]
    return list(dict.fromkeys(before)) if rank - len(before) <= limit else []


def _place(ranking: Ranking, rank: int) -> tuple[float, list[ScorePart]]:
    """Return the score of a place, and the parts that add up to it; a pin gives what its product lacks."""
    position, value = int(ranking.positions[rank - 1]), float(ranking.values[rank - 1])
    is_pinned = rank - 1 in ranking.pins
    gain = value - float(ranking.scores.totals[position]) if is_pinned else float(ranking.gains[rank - 1])
    return _parts(ranking.scores, position, value=value, gain=gain)


def _parts(scores: Scores, position: int, *, value: float | None = None, gain: float = 0.0) -> tuple[float, list[ScorePart]]:
    """Return the score of a product, its total without a `value`, and the parts that add up to it, the largest first.

    Rules added the `gain` to it.
    """
    amounts = dict(zip((*SOURCES, *own_names()), scores.by_source[:, position].tolist(), strict=True))
    amounts[SEEN_AGAIN_SOURCE] += float(scores.seen_again[position])
    total = sum(amounts.values())
    if value is not None:
        amounts |= {RULE_SOURCE: gain, DIVERSITY: value - total - gain}
    rounded = {source: round(amount, 6) for source, amount in amounts.items()}
    parts = [ScorePart(source=source, amount=amount) for source, amount in rounded.items() if amount]
    return round(total if value is None else value, 6), sorted(parts, key=lambda part: -part.amount)
