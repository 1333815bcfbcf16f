"""The catalogue as columns, and the filters of requests on them."""

import numpy as np
import pytest

from domain.ranking import category_tree, facets
from domain.ranking.catalogue import Catalogue
from domain.records.attributes import pack_attributes
from domain.records.recommendations import ListRequest
from tests.domain.shop import product


def indexes(*products):
    return np.array(products, dtype=np.intp)


def admitted(products, **conditions):
    """Return the indexes of `products` that pass the filters, which are asked for in the order given."""
    asked = indexes(*(one.product_index for one in products))
    if category := conditions.pop("category", None):
        conditions["categories"] = frozenset({category})
    return Catalogue(products).admitted(asked, ListRequest(**conditions)).tolist()


def test_filters_match_whole_category_levels_and_prices_inclusively():
    products = [
        product(1, category="home", price=10.0),
        product(2, category="home/lamps", price=20.0),
        product(3, category="homeware", price=15.0),
        product(4, category=None, price=15.0),
        product(5, category="home", price=None),
        product(6, category="home", price=20.01),
        product(7, category="home", price=9.99),
    ]

    assert admitted(products, category="home", min_price=10, max_price=20) == [1, 2]
    assert admitted(products, category="home") == [1, 2, 5, 6, 7]
    assert admitted(products, category="home/lamps") == [2]
    assert admitted(products, category="unknown") == []
    assert admitted(products, max_price=15) == [1, 3, 4, 7]


def test_only_available_products_pass_and_excluded_ones_do_not():
    products = [product(7), product(3), product(5, available=False), product(4)]

    assert admitted(products) == [7, 3, 4]
    assert admitted(products, exclude=frozenset({"p-3", "p-5", "unknown"})) == [7, 4]


def test_the_same_filter_finds_categories_that_were_added_later():
    catalogue, request = Catalogue([product(0, category="a")]), ListRequest(categories=frozenset({"a"}))
    assert catalogue.admitted(indexes(0), request).tolist() == [0]

    catalogue.add([product(1, category="a/b"), product(2, category="c")])

    assert catalogue.admitted(indexes(0, 1, 2), request).tolist() == [0, 1]


def test_more_filters_than_are_cached_still_filter(monkeypatch):
    monkeypatch.setattr(category_tree, "MAX_CACHED", 2)
    catalogue = Catalogue([product(index, category=f"c{index}") for index in range(5)])

    for index in [*range(5), *range(5)]:
        assert catalogue.admitted(indexes(*range(5)), ListRequest(categories=frozenset({f"c{index}"}))).tolist() == [index]


@pytest.mark.parametrize("step", [1, 1000])
def test_rows_can_be_added_in_any_order_and_number(step):
    catalogue = Catalogue()
    for index in [5, 0, 9, 3]:
        catalogue.add([product(index * step, category=f"c{index}", price=1.0 + index)])

    rows = indexes(0, 3, 5, 9) * step
    assert catalogue.prices[rows].tolist() == [1.0, 4.0, 6.0, 10.0]
    assert catalogue.categories.names(catalogue.category_codes[rows]) == ["c0", "c3", "c5", "c9"]
    assert [catalogue.product(index).product_index for index in rows.tolist()] == rows.tolist()
    assert catalogue.admitted(rows, ListRequest()).tolist() == rows.tolist()
    assert catalogue.n_added == 4


def test_missing_rows_are_those_that_were_never_added():
    catalogue = Catalogue([product(2), product(4)])

    assert catalogue.missing(indexes(1, 2, 4)).tolist() == [1]
    assert catalogue.missing(indexes(2, 3, 4, 1000)).tolist() == [3, 1000]
    assert catalogue.missing(indexes()).tolist() == []
    assert Catalogue().missing(indexes(0)).tolist() == [0]


def test_an_index_without_a_product_is_neither_missing_nor_available():
    catalogue = Catalogue([product(0)])

    catalogue.add([], unknown=[3])

    assert catalogue.missing(indexes(0, 3)).tolist() == []
    assert catalogue.admitted(indexes(0, 3), ListRequest()).tolist() == [0]
    assert catalogue.categories.names(catalogue.category_codes[indexes(3)]) == [None]
    assert catalogue.n_added == 2
    with pytest.raises(KeyError):
        catalogue.product(3)


def test_an_index_of_which_the_product_is_gone_exists_once_it_is_added():
    catalogue = Catalogue([product(0), product(2)])
    before = catalogue.exist(indexes(0, 2)).tolist()
    catalogue.add([], unknown=[1, 3])
    gone = catalogue.exist(indexes(0, 1, 3)).tolist()

    catalogue.add([product(3)])

    assert (before, gone) == ([True, True], [True, False, False])
    assert catalogue.exist(indexes(1, 3)).tolist() == [False, True]


def test_products_are_found_by_id():
    catalogue = Catalogue([product(3)])

    assert catalogue.index_of("p-3") == 3
    assert catalogue.index_of("p-4") is None


def test_a_brand_is_one_within_a_category_and_products_without_one_share_none():
    catalogue = Catalogue(
        [
            product(0, category="a", brand="x"),
            product(1, category="a", brand="x"),
            product(2, category="b", brand="x"),
            product(3, category="a"),
            product(4, category="a"),
        ]
    )

    first, second, *others = catalogue.brand_codes[indexes(0, 1, 2, 3, 4)].tolist()
    assert first == second
    assert len({first, *others}) == 4


def test_variants_of_one_parent_and_the_parent_are_one_group():
    catalogue = Catalogue(
        [product(0, product_id="shirt"), product(1, variant_of="shirt"), product(2, variant_of="shirt"), product(3)]
    )

    shirt, red, blue, other = catalogue.group_codes[indexes(0, 1, 2, 3)].tolist()
    assert shirt == red == blue != other
    assert catalogue.has_variants
    assert not Catalogue([product(3)]).has_variants


def test_prices_are_those_in_the_currency_of_the_shop():
    products = [product(0, price=50.0, rate=0.5), product(1, price=50.0, rate=None), product(2, price=25.0)]

    assert Catalogue(products).prices[indexes(0, 1, 2)].tolist() == pytest.approx([25.0, np.nan, 25.0], nan_ok=True)
    assert admitted(products, min_price=20, max_price=30) == [0, 2]


COLOURED = [
    product(0, brand="Campo", packed_tags="new|sale", packed_attributes=pack_attributes({"colour": "red", "size": 42})),
    product(1, brand="Nordhut", packed_tags="sale", packed_attributes=pack_attributes({"colour": "blue", "size": "42"})),
    product(2, brand="Campo", packed_attributes=pack_attributes({"colour": "green", "is_new": True})),
    product(3, packed_tags="news"),
]
COLOUR = "colour", frozenset({"red", "green"})


def test_a_product_has_any_of_the_values_of_a_filter_and_passes_all_filters():
    assert admitted(COLOURED, brands=frozenset({"Campo"})) == [0, 2]
    assert admitted(COLOURED, brands=frozenset({"Nordhut", "Campo", "unknown"})) == [0, 1, 2]
    assert admitted(COLOURED, tags=frozenset({"sale"})) == [0, 1]
    assert admitted(COLOURED, tags=frozenset({"new"})) == [0]
    assert admitted(COLOURED, attributes=(COLOUR,)) == [0, 2]
    assert admitted(COLOURED, attributes=(("size", frozenset({"42"})),)) == [0, 1]
    assert admitted(COLOURED, attributes=(("is_new", frozenset({"true"})),)) == [2]
    assert admitted(COLOURED, attributes=(COLOUR,), tags=frozenset({"sale"}), brands=frozenset({"Campo"})) == [0]
    assert admitted(COLOURED, attributes=(COLOUR, ("unknown", frozenset({"x"})))) == []
    assert admitted([product(1, category="a"), product(2, category="b"), product(3)], categories=frozenset({"a", "b"})) == [
        1,
        2,
    ]


def test_the_filters_follow_products_that_change():
    catalogue = Catalogue(COLOURED)
    requests = [
        ListRequest(attributes=(COLOUR,)),
        ListRequest(tags=frozenset({"new"})),
        ListRequest(brands=frozenset({"X"})),
    ]
    assert [catalogue.admitted(indexes(0, 1), request).tolist() for request in requests] == [[0], [0], []]

    catalogue.add(
        [product(1, brand="X", packed_tags="new", packed_attributes=pack_attributes({"colour": "red"})), product(0)]
    )
    catalogue.add([product(9, brand="X")])

    assert [catalogue.admitted(indexes(0, 1, 9), request).tolist() for request in requests] == [[1], [1], [1, 9]]


def test_more_attributes_than_are_remembered_still_filter(monkeypatch):
    monkeypatch.setattr(facets, "MAX_ATTRIBUTE_COLUMNS", 2)
    catalogue = Catalogue([product(0, packed_attributes=pack_attributes(dict.fromkeys("abcde", 1)))])

    for name in "abcdeabcde":
        assert catalogue.admitted(indexes(0), ListRequest(attributes=((name, frozenset({"1"})),))).tolist() == [0]


def test_the_newest_products_are_the_available_ones_of_each_group():
    variants = [product(4, variant_of="p-1", created_at=9), product(5, variant_of="p-1", created_at=8, available=False)]
    catalogue = Catalogue([product(0, created_at=5), product(1, created_at=7), product(2, created_at=7), *variants])
    assert catalogue.newest().tolist() == [4, 2, 0]

    catalogue.add([product(0, created_at=5, price=1.0)])
    assert catalogue.newest().tolist() == [4, 2, 0]
    catalogue.add([product(4, variant_of="p-1", created_at=9, available=False), product(0, created_at=10)])
    assert catalogue.newest().tolist() == [0, 2, 1]
