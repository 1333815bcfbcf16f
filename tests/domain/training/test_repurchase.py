"""How often customers rebuy products of a category, and after how many days."""

import math

import pytest

from domain.ranking.model import Repeats
from domain.training.repurchase import PRIOR_PAIRS, Repurchase, rebuy_days, repeats_by_category, repurchase_by_category
from tests.domain.event_logs import event_log
from tests.domain.shop import product
from tests.domain.trained_shops import train

COFFEE, LAMP = product(0, category="food/coffee"), product(1, category="home/lamps")
VIEW_OF_TODAY = ("x", 1, "view", 0)


def purchases(n_customers, index, *days_ago, first_customer=0):
    """Let customers buy a product on each of the given days, each time in another order."""
    return [
        (f"c{customer}-{index}", index, "purchase", days, 1 + customer * 10 + position)
        for customer in range(first_customer, first_customer + n_customers)
        for position, days in enumerate(days_ago)
    ]


def repurchases_of(*events, products=(COFFEE, LAMP)):
    log = event_log(*events)
    return repurchase_by_category(log.only(log.is_purchase), list(products), newest=log.newest)


def test_the_rate_is_shrunk_towards_the_level_above_and_the_shop():
    repurchases = repurchases_of(
        *purchases(30, 0, 50, 40),
        *purchases(10, 0, 50, first_customer=30),
        *purchases(40, 1, 50, first_customer=60),
        VIEW_OF_TODAY,
    )

    shop = (30 + PRIOR_PAIRS * 0) / (80 + PRIOR_PAIRS)
    food = (30 + PRIOR_PAIRS * shop) / (40 + PRIOR_PAIRS)
    home = (0 + PRIOR_PAIRS * shop) / (40 + PRIOR_PAIRS)
    assert repurchases["food/coffee"].rate == pytest.approx((30 + PRIOR_PAIRS * food) / (40 + PRIOR_PAIRS))
    assert repurchases["home/lamps"].rate == pytest.approx((0 + PRIOR_PAIRS * home) / (40 + PRIOR_PAIRS))


def test_customers_who_bought_too_recently_to_have_returned_do_not_count():
    others = purchases(30, 0, 50, 40)
    expected = repurchases_of(*others, VIEW_OF_TODAY)

    assert repurchases_of(*others, *purchases(100, 0, 9, first_customer=50), VIEW_OF_TODAY) == expected
    with_earlier_buyers = repurchases_of(*others, *purchases(100, 0, 11, first_customer=50), VIEW_OF_TODAY)
    assert with_earlier_buyers["food/coffee"].rate < 0.25


def test_the_usual_days_are_the_median_of_a_log_normal_distribution():
    # The mean of log 4 and log 16 is log 8, both in the category and in the shop.
    repurchases = repurchases_of(*purchases(5, 0, 90, 86), *purchases(5, 0, 90, 74, first_customer=5))

    assert repurchases["food/coffee"].days == pytest.approx(8.0)


def test_the_usual_days_of_few_pairs_are_shrunk_towards_the_level_above():
    tea = product(2, category="food/tea")

    repurchases = repurchases_of(*purchases(20, 0, 90, 80), *purchases(20, 2, 90, 50), products=(COFFEE, tea))

    # The level above has the mean of log 10 and log 40: log 20.
    assert repurchases["food/coffee"].days == pytest.approx((10 * 20) ** 0.5, abs=0.01)
    assert repurchases["food/tea"].days == pytest.approx((40 * 20) ** 0.5, abs=0.01)


def test_the_gap_is_that_between_the_first_two_days_of_purchase():
    assert repurchases_of(*purchases(10, 0, 90, 90, 80, 20))["food/coffee"].days == pytest.approx(10.0)


@pytest.mark.parametrize(
    "events",
    [
        [],
        purchases(30, 0, 50),
        purchases(30, 0, 50, 50),
        [("a", 0, "view", 9), ("a", 0, "view", 1)],
        purchases(30, 2, 50, 40),
    ],
    ids=["no events", "one purchase", "two purchases of one day", "views", "no category"],
)
def test_no_category_is_rebought_without_purchases_on_different_days(events):
    assert repurchases_of(*events, products=(COFFEE, product(2))) == {}


def test_only_the_categories_with_most_purchases_are_kept(monkeypatch):
    monkeypatch.setattr("domain.training.repurchase.MAX_MODEL_CATEGORIES", 1)

    assert list(repurchases_of(*purchases(3, 0, 50, 40), *purchases(4, 1, 50, 40))) == ["home/lamps"]


def test_rebuy_days_has_the_categories_that_reach_the_rate():
    repurchases = {"a": Repurchase(rate=0.3, days=7.0), "b": Repurchase(rate=0.2, days=9.0)}

    assert rebuy_days(repurchases, min_rate=0.25) == {"a": 7.0}
    assert rebuy_days(repurchases, min_rate=0.2) == {"a": 7.0, "b": 9.0}


@pytest.mark.parametrize(
    ("n_buyers", "n_rebuyers", "expected"), [(100, 26, {"food": 10.0}), (100, 25, {}), (10, 10, {"food": 10.0})]
)
def test_a_model_has_the_categories_that_a_quarter_of_the_buyers_rebuy(n_buyers, n_rebuyers, expected):
    # The shrunk rate of 26 rebuyers is (26 + 20 x 26 / 120) / 120, more than a quarter; that of 25 is less.
    once = [(f"c{customer}", 0, "purchase", 50, customer + 1) for customer in range(n_buyers)]
    again = [(f"c{customer}", 0, "purchase", 40, customer + 1000) for customer in range(n_rebuyers)]

    trained = train(event_log(*once, *again, VIEW_OF_TODAY), [product(0, category="food"), product(1)])

    assert trained.model.rebuy_days == expected


def repeats_of(*events, products=(COFFEE, LAMP)):
    log = event_log(*events)
    return repeats_by_category(log.only(log.is_purchase), list(products))


def test_further_purchases_are_counted_by_day_and_shrunk_towards_the_level_above_and_the_shop():
    # Of coffee 10 customers bought three times, and 10 once; the fourth purchase is of a day with another.
    repeats = repeats_of(
        *purchases(10, 0, 50, 40, 30, 30.1), *purchases(10, 0, 50, first_customer=10), *purchases(20, 1, 50)
    )  # fmt: skip

    shop = 20 / (40 + PRIOR_PAIRS)
    food, home = ((k + PRIOR_PAIRS * shop) / (20 + PRIOR_PAIRS) for k in (20, 0))
    assert repeats.purchases[""] == pytest.approx(shop, abs=1e-4)
    assert repeats.purchases["food/coffee"] == pytest.approx((20 + PRIOR_PAIRS * food) / (20 + PRIOR_PAIRS), abs=1e-4)
    assert repeats.purchases["home/lamps"] == pytest.approx((0 + PRIOR_PAIRS * home) / (20 + PRIOR_PAIRS), abs=1e-4)


def test_the_usual_days_are_known_for_the_shop_too_and_how_far_intervals_deviate_from_them():
    # Half of the customers return after 4 days, half after 16: half of the logarithm of 4 from the median.
    repeats = repeats_of(*purchases(5, 0, 90, 86), *purchases(5, 0, 90, 74, first_customer=5))

    assert repeats.days == {"": 8.0, "food/coffee": 8.0}
    assert repeats.deviation == pytest.approx(math.log(2), abs=1e-4)


def test_a_shop_without_repurchases_has_learned_nothing_of_them():
    assert repeats_of(*purchases(5, 0, 50)) == Repeats()


def test_a_model_knows_how_customers_buy_again():
    log = event_log(*purchases(30, 0, 50, 40))

    repeats = train(log, [COFFEE, LAMP]).model.repeats

    assert repeats == repeats_by_category(log, [COFFEE, LAMP])
    assert repeats.days["food/coffee"] == 10.0
