"""Which trends and candidates belong to a list."""

import numpy as np

from domain.ranking.catalogue import Catalogue
from domain.ranking.history import unpack_history
from domain.ranking.inputs import MAX_HISTORY_CATEGORIES, CandidateQuery, trend_categories
from domain.records.recommendations import ListRequest
from tests.domain.shop import history_of, past_event, product

NEWEST_FIRST = [
    past_event(product(4, category="home/lamps")),
    past_event(product(1, category=None), days_ago=0.5),
    past_event(product(4, category="home/lamps"), "purchase", days_ago=1),
    past_event(product(2, category="garden"), days_ago=2),
]


SHOP = Catalogue([product(index) for index in range(10)])


def trend_categories_of(history, *, asked=()):
    catalogue = Catalogue([event.product for event in history])
    return trend_categories(unpack_history(history_of(*history)), catalogue, asked=asked)


def indexes(*products):
    return np.array(products, dtype=np.intp)


def query(*, n_fill=10, own=()):
    return CandidateQuery(
        product_indexes=indexes(),
        categories=(),
        n_newest=4,
        n_newest_of_shop=0,
        n_fill=n_fill,
        own=indexes(*own),
        request=ListRequest(),
    )


def test_trend_categories_are_the_categories_of_the_history_newest_first():
    assert trend_categories_of(NEWEST_FIRST) == ["home/lamps", "garden"]


def test_the_requested_category_is_the_first_trend_category():
    assert trend_categories_of(NEWEST_FIRST, asked=["toys"]) == ["toys", "home/lamps", "garden"]
    assert trend_categories_of([], asked=["toys"]) == ["toys"]


def test_a_history_of_many_categories_has_the_trends_of_the_newest_16():
    history = [past_event(product(index, category=f"c{index}"), days_ago=index) for index in range(20)]

    assert MAX_HISTORY_CATEGORIES == 16
    assert trend_categories_of(history) == [f"c{index}" for index in range(16)]
    assert trend_categories_of(history, asked=["toys"]) == ["toys", *(f"c{index}" for index in range(15))]


def test_n_missing_is_0_if_enough_products_are_new_to_the_customer():
    assert query(n_fill=2, own=[1]).n_missing(indexes(1, 2, 3), SHOP) == 0
    assert query(n_fill=0).n_missing(indexes(), SHOP) == 0


def test_n_missing_adds_a_margin_for_newest_products_that_are_admitted_or_the_customers_own():
    # New to the customer are 2 and 3, so 5 - 2 are missing; the newest may be the 3 admitted or the 2 own products.
    assert query(n_fill=5, own=[1, 9]).n_missing(indexes(1, 2, 3), SHOP) == 5 - 2 + 3 + 2
    assert query(n_fill=5).n_missing(indexes(), SHOP) == 5


def test_n_missing_counts_a_group_of_variants_once():
    shirts = Catalogue([product(index, variant_of="shirt") for index in (1, 2, 3)])

    assert query(n_fill=2).n_missing(indexes(1, 2, 3), shirts) == 2 - 1 + 3
    assert query(n_fill=2, own=[1]).n_missing(indexes(2, 3), shirts) == 2 + 2 + 1
