"""Why a product is not in a customer's list, in plain sentences, each with what would change it."""

from datetime import timedelta

import pytest

from domain.records.audit import AuditQuery
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from domain.records.why_not import VERDICTS, ScorePart, WhyNot
from infra.dashboard.absence import answer_to, change_of
from infra.storage.opening import open_repository
from infra.use_cases.rules import save_rule
from tests.conftest import NOW
from tests.domain.rules import rule
from tests.infra.dashboard.conftest import HOSTILE


@pytest.fixture
async def shop(filled):
    async with open_repository(filled) as opened:
        yield opened


async def ask(owner, product):
    response = await owner.get("/customers/canary", params={"missing": product})
    assert response.status_code == 200
    return response.text


def verdict(name, **fields):
    known = {"customer_id": "c", "product_id": "p", "generated_at": NOW, "limit": 10, "advice": "", "rank": 12}
    return WhyNot(verdict=name, **known | fields)


@pytest.mark.parametrize("name", VERDICTS)
def test_each_verdict_is_a_sentence_with_what_would_change_it(name):
    why = verdict(name, variant="p-2", rules=["No news"])

    for sentence in (answer_to(why), change_of(why)):
        assert sentence[0].isupper() or sentence.startswith("<b>")
        assert sentence.endswith(".")
        assert "{" not in sentence


def test_an_answer_says_when_it_was_bought_and_when_it_may_return():
    due = verdict("bought_not_due", due_at=NOW + timedelta(days=9))

    assert "bought it on 20 Nov 2026</b>" in answer_to(due, bought_at=NOW - timedelta(days=3))
    assert change_of(due) == "It may be in the list again from 2 Dec 2026 on."
    assert change_of(verdict("bought_not_due")) == "Nothing: customers buy products of this kind once."


def test_rules_that_pin_others_before_it_are_named():
    why = verdict("ranked_below", pinned_by=["Sale", "<b>"])

    assert answer_to(why) == "It is <b>number 12</b>: your rules “Sale”, “&lt;b&gt;” pin other products before it."
    assert change_of(why) == "Without these pins, it would have a place."


@pytest.mark.parametrize(
    ("source", "lack"),
    [
        ("bought_together", "Fewer of those who bought what they bought also bought this."),
        ("in_season", "It has less of this: In season."),
        ("diversity", "Others with as many reasons come before it."),
    ],
)
def test_an_answer_names_what_it_lacks_most(source, lack):
    amount = 0.0 if source == "diversity" else 0.5
    why = verdict(
        "ranked_below",
        score=0.3,
        score_of_last_shown=0.3 + amount,
        parts=[ScorePart(source="popular", amount=0.3)],
        parts_of_last_shown=[ScorePart(source="popular", amount=0.3), ScorePart(source=source, amount=amount)],
    )

    assert answer_to(why) == f"It is <b>number 12</b>. {lack}"


async def test_a_product_below_the_list_is_compared_with_the_last_one_shown(owner, shop):
    await shop.put_products(
        [ProductChange(product_id=f"q-{n}", name=f"Tent q{n}", category="outdoor/tents") for n in range(6)], now=NOW
    )
    text = await ask(owner, "q-5")

    assert "It is <b>number" in text or "connects it" in text or "closer" in text
    assert "10. " in text
    assert 'href="/dashboard/products/q-5"' in text


async def test_a_bought_product_a_hidden_one_and_one_out_of_stock_say_so(owner, shop):
    await save_rule(shop, rule("hide", "p-9", name=HOSTILE), now=NOW, actor="owner")
    await shop.put_products([ProductChange(product_id="p-8", in_stock=False)], now=NOW)

    bought, hidden, gone = [await ask(owner, name) for name in ("p-1", "p-9", "p-8")]

    assert "bought it on 21 Nov 2026</b>" in bought
    assert "hidden by your rule</b> “&lt;script&gt;" in hidden
    assert "<script>alert" not in hidden
    assert "<b>out of stock</b>" in gone


async def test_a_product_is_found_by_a_part_of_its_name_or_chosen_from_several(owner, shop):
    await shop.put_products([ProductChange(product_id="a/b c", name=f"Odd {HOSTILE}", category="outdoor")], now=NOW)
    await shop.put_products([ProductChange(product_id="d", name="Odd too")], now=NOW)

    one, several, none = [await ask(owner, text) for text in ("odd too", "odd", HOSTILE + "?")]

    assert "Open the product" in one
    assert "Which one?" in several
    assert "?missing=a/b%20c#whynot" in several
    assert "No product is called “&lt;script&gt;" in none
    for text in (one, several, none):
        assert "<script>alert" not in text


async def test_a_question_is_in_the_audit_as_a_look_at_the_person(written_at_once, owner, shop):
    await ask(owner, "p-1")

    entries = await shop.audit_entries(AuditQuery(customer_id="canary", actor="owner"))

    assert [(entry.action, entry.outcome) for entry in entries] == [("read-profile", "done")]


async def test_a_product_that_only_events_named_and_an_empty_question(owner, shop):
    await shop.record([BrowsingEvent(customer_id="canary", product_id="p-1")], now=NOW)

    assert 'class="note"' not in await ask(owner, "  ")
    assert (await owner.get("/customers/nobody", params={"missing": "p-1"})).status_code == 404
