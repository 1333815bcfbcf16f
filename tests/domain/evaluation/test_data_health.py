"""What weakens the lists of a shop: which problems its counts show, and in which order."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.evaluation.data_health import SILENCED, data_health
from domain.ports.diagnosis import DataCounts, Share
from domain.ranking.model import UNTRAINED, SourceWeights, Tuning
from domain.records.values import DAY
from tests.domain.shop import NOW, NOW_US, model_with

HEALTHY = DataCounts(
    model=model_with(n_events=1000),
    unlisted=Share(0, 1000),
    without_category=Share(9, 1000),
    without_price=Share(9, 1000),
    without_name=Share(9, 1000),
    touched=Share(600, 1000),
    single_item_orders=Share(79, 100),
    silent_customers=Share(49, 100),
    n_guests=500,
    n_recent_events=1000,
    n_untrained=100,
    newest_view_at=NOW_US - DAY,
    newest_order_at=NOW_US - 6 * DAY,
    first_created_at=NOW_US - 2 * DAY,
    last_created_at=NOW_US,
)


def problems_of(**fields):
    found = data_health(replace(HEALTHY, **fields), now=NOW)
    assert found.checked_at == NOW
    return found.problems


def names_of(**fields):
    return [problem.problem for problem in problems_of(**fields)]


def test_a_shop_where_all_is_well_has_no_problems():
    assert problems_of() == []


@pytest.mark.parametrize(
    ("name", "fields", "count", "of"),
    [
        ("products_without_category", {"without_category": Share(10, 1000)}, 10, 1000),
        ("products_without_price", {"without_price": Share(10, 1000)}, 10, 1000),
        ("products_without_name", {"without_name": Share(10, 1000)}, 10, 1000),
        ("products_without_picture", {"without_picture": Share(10, 1000)}, 10, 1000),
        ("refused_lines", {"refused_lines": Share(1, 9000)}, 1, 9000),
        ("unlisted_products", {"unlisted": Share(10, 1000)}, 10, 1000),
        ("products_without_events", {"touched": Share(500, 1000)}, 500, 1000),
        ("customers_without_events", {"silent_customers": Share(50, 100)}, 50, 100),
        ("single_item_orders", {"single_item_orders": Share(80, 100)}, 80, 100),
        ("model_behind", {"n_untrained": 112}, 112, 1112),
        ("untrained", {"model": UNTRAINED}, 100, 100),
        ("guests_only", {"silent_customers": Share()}, 500, 500),
        ("products_of_one_age", {"first_created_at": NOW_US - DAY + 1}, 1000, 1000),
        ("no_views", {"newest_view_at": None}, 0, None),
        ("no_orders", {"newest_order_at": None}, 0, None),
        ("no_products", {"unlisted": Share(3, 3)}, 0, None),
    ],
)
def test_each_problem_has_its_counts_its_effect_and_a_next_step(name, fields, count, of):
    [problem] = problems_of(**fields)

    assert (problem.problem, problem.count, problem.of, problem.last_at) == (name, count, of, None)
    for sentence in (problem.effect, problem.next_step):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@pytest.mark.parametrize(("name", "field", "days"), [("no_views", "newest_view_at", 3), ("no_orders", "newest_order_at", 8)])
def test_what_stopped_arriving_says_since_when(name, field, days):
    [problem] = problems_of(**{field: NOW_US - days * DAY})

    assert (problem.problem, problem.count, problem.of, problem.last_at) == (name, days, None, NOW - timedelta(days=days))
    assert f"{problem.last_at:%Y-%m-%d}" in problem.effect


def tuned(trials=9, **weights):
    return model_with(n_events=1000, source_weights=SourceWeights(**weights), tuning=Tuning(trials=trials))


def test_weights_that_tuning_took_to_zero_are_named():
    [problem] = problems_of(model=tuned(price_fit=0.0, own={"in_season": 0.0}))

    assert (problem.problem, problem.count, problem.of) == ("weights_at_zero", 2, 9)
    assert problem.effect.endswith("in_season, price_fit.")
    assert problems_of(model=tuned(trials=0, price_fit=0.0)) == []
    assert problems_of(model=tuned()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"single_item_orders": Share(19, 19)},
        {"silent_customers": Share(19, 19)},
        {"touched": Share(0, 19)},
        {"silent_customers": Share(), "n_guests": 19},
        {"unlisted": Share(0, 19), "first_created_at": NOW_US},
    ],
)
def test_shares_of_few_things_are_no_problem(fields):
    assert problems_of(**fields) == []


def test_a_shop_that_names_no_picture_at_all_has_them_elsewhere():
    assert problems_of(without_picture=Share(1000, 1000)) == []


def test_few_events_do_not_show_that_products_have_none():
    assert problems_of(touched=Share(0, 1000), n_recent_events=999) == []


def test_a_shop_without_events_is_not_called_untrained():
    assert names_of(model=UNTRAINED, n_untrained=0) == []


def test_without_products_nothing_else_counts():
    assert names_of(unlisted=Share(0, 0), newest_view_at=None, newest_order_at=None) == ["no_products"]


def test_problems_are_ordered_by_what_they_silence_times_what_they_affect():
    names = names_of(
        without_price=Share(1000, 1000), without_category=Share(500, 1000), newest_view_at=None, model=UNTRAINED
    )

    # 2.07, 1, 0.38 x 0.5, and 0.05.
    assert names == ["untrained", "no_views", "products_without_category", "products_without_price"]
    assert SILENCED["products_without_price"] == pytest.approx(0.05)
