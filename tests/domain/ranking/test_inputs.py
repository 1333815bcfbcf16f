"""Which history, lists and candidates belong to a list."""

from domain.ranking.inputs import MAX_HISTORY_CATEGORIES, CandidateQuery, history_indexes, in_order, trend_categories
from domain.records.recommendations import ListRequest
from tests.domain.shop import past_event, product

NEWEST_FIRST = [
    past_event(product(4, category="home/lamps")),
    past_event(product(1, category=None)),
    past_event(product(4, category="home/lamps"), "purchase", days_ago=1),
    past_event(product(2, category="garden"), days_ago=2),
]


def query(*, n_fill=10, seen=(), request=None):
    return CandidateQuery(
        product_indexes=(),
        categories=(),
        n_newest=4,
        n_fill=n_fill,
        seen=frozenset(seen),
        request=request or ListRequest(),
    )


def admitted_by(candidate_query, *products):
    return [*candidate_query.admit(products)]


def test_history_indexes_has_each_product_once_newest_first():
    assert history_indexes(NEWEST_FIRST) == [4, 1, 2]


def test_trend_categories_are_the_categories_of_the_history_newest_first():
    assert trend_categories(NEWEST_FIRST, asked=None) == ["home/lamps", "garden"]


def test_the_requested_category_is_the_first_trend_category():
    assert trend_categories(NEWEST_FIRST, asked="toys") == ["toys", "home/lamps", "garden"]
    assert trend_categories([], asked="toys") == ["toys"]


def test_a_history_of_many_categories_has_the_trends_of_the_newest_16():
    history = [past_event(product(index, category=f"c{index}"), days_ago=index) for index in range(20)]

    assert MAX_HISTORY_CATEGORIES == 16
    assert trend_categories(history, asked=None) == [f"c{index}" for index in range(16)]
    assert trend_categories(history, asked="toys") == ["toys", *(f"c{index}" for index in range(15))]


def test_in_order_keeps_the_order_of_the_keys_and_drops_missing_and_empty_entries():
    entries = {"a": b"1", "b": b"2", "c": None, "d": b"", "e": b"5"}

    assert list(in_order(["b", "x", "d", "c", "a", "b"], entries).items()) == [("b", b"2"), ("a", b"1")]


def test_admit_returns_available_products_by_index():
    first, second, unavailable = product(7), product(3), product(5, available=False)

    assert query().admit([first, unavailable, second, first]) == {7: first, 3: second}


def test_admit_applies_the_filters_of_the_request():
    filtered = query(request=ListRequest(category="home", max_price=50, exclude=frozenset({"p-4"})))

    assert admitted_by(
        filtered,
        product(1, category="home/lamps", price=50.0),
        product(2, category="homeware", price=10.0),
        product(3, category="home", price=50.01),
        product(4, category="home", price=10.0),
        product(5, category="home", price=10.0),
    ) == [1, 5]


def test_n_missing_is_0_if_enough_products_are_new_to_the_customer():
    admitted = {index: product(index) for index in (1, 2, 3)}

    assert query(n_fill=2, seen={"p-1"}).n_missing(admitted) == 0
    assert query(n_fill=0).n_missing({}) == 0


def test_n_missing_adds_a_margin_for_newest_products_that_are_admitted_or_seen():
    admitted = {index: product(index) for index in (1, 2, 3)}

    # New to the customer are p-2 and p-3, so 5 - 2 are missing; the newest may be the 3 admitted or the 2 seen products.
    assert query(n_fill=5, seen={"p-1", "p-9"}).n_missing(admitted) == 5 - 2 + 3 + 2
    assert query(n_fill=5).n_missing({}) == 5
