"""The learned ranker is fitted to held-out events, and kept only where it ranks better."""

import numpy as np
import pytest

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import ground_truth_of, some_of_each
from domain.ranking.model import SourceWeights
from domain.ranking.recommend import eligible, shortlist
from domain.ranking.shapes import FEATURES, sources_of
from domain.records.recommendations import ListRequest
from domain.tuning.ranker import MIN_FITTED, CandidateLists, fit_ranker
from tests.domain.event_logs import event_log
from tests.domain.shop import product
from tests.domain.trained_shops import replay_of

N_PRODUCTS = 60
BRANDS = [product(index, category="all", brand=f"b{index % 6}") for index in range(N_PRODUCTS)]


def shop(*, n_customers, by_brand):
    """Hold out a tenth of the views of customers who view random products, or random ones of their brand."""
    rng = np.random.default_rng(1)
    events = []
    for number in range(n_customers):
        tastes = np.arange(number % 6, N_PRODUCTS, 6) if by_brand else np.arange(N_PRODUCTS)
        events += [(f"c{number}", int(index), "view", 0.0) for index in rng.permutation(tastes)[:8]]
    split = some_of_each(event_log(*events), rng=rng)
    # Neighbours weigh nothing at first, so that brands are the only trace of a taste.
    weights = SourceWeights(bought_together=0.0, viewed_together=0.0, similar_product=0.0, popular=1.0)
    replay, model = replay_of(split.train, BRANDS, source_weights=weights, variety=0.0)
    return replay, model, ground_truth_of(split, seen="exclude")


def fitted(replay, model, truth):
    return fit_ranker(replay, model, truth, rng=np.random.default_rng(0))


def test_what_customers_follow_is_learned():
    replay, model, truth = shop(n_customers=150, by_brand=True)

    ranker = fitted(replay, model, truth)

    assert ranker.gain > 0.1
    assert ranker.n_customers > MIN_FITTED
    assert {"viewed_together", "even_neighbours", "brand_share"} & {shape.feature for shape in ranker.shapes}
    assert all(shape.values[0] == 0.0 and list(shape.values) == sorted(shape.values) for shape in ranker.shapes)
    assert ranker == fitted(replay, model, truth)


def test_a_source_that_the_fit_leaves_at_0_weighs_nothing():
    replay, model, truth = shop(n_customers=150, by_brand=True)

    ranker = fitted(replay, model, truth)

    shaped = {source for shape in ranker.shapes for source in sources_of(shape.feature)}
    assert "price_fit" not in shaped
    weights = {source: getattr(ranker.source_weights, source) for source in ("popular", "category_interest")}
    assert {source for source, weight in weights.items() if weight} == shaped & set(weights)


def test_few_customers_get_straight_lines():
    replay, model, truth = shop(n_customers=80, by_brand=True)

    shapes = fitted(replay, model, truth).shapes

    assert shapes
    assert all(len(shape.knots) == 2 for shape in shapes)


@pytest.mark.parametrize(("n_customers", "by_brand"), [(150, False), (MIN_FITTED - 1, True)])
def test_nothing_is_kept_without_a_sure_gain(n_customers, by_brand):
    ranker = fitted(*shop(n_customers=n_customers, by_brand=by_brand))

    assert ranker.shapes == ()
    assert ranker.gain == 0.0
    assert ranker.n_customers > 0


def test_lists_are_those_that_are_served():
    replay, model, truth = shop(n_customers=20, by_brand=True)
    lists = CandidateLists(replay, model, truth)
    customer = int(truth.customers[0])

    inputs = replay.ranking_inputs(customer, model=model)
    shortlisted = shortlist(inputs, request=ListRequest(seen="exclude"))
    candidates = eligible(replay.candidates(shortlisted.query), inputs, shortlisted.signals)

    assert lists.hits[: lists.sizes[0]].sum() == np.isin(candidates, truth.of(customer)).sum()
    rankings = {one: replay.ranking(one, model=model, seen="exclude", k=20) for one in truth.customers.tolist()}
    popular = lists.features[:, FEATURES.index("popular")] + lists.unshaped
    expected = ndcg_at_k(*truth.hits(rankings, k=20))
    assert lists.ndcg(popular.astype(np.float64)).mean() == pytest.approx(expected.mean(), abs=0.05)
