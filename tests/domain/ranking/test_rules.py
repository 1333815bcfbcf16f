"""What rules do to scores and places, in every kind of list."""

import numpy as np
import pytest
from msgspec import Struct

from domain.ranking.buy_again import rank_buy_again
from domain.ranking.catalogue import Catalogue
from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.history import unpack_history
from domain.ranking.ranked_list import ranked_list
from domain.ranking.recently_viewed import rank_recently_viewed
from domain.ranking.recommend import recommend, shortlist
from domain.ranking.rules import FACTOR, NO_RULES, seated, seated_scores, with_pins
from domain.ranking.shop_lists import ListOrigin, newest_tier, rank_shop_list, weighted_tier
from domain.records.recommendations import ListRequest, Reason
from tests.domain.rules import rule, rules_for
from tests.domain.shop import NOW, history_of, model_with, past_event, product, ranking_inputs, weighted_products

PRODUCTS = [product(index, category=f"c{index}") for index in range(6)]
MODEL = model_with(popular=weighted_products(p0=1.0, p1=0.8, p2=0.6, p3=0.4, p4=0.2))


class Place(Struct):
    place: int


def indexes(*values):
    return np.array(values, dtype=np.intp)


def listed(*rules, products=PRODUCTS, events=(), model=MODEL, **request):
    """Return the list of a customer under rules, of all products that the catalogue admits."""
    asked = ListRequest(**request)
    inputs = ranking_inputs(*events, model=model)
    inputs.catalogue.add(products)
    applied = rules_for(inputs.catalogue, *rules) if rules else NO_RULES
    shortlisted = shortlist(inputs, request=asked, rules=applied)
    candidates = inputs.catalogue.admitted(np.arange(len(products)), asked)
    return ranked_list(recommend(inputs, shortlisted, candidates, now=NOW, rules=applied))


def ids(ranked):
    return [int(item.product_id[2:]) for item in ranked.items]


def shop_list(*rules, products=PRODUCTS, left_out=(), **request):
    catalogue = Catalogue(products)
    tiers = [weighted_tier([0, 1, 2], [3.0, 2.0, 1.0]), newest_tier(indexes(3, 4, 5), catalogue, now=NOW)]
    return rank_shop_list(
        tiers,
        catalogue,
        origin=ListOrigin(kind="popular", model_id="m-1"),
        request=ListRequest(**request),
        left_out=indexes(*left_out),
        rules=rules_for(catalogue, *rules),
    )


def shop_ids(ranked):
    return [item.product.product_index for item in ranked.items]


def test_without_rules_a_list_stays_as_it_is():
    inert = rule("hide", "p-5", where={"kinds": ["new"]})

    assert listed() == listed(inert)
    assert listed().rules == ""
    assert ids(listed()) == [0, 1, 2, 3, 4, 5]


def test_hidden_products_are_in_no_list_with_their_variants_and_others_take_their_places():
    shirts = [product(index, variant_of="shirt") if index in (0, 2) else product(index) for index in range(6)]

    assert ids(listed(rule("hide", "p-1"), limit=3)) == [0, 2, 3]
    assert ids(listed(rule("hide", "p-2"), products=shirts, limit=2)) == [1, 3]
    assert shop_ids(shop_list(rule("hide", "p-1"), limit=3)) == [0, 2, 3]
    assert listed(rule("hide", category=[f"c{n}" for n in range(6)])).strategy == "empty"


def test_a_boost_multiplies_the_score_and_shows_as_a_reason():
    before, after = listed(), listed(rule("boost", "p-1", strength=2, name="Sale"))

    assert ids(after) == [1, 0, 2, 3, 4, 5]
    scores = {item.product_id: item.score for item in before.items}
    assert after.items[0].score == pytest.approx(scores["p-1"] * FACTOR**2, abs=1e-5)
    [reason] = [reason for reason in after.items[0].reasons if reason.source == "rule"]
    assert (reason.rule, reason.share) == ("Sale", pytest.approx(1 - FACTOR**-2, abs=1e-4))
    assert sum(one.share for one in after.items[0].reasons) == pytest.approx(1.0, abs=0.001)
    assert all(one.source != "rule" for item in after.items[1:] for one in item.reasons)


def test_a_bury_divides_the_score_and_is_no_reason():
    before, after = listed(), listed(rule("bury", "p-0", strength=5))

    assert ids(after).index(0) > 1
    buried = next(item for item in after.items if item.product_id == "p-0")
    assert buried.score == pytest.approx(before.items[0].score / FACTOR**5, abs=1e-5)
    assert buried.reasons == before.items[0].reasons


def test_strengths_add_up_within_bounds_and_the_strongest_boost_is_named():
    catalogue = Catalogue(PRODUCTS)
    boosts = [rule("boost", "p-0", "p-1", strength=5, name=f"Boost {n}", rule_id=f"b{n}") for n in range(3)]
    rules = rules_for(
        catalogue, rule("boost", "p-0", strength=2, name="Weak"), *boosts, rule("bury", "p-1", "p-2", strength=5)
    )

    assert rules.apply(indexes(0, 1, 2, 3), np.ones(4)).tolist() == pytest.approx([FACTOR**10, FACTOR**10, FACTOR**-5, 1.0])
    assert rules.largest_factor == FACTOR**10
    assert rules.contributions(0, 0.5) == [("rule", "Boost 0", 0.5)]
    assert rules.contributions(2, -0.5) == []


def test_a_pinned_product_stands_at_its_place_although_nothing_else_speaks_for_it():
    after = listed(rule("pin", "p-5", position=2, name="Look"), limit=4)

    assert ids(after) == [0, 5, 1, 2]
    assert after.items[1].reasons == [Reason(source="rule", rule="Look", share=1.0)]
    assert after.items[1].score == after.items[0].score
    assert ids(listed(rule("pin", "p-5", position=1), limit=1)) == [5]


def test_a_shorter_list_is_a_prefix_of_a_longer_one():
    rules = [rule("pin", "p-0", position=4), rule("pin", "p-5", position=9)]
    whole = ids(listed(*rules))

    assert whole == [1, 2, 3, 0, 4, 5]
    assert [ids(listed(*rules, limit=n)) for n in range(1, 7)] == [whole[:n] for n in range(1, 7)]


def test_a_pin_shows_only_what_the_list_may_contain():
    gone = [*PRODUCTS[:5], product(5, available=False)]
    pin = rule("pin", "p-5", position=1)

    assert 5 not in ids(listed(pin, products=gone))
    assert 5 not in ids(listed(pin, exclude=frozenset({"p-5"})))
    assert 5 not in ids(listed(pin, categories=frozenset({"c1"})))
    assert 5 not in ids(listed(pin, events=[past_event(PRODUCTS[5], "purchase", 1)]))
    assert 5 not in ids(listed(pin, rule("hide", "p-5")))
    assert 5 not in ids(listed(rule("pin", "p-5", position=1, newer_than_days=7)))[:1]
    assert shop_ids(shop_list(pin, left_out=[5]))[0] == 0


def test_of_two_pins_for_one_position_the_first_saved_has_it_and_the_other_moves_down():
    rules = [
        rule("pin", "p-4", "p-5", position=1, name="First"),
        rule("pin", "p-3", position=2, name="Second"),
        rule("pin", "p-2", position=1, name="Third"),
    ]

    assert ids(listed(*rules)) == [4, 3, 5, 2, 0, 1]


def test_of_variants_the_first_pin_counts():
    shirts = [product(index, variant_of="shirt") if index in (0, 2) else product(index) for index in range(4)]

    assert ids(listed(rule("pin", "p-2", position=1), rule("pin", "p-0", position=3), products=shirts)) == [2, 1, 3]


def test_a_list_of_pins_only_is_not_called_empty():
    nothing = model_with()
    only = listed(rule("pin", "p-5", position=3), rule("hide", category=["c0", "c1", "c2", "c3", "c4"]), model=nothing)

    assert (ids(only), only.strategy) == ([5], "catalogue")
    pinned = shop_list(rule("pin", "p-5", position=3), rule("hide", category=[f"c{n}" for n in range(5)]))
    assert (shop_ids(pinned), pinned.strategy, pinned.items[0].score) == ([5], "catalogue", 1.0)


def test_in_lists_of_the_whole_shop_boosts_move_products_within_their_evidence():
    plain, ruled = (
        shop_list(),
        shop_list(rule("boost", "p-2", "p-4", strength=5, name="Sale"), rule("bury", "p-0", strength=5)),
    )

    assert shop_ids(plain)[:3] == [0, 1, 2]
    assert shop_ids(ruled) == [2, 1, 0, 4, *shop_ids(ruled)[4:]]
    scores = [item.score for item in ruled.items]
    assert scores == sorted(scores, reverse=True)
    shares = {reason.source: reason.share for reason in ruled.items[0].reasons}
    assert shares == {"rule": pytest.approx(1 - FACTOR**-5, abs=1e-4), "popular": pytest.approx(FACTOR**-5, abs=1e-4)}
    assert ruled.items[2].reasons == [Reason(source="popular", share=1.0)]


def customer_inputs(*events):
    return CustomerInputs(history=unpack_history(history_of(*events)), model=model_with(), catalogue=Catalogue(PRODUCTS))


def ranked_own(rank, events, *rules):
    inputs = customer_inputs(*events)
    return rank(inputs, request=ListRequest(), now=NOW, rules=rules_for(inputs.catalogue, *rules))


def test_rules_apply_to_what_a_customer_looked_at_but_pin_nothing_else():
    events = [past_event(PRODUCTS[index], "view", index + 1) for index in range(3)]

    def own(*rules):
        return ranked_own(rank_recently_viewed, events, *rules)

    assert shop_ids(own()) == [0, 1, 2]
    assert shop_ids(own(rule("hide", "p-0"))) == [1, 2]
    assert shop_ids(own(rule("pin", "p-2", "p-5", position=1))) == [2, 0, 1]
    boosted = own(rule("boost", "p-2", strength=5, name="Sale"))
    assert shop_ids(boosted) == [2, 0, 1]
    assert {reason.rule for reason in boosted.items[0].reasons} == {None, "Sale"}


def test_rules_apply_to_what_is_bought_again_but_pin_nothing_else():
    events = [past_event(PRODUCTS[index], "purchase", days) for index in range(2) for days in (400 + index, 200, 100)]
    not_due = past_event(PRODUCTS[2], "purchase", 1)

    def own(*rules):
        return ranked_own(rank_buy_again, [*events, not_due], *rules)

    assert shop_ids(own()) == [0, 1]
    assert shop_ids(own(rule("hide", "p-0"))) == [1]
    assert shop_ids(own(rule("pin", "p-2", "p-5", position=1))) == [2, 0, 1]
    boosted = own(rule("boost", "p-1", strength=1, name="Sale"))
    assert shop_ids(boosted) == [1, 0]
    assert "Sale" in {reason.rule for reason in boosted.items[0].reasons}


def test_pins_are_seated_between_others():
    catalogue = Catalogue(PRODUCTS)
    pins = rules_for(catalogue, rule("pin", "p-0", position=1), rule("pin", "p-1", position=3)).pins_among(
        indexes(0, 1), catalogue
    )

    assert [getattr(one, "product", one) for one in seated(["a", "b"], pins, k=9)] == [0, "a", 1, "b"]
    assert seated(["a", "b", "c"], [], k=2) == ["a", "b"]
    assert seated_scores([pins[0], 3.0, pins[1], 2.0]) == [3.0, 3.0, 3.0, 2.0]
    assert seated_scores(pins) == [1.0, 1.0]
    assert with_pins([], [], catalogue, k=3) == []
