"""What holds for every list, whatever the shop and whatever tuning chose."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.evaluation.replay import Replay
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.model import SourceWeights, TunedConfig
from domain.ranking.ranked_list import ranked_list
from domain.records.interactions import EVENT_TYPES
from domain.records.recommendations import SOURCES, ListRequest
from domain.training.training_data import TrainingData
from tests.domain.event_logs import event_log, training_data
from tests.domain.shop import NOW_US, product
from tests.domain.trained_shops import train

EVIDENCE = {"popular", "segment_trend", "price_fit", "new"}
STRATEGIES = {"segment_trend": "segment", "popular": "popular", "new": "catalogue"}

WEIGHTS = st.builds(SourceWeights, **dict.fromkeys(SOURCES, st.sampled_from([0.0, 0.02, 0.3, 1.0])))
CONFIGS = st.builds(
    TunedConfig,
    source_weights=WEIGHTS,
    newcomer_weights=WEIGHTS,
    hyperparameters=st.builds(Hyperparameters, history_steps=st.sampled_from([0.5, FOREVER])),
    seen_again=st.sampled_from([0.0, 0.7]),
    newest_share=st.sampled_from([0.0, 0.5, 1.0]),
    variety=st.sampled_from([0.0, 0.5, 1.0]),
)
PRODUCTS = st.lists(
    st.builds(
        dict,
        category=st.sampled_from([None, "a", "a/b", "c"]),
        brand=st.sampled_from([None, "x"]),
        price=st.sampled_from([None, 5.0, 50.0]),
        available=st.booleans(),
        created_at=st.sampled_from([NOW_US, NOW_US - 10**15]),
    ),
    max_size=12,
)
EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 11), st.sampled_from(EVENT_TYPES), st.sampled_from([0, 1, 2000])),
    max_size=30,
)


def shop_of(described, events, config):
    """Train a shop of random products and events with a random config; its last customer, `new`, has no events."""
    products = [product(index, **given) for index, given in enumerate(described)]
    known = [
        (f"c{customer}", index, kind, days, number + 1)
        for number, (customer, index, kind, days) in enumerate(events)
        if index < len(products)
    ]
    trained = train(event_log(*known), products, config=config)
    log = event_log(*known)
    with_newcomer = replace(log, customer_ids=[*log.customer_ids, "new"])
    return Replay(training_data(with_newcomer, products), trained), trained.model


@settings(max_examples=60)
@given(PRODUCTS, EVENTS, CONFIGS, st.sampled_from(["few", "exclude", "include"]))
def test_every_product_of_a_list_has_a_positive_score_and_a_reason(described, events, config, seen):
    replay, model = shop_of(described, events, config)

    for customer in range(len(replay.data.log.customer_ids)):
        ranking = replay.list_for(customer, model=model, request=ListRequest(limit=100, seen=seen))
        answer = ranked_list(ranking)

        assert (ranking.values > 0).all()
        assert all(item.reasons for item in answer.items)
        assert all(reason.product_id != item.product_id for item in answer.items for reason in item.reasons)
        assert (answer.strategy == "empty") == (not answer.items)


@settings(max_examples=60)
@given(PRODUCTS, EVENTS, CONFIGS)
def test_a_newcomer_gets_every_available_product_ordered_by_evidence(described, events, config):
    replay, model = shop_of(described, events, config)
    newcomer = len(replay.data.log.customer_ids) - 1

    ranking = replay.list_for(newcomer, model=model, request=ListRequest(limit=100))
    answer = ranked_list(ranking)

    sources = {reason.source for item in answer.items for reason in item.reasons}
    assert sources <= EVIDENCE
    assert {item.product_id for item in answer.items} == {one["product_id"] for one in available(described)}
    assert ranking.values.tolist() == sorted(ranking.values.tolist(), reverse=True)
    assert answer.strategy == next((STRATEGIES[source] for source in ("popular", "new") if source in sources), "empty")


def available(described):
    return [{"product_id": f"p-{index}"} for index, given in enumerate(described) if given["available"]]


def test_a_newcomer_keeps_popular_products_first_if_tuning_gave_all_other_sources_no_weight():
    events = [(f"c{number}", 1, "view", 0) for number in range(5)]
    nothing = SourceWeights(**dict.fromkeys(SOURCES, 0.0))
    config = TunedConfig(source_weights=replace(nothing, bought_together=1.0), newcomer_weights=nothing)
    products = [product(index) for index in range(3)]
    trained = train(event_log(*events), products, config=config)
    log = event_log(*events)
    data = TrainingData(log=replace(log, customer_ids=[*log.customer_ids, "new"]), products=products, assigned={})

    ranking = Replay(data, trained).list_for(5, model=trained.model, request=ListRequest())

    assert ranking.products[0] == 1
    assert ranking.strategy == "popular"
