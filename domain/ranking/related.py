"""Lists about products: what completes a cart, and what is similar to a product.

`evidence_of` collects what training learned about the seeds, `candidates_of` decides which products to look up, and
`rank_related` ranks those that exist. A score is the sum of its contributions, as in `recommend`.
"""

from collections import defaultdict
from datetime import datetime

import numpy as np
import numpy.typing as npt

from domain.ranking.category_tree import NO_CATEGORY
from domain.ranking.contributions import NO_CAUSE
from domain.ranking.diversity import best_variants
from domain.ranking.indexes import Indexes, positions_in, union
from domain.ranking.inputs import CandidateQuery
from domain.ranking.reasons import scored_product
from domain.ranking.related_evidence import NEW, NOTHING, STRATEGIES, Evidence, compared, joined, newest, popular
from domain.ranking.related_inputs import RelatedInputs
from domain.ranking.rules import NO_RULES, ListRules, with_pins, without
from domain.records.product_lists import RankedProducts
from domain.records.recommendations import SOURCES, Contribution, ListRequest

N_POPULAR = 50
N_NEWEST = 50
TASTE_SHARE = 0.05
"""So little that a taste decides between nearly equal products only."""


def candidates_of(
    inputs: RelatedInputs, evidence: Evidence, *, request: ListRequest, rules: ListRules = NO_RULES
) -> CandidateQuery:
    """Choose the products to look up; where they may be too few, popular and new products fill the list."""
    learned = union(evidence.products)
    codes = inputs.catalogue.category_codes[inputs.seeds]
    n_learned = np.count_nonzero(positions_in(inputs.left_out, learned) < 0)
    is_short = request.is_filtered or rules.hides or n_learned < 2 * request.limit
    popular = [trend.best_first[: None if request.is_filtered else N_POPULAR] for trend in inputs.trends]
    own_categories = tuple(dict.fromkeys(path for path in inputs.catalogue.categories.names(codes) if path is not None))
    is_similar = inputs.kind == "similar"
    return CandidateQuery(
        product_indexes=union(learned, rules.pinned, *(popular if is_short else ())),
        # What nobody looked at yet is similar to products of its category.
        categories=own_categories if is_similar else (),
        n_newest=N_NEWEST,
        n_newest_of_shop=0,
        # Products of other categories are nothing similar, so they do not fill such a list.
        n_fill=0 if is_similar and own_categories else request.limit,
        own=inputs.left_out,
        request=request,
    )


def rank_related(  # noqa: PLR0913 - the rules are one more input
    inputs: RelatedInputs,
    evidence: Evidence,
    candidates: Indexes,
    *,
    request: ListRequest,
    now: datetime,
    rules: ListRules = NO_RULES,
) -> RankedProducts:
    """Rank the first `limit` of `candidates`, the catalogue's answer to `candidates_of`, ascending."""
    products = rules.kept(candidates[~inputs.catalogue.are_variants(candidates, inputs.left_out)])
    pins = rules.pins_among(products, inputs.catalogue)
    products = without(products, pins, inputs.catalogue)
    if inputs.kind == "similar":
        products = _of_its_kind(inputs, products)
    evidence = evidence.of(products)
    if inputs.kind == "similar":
        evidence = joined(evidence, compared(inputs, products))
    totals = evidence.totals(products)
    # What fills a list up stands below all that has evidence.
    if inputs.catalogue.n_groups(products[totals > 0]) < request.limit:
        evidence = joined(evidence, popular(inputs, products, totals))
        evidence = joined(evidence, newest(inputs, products, evidence.totals(products), now=now))
        totals = evidence.totals(products)
    tastes = TASTE_SHARE * totals * _interests(inputs, products)
    before = totals + tastes
    scores = rules.apply(products, before)
    gains = scores - before
    shown = np.flatnonzero(scores > 0)
    shown = shown[best_variants(scores[shown], inputs.catalogue, products[shown])]
    shown = shown[np.argsort(-scores[shown], kind="stable")[: request.limit]]
    evidence = evidence.of(np.sort(products[shown]))
    contributions = _contributions(inputs, evidence)
    items = [
        scored_product(
            inputs.catalogue.product(index),
            score,
            [*contributions[index], *_taste(inputs, index, taste), *rules.contributions(index, gain)],
        )
        for index, score, taste, gain in zip(
            *(column.tolist() for column in (products[shown], scores[shown], tastes[shown], gains[shown])), strict=True
        )
    ]
    return RankedProducts(
        kind=inputs.kind,
        strategy=STRATEGIES[int(evidence.strategies.min(initial=NEW if pins else NOTHING))],
        model_id=inputs.model.model_id,
        placement=request.placement,
        items=with_pins(items, pins, inputs.catalogue, k=request.limit),
    )


def _of_its_kind(inputs: RelatedInputs, products: Indexes) -> Indexes:
    """Leave out products of other top categories than the seed: whoever looked at both did not compare them."""
    tree, codes = inputs.catalogue.categories, inputs.catalogue.category_codes
    top = tree.levels[codes[inputs.seeds[0]], 0]
    if top == NO_CATEGORY:
        return products
    return products[tree.levels[codes[products], 0] == top]


def _interests(inputs: RelatedInputs, products: Indexes) -> npt.NDArray[np.float64]:
    """Return the interest of the customer in the category of each product, in [0, 1]; 0 without a customer."""
    if inputs.taste is None:
        return np.zeros(len(products))
    return inputs.catalogue.categories.strongest(inputs.catalogue.category_codes[products], inputs.taste.interests)[0]


def _contributions(inputs: RelatedInputs, evidence: Evidence) -> dict[int, list[Contribution]]:
    """Return the contributions to each product by its index."""
    found: defaultdict[int, list[Contribution]] = defaultdict(list)
    columns = (evidence.products, evidence.sources, evidence.causes, evidence.amounts)
    for index, source, cause, amount in zip(*(column.tolist() for column in columns), strict=True):
        product_id = None if cause == NO_CAUSE else inputs.catalogue.product(cause).product_id
        found[index].append((SOURCES[source], product_id, amount))
    return found


def _taste(inputs: RelatedInputs, index: int, amount: float) -> list[Contribution]:
    if inputs.taste is None or amount <= 0:
        return []
    category = inputs.catalogue.product(index).category if inputs.taste.is_named else None
    return [("category_interest", category, amount)]
