"""Lists about products: what speaks for a product, what fills a list, and what it may not contain."""

import numpy as np
import pytest

from domain.ranking.catalogue import Catalogue
from domain.ranking.inputs import CandidateQuery
from domain.ranking.model import UNTRAINED, WeightedProducts
from domain.ranking.neighbour_table import NeighbourTable
from domain.ranking.packing import pack
from domain.ranking.related import candidates_of, rank_related
from domain.ranking.related_evidence import evidence_of
from domain.ranking.related_inputs import RelatedInputs, Taste, stand_ins_of, taste_of, trend_paths
from domain.records.recommendations import ListRequest, Reason
from tests.domain.shop import (
    NOW,
    NOW_US,
    model_with,
    neighbour_lists,
    past_event,
    product,
    ranking_inputs,
    weighted_products,
)

MODEL = model_with()


def packed(**weights):
    """Pack the products given as `p<index>=weight`."""
    return pack([int(name[1:]) for name in weights], list(weights.values()))


def inputs_for(kind, *seeds, products, lists=(), complements=None, trends=None, model=MODEL, recent=None, taste=None):
    """Return the inputs of a list about `seeds`; products have their indexes as places."""
    catalogue = taste.catalogue if taste else Catalogue(products)
    table = NeighbourTable(lists, unknown={each.product_index for each in products} - {each.product_index for each in lists})
    indexes = np.array(seeds, dtype=np.intp)
    complements, trends = complements or {}, trends or {}
    stand_ins = stand_ins_of(indexes, catalogue, table, complements=complements, category_trends=trends)
    return RelatedInputs(
        kind=kind,
        seeds=indexes,
        model=model,
        catalogue=catalogue,
        neighbours=table,
        complements=complements,
        stand_ins=stand_ins if kind == "bought-together" else (),
        category_trends={path: trends[path] for path in trend_paths(indexes, catalogue) if path in trends},
        recent_popularity=recent or WeightedProducts(),
        taste=taste,
    )


def ranked(inputs, *, candidates=None, **conditions):
    """Rank the products of the query that are available, and all of `candidates`."""
    request, evidence = ListRequest(**conditions), evidence_of(inputs)
    query = candidates_of(inputs, evidence, request=request)
    indexes = np.unique(np.append(query.product_indexes, np.array(candidates or [], dtype=np.intp)))
    return rank_related(inputs, evidence, inputs.catalogue.admitted(indexes, request), request=request, now=NOW)


def places(made):
    return [item.product.product_index for item in made.items]


def test_complements_of_several_seeds_add_up_and_are_named():
    products = [product(index) for index in range(5)]
    complements = {0: packed(p2=0.5, p3=0.4), 1: packed(p3=0.3, p4=0.1)}

    made = ranked(inputs_for("bought-together", 0, 1, products=products, complements=complements))

    assert (made.kind, made.strategy, made.model_id) == ("bought-together", "learned", "m-1")
    assert places(made) == [3, 2, 4]
    assert made.items[0].score == pytest.approx(0.7)
    assert made.items[0].reasons == [
        Reason(source="bought_together", product_id="p-0", share=0.5714),
        Reason(source="bought_together", product_id="p-1", share=0.4286),
    ]


def test_neither_a_seed_nor_a_variant_of_it_is_in_the_list():
    products = [product(0, variant_of="shirt"), product(1, variant_of="shirt"), product(2)]

    made = ranked(inputs_for("bought-together", 0, products=products, complements={0: packed(p1=0.5, p2=0.4)}))

    assert places(made) == [2]


def test_a_list_has_one_variant_of_a_product():
    products = [product(0), product(1, variant_of="shirt"), product(2, variant_of="shirt")]

    made = ranked(inputs_for("bought-together", 0, products=products, complements={0: packed(p1=0.5, p2=0.6)}))

    assert places(made) == [2]


def test_similar_products_speak_for_a_seed_that_nobody_bought_with_others():
    products = [product(index) for index in range(4)]
    lists = [neighbour_lists(0, similar=[(1, 0.8), (2, 0.2)])]

    made = ranked(inputs_for("bought-together", 0, products=products, lists=lists, complements={1: packed(p3=0.5)}))

    assert (made.strategy, places(made)) == ("content", [3])
    assert made.items[0].score == pytest.approx(0.5 * 0.8 * 0.5)
    assert made.items[0].reasons == [Reason(source="bought_together", product_id="p-1", share=1.0)]


def test_popular_products_of_its_category_speak_for_a_new_seed():
    products = [product(0, category="a"), product(1, category="a"), product(2)]

    made = ranked(
        inputs_for(
            "bought-together", 0, products=products, trends={"a": packed(p0=1.0, p1=0.9)}, complements={1: packed(p2=0.5)}
        )
    )

    assert made.strategy == "content"
    assert places(made)[0] == 2


def test_what_is_popular_fills_a_list_below_what_was_learned():
    products = [product(0, category="tents"), product(1, category="beds"), *(product(index) for index in range(2, 5))]
    model = model_with(popular=weighted_products(p3=1.0, p4=0.5))

    made = ranked(inputs_for("bought-together", 0, products=products, complements={0: packed(p1=0.01)}, model=model))

    assert places(made) == [1, 3, 4]
    assert [item.score for item in made.items] == pytest.approx([0.01, 0.009, 0.0045])
    assert made.items[1].reasons == [Reason(source="popular", share=1.0)]


def test_popular_products_of_the_category_of_a_seed_complete_it_last_and_alternatives_never():
    products = [product(0, category="m"), product(1, category="m"), product(2, category="n")]
    popular = weighted_products(p1=1.0, p2=0.5)

    usual = ranked(inputs_for("bought-together", 0, products=products, model=model_with(popular=popular)))
    replaced = ranked(
        inputs_for("bought-together", 0, products=products, model=model_with(popular=popular, alternatives=("m",)))
    )

    assert (usual.strategy, places(usual)) == ("popular", [2, 1])
    assert places(replaced) == [2]


def test_an_untrained_shop_lists_what_was_popular_lately_then_what_is_new():
    products = [product(0), product(1, created_at=NOW_US), product(2), product(3)]

    made = ranked(
        inputs_for("bought-together", 0, products=products, model=UNTRAINED, recent=weighted_products(p3=1.0)),
        candidates=[1, 2, 3],
    )

    assert (made.strategy, places(made)) == ("popular", [3, 1, 2])
    assert made.items[1].reasons == [Reason(source="new", share=1.0)]


def test_new_products_are_all_that_a_shop_without_events_has():
    products = [product(0, category="a"), product(1, category="b"), product(2, category="a")]

    made = ranked(inputs_for("bought-together", 0, products=products, model=UNTRAINED), candidates=[1, 2])

    assert (made.strategy, places(made)) == ("catalogue", [1, 2])


@pytest.mark.parametrize("kind", ["bought-together", "similar"])
def test_a_list_without_candidates_is_empty(kind):
    made = ranked(inputs_for(kind, 0, products=[product(0)]))

    assert (made.strategy, made.items) == ("empty", [])


def test_alternatives_are_looked_at_together_or_alike():
    products = [product(index, category="tents") for index in range(4)]
    lists = [neighbour_lists(0, viewed=[(1, 0.4), (2, 0.2)], similar=[(2, 0.6), (3, 0.9)])]

    made = ranked(inputs_for("similar", 0, products=products, lists=lists))

    # The most viewed one counts 1, and content half of its similarity.
    assert (made.strategy, places(made)) == ("learned", [1, 2, 3])
    assert [item.score for item in made.items] == pytest.approx([1.0, 0.5 + 0.3, 0.45])
    assert made.items[1].reasons == [
        Reason(source="viewed_together", product_id="p-0", share=0.625),
        Reason(source="similar_product", product_id="p-0", share=0.375),
    ]


def test_products_bought_together_are_alternatives_within_the_category_unless_they_complete_the_seed():
    products = [product(0, category="tents"), *(product(n, category="tents") for n in (1, 2)), product(3, category="mats")]
    lists = [neighbour_lists(0, bought=[(1, 0.4), (2, 0.3), (3, 0.2)])]

    made = ranked(inputs_for("similar", 0, products=products, lists=lists, complements={0: packed(p2=0.5)}))

    assert places(made) == [1]


def test_who_bought_both_products_needed_both_so_these_count_a_tenth_as_alternatives():
    products = [product(index, category="tents") for index in range(3)]
    lists = [neighbour_lists(0, bought=[(1, 0.4)], viewed=[(2, 0.2)], similar=[(1, 0.2), (2, 0.2)])]

    made = ranked(inputs_for("similar", 0, products=products, lists=lists))

    assert places(made) == [2, 1]
    assert [item.score for item in made.items] == pytest.approx([1.0 + 0.1, 0.1 * 0.4 / 0.2 + 0.1])


def test_without_categories_all_products_of_the_same_customers_are_alternatives():
    products = [product(index) for index in range(3)]

    made = ranked(inputs_for("similar", 0, products=products, lists=[neighbour_lists(0, bought=[(1, 0.4), (2, 0.3)])]))

    assert places(made) == [1, 2]


def test_a_product_that_nobody_looked_at_has_alternatives_by_content():
    products = [
        product(0, name="red wool blanket", category="home/beds"),
        product(1, name="blue wool blanket", category="home/beds"),
        product(2, name="reading lamp", category="home/lamps"),
        product(3, name="dog lead", category="pets"),
    ]

    made = ranked(inputs_for("similar", 0, products=products, model=UNTRAINED), candidates=[1, 2, 3])

    # Another top category is no alternative, whatever else fills the list.
    assert (made.strategy, places(made)) == ("content", [1, 2])
    assert {reason.source for reason in made.items[0].reasons} == {"similar_product"}
    assert made.items[1].reasons == [Reason(source="new", share=1.0)]


def test_products_newer_than_the_model_are_compared_by_content():
    products = [product(index, category="tents", name=f"tent {index}") for index in range(3)]
    lists = [neighbour_lists(0, similar=[(1, 0.6)])]

    made = ranked(
        inputs_for("similar", 0, products=products, lists=lists, model=model_with(newest_product_index=1)), candidates=[2]
    )

    assert {item.product.product_index: item.reasons[0].source for item in made.items} == {
        1: "similar_product",
        2: "similar_product",
    }


def test_a_taste_decides_between_nearly_equal_products_only():
    products = [product(0), product(1, category="a"), product(2, category="b"), product(3, category="b")]
    catalogue = Catalogue(products)
    interests = np.array([0.0, 1.0])
    taste = Taste(catalogue=catalogue, left_out=np.empty(0, dtype=np.intp), interests=interests, is_named=True)
    complements = {0: packed(p1=0.5, p2=0.49, p3=0.4)}

    made = ranked(inputs_for("bought-together", 0, products=products, complements=complements, taste=taste))

    assert places(made) == [2, 1, 3]
    assert made.items[0].score == pytest.approx(0.49 * 1.05)
    assert made.items[0].reasons == [
        Reason(source="bought_together", product_id="p-0", share=0.9524),
        Reason(source="category_interest", category="b", share=0.0476),
    ]


@pytest.mark.parametrize(("is_personal", "left_out"), [(True, [2]), (False, [])])
def test_purchases_are_left_out_and_causes_named_in_personal_lists_only(is_personal, left_out):
    customer = ranking_inputs(past_event(product(1, category="a")), past_event(product(2), "purchase"))

    taste = taste_of(customer, is_personal=is_personal)

    assert taste.left_out.tolist() == left_out
    assert taste.is_named == is_personal
    # A view counts 1 and a purchase without a category nothing, so the only category has all the interest.
    assert taste.interests.tolist() == [1.0]


def test_unnamed_tastes_leave_no_category_in_the_reasons():
    products = [product(0), product(1, category="a")]
    taste = Taste(
        catalogue=Catalogue(products), left_out=np.empty(0, dtype=np.intp), interests=np.array([1.0]), is_named=False
    )

    made = ranked(inputs_for("bought-together", 0, products=products, complements={0: packed(p1=0.5)}, taste=taste))

    assert [(reason.source, reason.category) for reason in made.items[0].reasons] == [
        ("bought_together", None),
        ("category_interest", None),
    ]


def test_a_list_that_has_enough_looks_up_nothing_else():
    products = [product(index) for index in range(25)]
    complements = {0: pack(range(1, 25), [1.0] * 24)}
    inputs = inputs_for(
        "bought-together",
        0,
        products=products,
        complements=complements,
        model=model_with(popular=weighted_products(p99=1.0)),
    )
    evidence = evidence_of(inputs)

    def looked_up(**conditions) -> CandidateQuery:
        return candidates_of(inputs, evidence, request=ListRequest(**conditions))

    assert 99 not in looked_up(limit=12).product_indexes
    assert 99 in looked_up(limit=13).product_indexes
    assert 99 in looked_up(limit=1, exclude=frozenset({"p-1"})).product_indexes
