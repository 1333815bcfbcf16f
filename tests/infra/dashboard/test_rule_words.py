"""Rules in words and as fields of a form, and the cost of a rule in words."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain.records.recommendations import RecommendedProduct
from domain.records.rule_previews import HitsCost, ListChange
from infra.dashboard.forms import Form
from infra.dashboard.rule_forms import differences, fields_of, filled_rule
from infra.dashboard.rule_views import comparison_of, cost_in_words
from infra.dashboard.rule_words import sentence_about, state_of, when_of, where_of
from tests.conftest import NOW
from tests.domain.rules import rule

NAMES = {"p-1": "Lamp", "p-2": "<b>Tent</b>"}
FULL = rule(
    "boost", strength=4, category=["outdoor/tents", "home"], brand=["Acme"], tag=["light"],
    attributes={"colour": ["red", "a = b"], "watt": [5, 2.5], "dimmable": [True]}, min_price=2.5, max_price=1e6,
    newer_than_days=30, starts_at="2026-12-01T08:30:15Z", until="2026-12-24T00:00:00Z",
    where={"placements": ["home", "the cart"], "kinds": ["similar", "popular"], "segments": ["Premium"]},
)  # fmt: skip


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        (rule("hide", "p-1"), "Hides Lamp."),
        (rule("pin", "p-1", "p-2", "p-3", "p-4", position=3), "Pins Lamp, &lt;b&gt;Tent&lt;/b&gt; and 2 more to place 3."),
        (rule("hide", "unknown", newer_than_days=1), "Hides unknown that came since yesterday."),
        (rule("bury", strength=5, tag=["a", "b"]), "Buries products with the tag a or b, divided by 3.1."),
        (
            rule("hide", category=["outdoor/tents", "home"], brand=["Acme"]),
            "Hides products in outdoor/tents or home of the brand Acme.",
        ),
        (
            rule("boost", strength=4, attributes={"colour": ["red", "a = b"], "watt": [5.0, 2.5], "dimmable": [True]}),
            "Boosts products with colour red or a = b with watt 5 or 2.5 with dimmable true, times 2.4.",
        ),
        (rule("hide", min_price=2.5, max_price=1e6), "Hides products from 2.50 up to 1,000,000.00."),
    ],
)
def test_a_rule_is_one_sentence(described, sentence):
    assert str(sentence_about(described, NAMES)) == sentence


def test_places_and_dates_are_words():
    assert str(where_of(FULL.where)) == "Placement home or the cart; Lists: alike or best sellers; Premium customers"
    assert str(where_of(rule("hide", "p-1").where)) == "Everywhere"
    dates = [("2026-12-01T00:00:00Z", None), (None, "2026-12-24T00:00:00Z"), (None, None)]
    assert [str(when_of(rule("hide", "p-1", starts_at=start, until=end))) for start, end in dates] == [
        "from 1 Dec 2026, 00:00", "until 24 Dec 2026, 00:00", "always",
    ]  # fmt: skip
    assert str(when_of(FULL)) == "from 1 Dec 2026, 08:30 until 24 Dec 2026, 00:00"


def test_the_state_of_a_rule_follows_from_its_dates():
    hour = timedelta(hours=1)
    hide = rule("hide", "p-1")

    assert state_of(hide, NOW) == "live"
    assert state_of(replace(hide, status="draft", until=NOW - hour), NOW) == "draft"
    assert [state_of(replace(hide, starts_at=NOW + step), NOW) for step in (-hour, 0 * hour, hour)] == [
        "live", "live", "coming",
    ]  # fmt: skip
    assert [state_of(replace(hide, until=NOW + step), NOW) for step in (-hour, 0 * hour, hour)] == [
        "ended", "ended", "live",
    ]  # fmt: skip


@pytest.mark.parametrize("saved", [rule("pin", "SKU 1/2", "p-2", position=7), FULL, rule("hide", newer_than_days=3)])
def test_a_rule_survives_the_form(saved):
    form = Form(fields_of(saved) | {"rule_id": saved.known_id})

    found = filled_rule(form, status="live")

    assert found.wrong == {}
    # Numbers and truth values of attributes are written as lists write them, which finds the same products.
    assert found.rule.target.filtered == saved.target.filtered
    assert replace(found.rule.target, attributes=saved.target.attributes) == saved.target
    assert replace(found.rule, target=saved.target) == saved


def test_all_that_is_wrong_in_a_form_is_named_by_its_fields():
    def wrong(**fields):
        return set(filled_rule(Form({name.rstrip("_"): value for name, value in fields.items()}), status="live").wrong)

    assert wrong() == {"action", "name"}
    assert wrong(name="x", action="hide") == {"target"}
    assert wrong(name="x" * 201, action="pin", position="x", product_ids="p-1", from_="soon", until="0001-01-01T00:00") == {
        "name", "position", "from",
    }  # fmt: skip
    assert wrong(name="x", action="pin", position="1e300", brand="Acme") == {"position"}
    assert wrong(name="x", action="pin", brand="Acme") == {"position", "product_ids"}
    assert wrong(name="x", action="boost", strength="6", product_ids="p-1", brand="Acme") == {"strength"}
    assert wrong(name="x", action="hide", product_ids="p-1", brand="Acme") == {"product_ids"}
    assert wrong(name="x", action="hide", attributes="colour", placements="x" * 65) == {"attributes", "placements"}
    assert wrong(name="x", action="hide", min_price="7", max_price="5") == {"min_price"}
    assert wrong(name="x", action="hide", newer_than_days="nan") == {"newer_than_days"}
    assert wrong(name="x", action="hide", tag="a", from_="2026-12-02T00:00", until="2026-12-01T00:00+00:00") == {"until"}
    assert wrong(name="x", action="hide", tag="a", rule_id="..") == {"other"}


def test_the_fields_that_two_people_changed_are_named():
    theirs = fields_of(rule("boost", "p-1", strength=2, where={"kinds": ["popular"]}, until="2026-12-01T00:00:00Z"))
    mine = {"name": "The boost", "action": "hide", "strength": "2", "product_ids": "p-1\r\np-2", "segment-Premium": "on"}

    assert [(str(label), ours, typed) for label, ours, typed in differences(theirs, mine)] == [
        ("What it does", "Boost", "Hide"), ("How much", "2", ""), ("Product numbers", "p-1", "p-1, p-2"),
        ("Kinds of lists", "popular", ""), ("Customers", "", "Premium"), ("Until (UTC)", "2026-12-01 00:00", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("difference", "low", "high", "part", "places"),
    [
        (-0.02, -0.03, -0.01, "about <b>2 fewer</b> of the products that they bought next: between 1 and 3", (5, 20, 35)),
        (
            0.005,
            0.0049,
            0.02,
            "about <b>0.5 more</b> of the products that they bought next: between 0.5 and 2",
            (61, 61.2, 95),
        ),
        (-0.005, -0.015, 0.005, "<b>No clear cost</b>: in 100 lists, between 1.5 fewer and 0.5 more", (5, 35, 65)),
        (0.0, 0.0, 0.0, "It <b>costs nothing</b> that can be counted", (50, 50, 50)),
    ],
)
def test_a_cost_is_said_with_its_doubt(difference, low, high, part, places):
    hits = HitsCost(customers=200, before=0.31, after=0.31 + difference, difference=difference, low=low, high=high)

    cost = cost_in_words(hits)

    assert part in cost.sentence
    assert (cost.low, cost.middle, cost.high) == pytest.approx(places)
    assert cost.before == 31


def test_moves_are_judged_in_the_whole_lists():
    def items(*names):
        return [
            RecommendedProduct(
                rank=rank, product_id=name, name=name, category=None, brand=None, price=None, currency="EUR", url=None,
                image_url=None, score=1.0, reasons=[],
            )
            for rank, name in enumerate(names, start=1)
        ]  # fmt: skip

    change = ListChange(customer_id="c", is_changed=True, before=items(*"abcdef"), after=items(*"fgbadeh"))

    found = comparison_of(change)

    assert [(place.product.name, str(place.move)) for place in found.before] == [
        ("a", ""), ("b", ""), ("c", "out"), ("d", ""), ("e", ""),
    ]  # fmt: skip
    assert [(place.product.name, place.colour, str(place.move)) for place in found.after] == [
        ("f", "in", "up 5"), ("g", "in", "new"), ("b", "", ""), ("a", "", ""), ("d", "", ""),
    ]  # fmt: skip
    assert (found.n_new, found.n_places, found.is_changed) == (2, 7, True)
