"""How often people rebuy, and after how long."""

import pytest

from domain.training.repurchase import PRIOR_PAIRS, Repurchase, rebuy_days, repurchase_by_category
from tests.domain.event_logs import log_of
from tests.domain.shop import product

FOOD, LAMP = product(0, category="food/coffee"), product(1, category="home/lamps")


def bought(n, index, *days, start=0):
    """Let `n` customers buy a product so many days ago, each time in an order of its own."""
    return [
        (f"c{start + number}-{index}", index, "purchase", day, 1 + start + number * 10 + place)
        for number in range(n)
        for place, day in enumerate(days)
    ]


def found(*events, products=(FOOD, LAMP)):
    log = log_of(*events)
    return repurchase_by_category(log.only(log.is_purchase), list(products), newest=log.newest)


def test_the_rate_is_shrunk_towards_the_level_above_and_the_shop():
    rates = found(*bought(30, 0, 50, 40), *bought(10, 0, 50, start=30), *bought(40, 1, 50, start=60), ("x", 1, "view", 0))

    shop = (30 + PRIOR_PAIRS * 0) / (80 + PRIOR_PAIRS)
    food = (30 + PRIOR_PAIRS * shop) / (40 + PRIOR_PAIRS)
    home = (0 + PRIOR_PAIRS * shop) / (40 + PRIOR_PAIRS)
    assert rates["food/coffee"].rate == pytest.approx((30 + PRIOR_PAIRS * food) / (40 + PRIOR_PAIRS))
    assert rates["home/lamps"].rate == pytest.approx((0 + PRIOR_PAIRS * home) / (40 + PRIOR_PAIRS))


def test_who_bought_too_recently_to_have_come_back_does_not_count():
    others = bought(30, 0, 50, 40)

    assert found(*others, *bought(100, 0, 9, start=50), ("x", 1, "view", 0)) == found(*others, ("x", 1, "view", 0))
    assert found(*others, *bought(100, 0, 11, start=50), ("x", 1, "view", 0))["food/coffee"].rate < 0.25


def test_the_usual_days_are_the_median_of_a_log_normal():
    # The mean of log 4 and log 16 is log 8, of one category alone as of all.
    assert found(*bought(5, 0, 90, 86), *bought(5, 0, 90, 74, start=5))["food/coffee"].days == pytest.approx(8.0)


def test_the_usual_days_of_few_are_shrunk_towards_those_of_the_level_above():
    tea = product(2, category="food/tea")

    days = found(*bought(20, 0, 90, 80), *bought(20, 2, 90, 50), products=(FOOD, tea))

    # The level above has the mean of log 10 and log 40: log 20.
    assert days["food/coffee"].days == pytest.approx((10 * 20) ** 0.5, abs=0.01)
    assert days["food/tea"].days == pytest.approx((40 * 20) ** 0.5, abs=0.01)


def test_of_several_purchases_the_first_two_days_count():
    assert found(*bought(10, 0, 90, 90, 80, 20))["food/coffee"].days == pytest.approx(10.0)


@pytest.mark.parametrize(
    "events",
    [[], bought(30, 0, 50), bought(30, 0, 50, 50), [("a", 0, "view", 9), ("a", 0, "view", 1)], bought(30, 2, 50, 40)],
)
def test_nothing_is_rebought_where_no_one_comes_back_on_another_day(events):
    assert found(*events, products=(FOOD, product(2))) == {}


def test_only_the_most_bought_categories_are_kept(monkeypatch):
    monkeypatch.setattr("domain.training.repurchase.MAX_MODEL_CATEGORIES", 1)

    assert list(found(*bought(3, 0, 50, 40), *bought(4, 1, 50, 40))) == ["home/lamps"]


def test_categories_that_reach_the_rate_are_rebought():
    rates = {"a": Repurchase(rate=0.3, days=7.0), "b": Repurchase(rate=0.2, days=9.0)}

    assert rebuy_days(rates, least_rate=0.25) == {"a": 7.0}
    assert rebuy_days(rates, least_rate=0.2) == {"a": 7.0, "b": 9.0}
