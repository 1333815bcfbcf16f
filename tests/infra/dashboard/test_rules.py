"""Rules on pages: list, edit, preview, publish, remove, undo, and the buttons of products."""

import re
from datetime import timedelta
from html import unescape

import msgspec
import pytest

from domain.ports.rules import RemovedRule
from domain.records.audit import AuditQuery
from domain.records.interactions import BrowsingEvent
from domain.records.rules import MAX_RULES
from infra.dashboard.undo import Undo
from infra.storage.opening import open_repository
from tests.conftest import NOW
from tests.domain.rules import rule
from tests.infra.dashboard.conftest import HOSTILE

HIDE = {"name": "No tents", "action": "hide", "product_ids": "p-1"}
EVERYTHING = HIDE | {"product_ids": "", "brand": "Acme"}


@pytest.fixture
async def shop(filled):
    async with open_repository(filled) as opened:
        yield opened


async def save(shop, *saved):
    for one in saved:
        await shop.save_rule(one, now=NOW, actor="erp")


async def stored(shop):
    """Return the rules without the instants of their changes."""
    return [one.rule for one in (await shop.stored_rules()).rules]


def hidden_field(page, name):
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def button(page, label):
    return unescape(re.search(rf'name="do" value="([^"]*)" aria-label="{re.escape(label)}', page)[1])


async def undo(browser, page):
    """Press the button beside the message of a page."""
    return await browser.see(await browser.send("/rules/undo", page="/rules", fields={"undo": hidden_field(page, "undo")}))


async def test_rules_are_listed_with_what_they_do_and_their_state(owner, shop):
    await save(
        shop,
        rule("hide", "p-1", name="Old", until=(NOW - timedelta(days=1)).isoformat()),
        rule("pin", "p-2", position=1, name="Soon", starts_at=(NOW + timedelta(days=1)).isoformat()),
        rule("boost", strength=1, brand=["Acme"], name="Now", where={"placements": ["home"]}),
        rule("hide", "p-3", name="Later", status="draft"),
    )
    text, drafts = (await owner.get("/rules")).text, (await owner.get("/rules?state=draft")).text

    for part in ("<b>One rule</b> is live.", "Hides Acme tent 1.", "Pins Acme tent 2 to place 1.", "Placement home",
                 "Boosts products of the brand Acme, times 1.2.", "from 24 Nov 2026, 10:00"):  # fmt: skip
        assert part in text, part
    assert re.findall(r'<span class="tag (\w+)">', text) == ["ended", "coming", "live", "draft"]
    assert [name in drafts for name in ("Old", "Soon", "Now", "Later")] == [False, False, False, True]
    assert (await owner.get("/rules?state=x")).status_code == 400


async def test_many_rules_are_shown_by_pages_that_are_small(owner, shop):
    await save(
        shop,
        *(
            rule(
                "pin", "p-1", "p-2", "p-3", position=1, rule_id=f"{n:032}", name=f"Rule {n:03}", until="2026-12-01T00:00:00Z"
            )
            for n in range(MAX_RULES)
        ),
    )
    first, second, last = [(await owner.get(f"/rules{query}")).text for query in ("", "?page=2", "?page=5&state=live")]
    assets = [part.split('"')[0] for part in first.split('="/dashboard/static/')[1:]]
    assets_size = sum([len((await owner.get(f"/static/{name}")).content) for name in assets])

    assert "<b>200 rules</b> are live." in first
    assert re.findall(r"Rule (\d+)</a>", first)[-1] == "039"
    assert re.findall(r"Rule (\d+)</a>", second)[0] == "040"
    assert re.findall(r"Rule (\d+)</a>", last)[-1] == "199"
    assert ("Later rules" in last, "?state=live&amp;page=4" in last or "?state=live&page=4" in last) == (False, True)
    assert max(len(one.encode()) for one in (first, second, last)) + assets_size < 60_000

    refused = await owner.send("/rules/save", page="/rules/new", fields=HIDE | {"go": "live"})
    assert (refused.status_code, "at most 200 rules" in refused.text) == (400, True)
    pressed = await owner.send("/rules/product", page="/rules/new", fields={"product": "p-1", "do": "hide"})
    assert "at most 200 rules" in await owner.see(pressed)
    gone = Undo.of_removed(RemovedRule(rule=rule("hide", "p-1", rule_id="gone"), position=7))
    undone = await owner.send("/rules/undo", page="/rules", fields={"undo": gone})
    assert "at most 200 rules" in await owner.see(undone)


async def test_a_rule_is_drafted_published_edited_and_removed_and_each_step_undone(owner, shop):
    await save(shop, rule("hide", "p-9", rule_id="first"), rule("hide", "p-8", rule_id="last"))
    before = await stored(shop)

    drafted = await owner.see(
        await owner.send("/rules/save", page="/rules/new", fields=HIDE | {"product_ids": "p-1\nnew", "go": "draft"})
    )
    assert "“No tents” is a draft" in unescape(drafted)
    assert "No product has the number new yet." in drafted
    draft = (await stored(shop))[-1]
    published = await owner.see(
        await owner.send("/rules/change", page="/rules", fields={"do": button(drafted, "Publish No tents")})
    )
    assert "is live" in published
    assert (await stored(shop))[-1].status == "live"
    assert "Undone." in await undo(owner, published)
    assert (await stored(shop))[-1] == draft

    page = (await owner.get(f"/rules/rule/{draft.rule_id}")).text
    edited = {
        "rule_id": draft.rule_id, "saved_at": hidden_field(page, "saved_at"), "go": "live", "name": "Other",
        "action": "pin", "position": "2", "product_ids": "p-2", "from": "2026-12-01T00:00",
    }  # fmt: skip
    changed = await owner.see(await owner.send("/rules/save", page="/rules/new", fields=edited))
    assert "“Other” is published, and begins from 1 Dec 2026, 00:00." in changed
    await undo(owner, changed)
    assert (await stored(shop))[-1] == draft
    assert "Somebody changed the rule since then." in await undo(owner, changed)

    page = (await owner.get("/rules/rule/first")).text
    remove = re.search(r'value="(remove [^"]+)"', page)[1]
    removed = await owner.see(await owner.send("/rules/change", page="/rules", fields={"do": unescape(remove)}))
    assert [one.rule_id for one in await stored(shop)] == ["last", draft.rule_id]
    await undo(owner, removed)
    assert await stored(shop) == [*before, draft]

    rested = (await owner.get("/rules")).text
    rest = await owner.send("/rules/change", page="/rules", fields={"do": button(rested, "Back to draft: The hide")})
    assert "is a draft" in await owner.see(rest)
    entries = await shop.audit_entries(AuditQuery(actor="owner"))
    changes = [entry.action for entry in reversed(entries) if entry.action != "sign-in" and entry.outcome == "done"]
    assert changes == ["save-rule"] * 5 + ["remove-rule", "save-rule", "save-rule"]


async def test_a_new_rule_is_undone_by_removing_it_and_a_form_of_no_page_is_refused(owner, shop):
    made = await owner.see(await owner.send("/rules/save", page="/rules/new", fields=HIDE | {"go": "live"}))
    await undo(owner, made)
    assert await stored(shop) == []
    assert "Nothing was undone." in await undo(owner, made)

    wrong = rule("hide", "p-1", brand=["Acme"])
    # No place that is forged leaves no room for the rules after it.
    far = [RemovedRule(rule=rule("hide", "p-1"), position=position) for position in (0, 2**31, 2**63)]
    for sent in ("", "{}", *map(Undo.of_removed, [RemovedRule(rule=wrong, position=1), *far])):
        assert (await owner.send("/rules/undo", page="/rules", fields={"undo": sent})).status_code == 400
    for do in ("", "publish", "remove x r", f"x {NOW.isoformat()} r"):
        assert (await owner.send("/rules/change", page="/rules", fields={"do": do})).status_code == 400
    assert (await owner.send("/rules/product", page="/rules", fields={"do": "x", "product": "p-1"})).status_code == 400
    assert await stored(shop) == []


async def test_a_form_with_mistakes_keeps_what_was_typed(owner, shop):
    typed = {
        "name": HOSTILE,
        "action": "pin",
        "position": "0",
        "product_ids": "p-1\np-2",
        "max_price": "x",
        "segment-Budget": "on",
    }

    answers = [await owner.send(f"/rules/{where}", page="/rules/new", fields=typed) for where in ("save", "preview")]

    for answer in answers:
        assert answer.status_code == 400
        assert "A place is a whole number from 1 to 100." in answer.text
        assert "A price from 0 on." in answer.text
        assert ">\np-1\np-2</textarea>" in answer.text.replace("\r", "")
        assert 'name="segment-Budget" checked' in answer.text
        assert "<script>alert" not in answer.text
    assert await stored(shop) == []


async def test_a_preview_shows_lists_before_and_after_and_the_cost(owner, shop):
    sampled = (await owner.send("/rules/preview", page="/rules/new", fields=HIDE | {"product_ids": "p-6"})).text
    named = (await owner.send("/rules/preview", page="/rules/new", fields=HIDE | {"customers": "canary-2\ncanary"})).text

    assert "too few customers have an order" in sampled
    assert re.search(r"\d of 5 lists would change", sampled)
    assert re.findall(r'class="id" href="/dashboard/customers/([^"]+)"', named) == ["canary-2", "canary"]
    assert 'class="out"' in sampled
    assert await stored(shop) == []

    nobody = await owner.send("/rules/preview", page="/rules/new", fields=HIDE | {"customers": "nobody"})
    many = await owner.send(
        "/rules/preview", page="/rules/new", fields=HIDE | {"customers": "\n".join(f"c-{n}" for n in range(11))}
    )
    assert (nobody.status_code, many.status_code) == (400, 400)
    assert "No customer has the number nobody." in nobody.text
    assert "At most 10 customers." in many.text


async def test_the_cost_of_a_rule_is_shown_with_its_interval(owner, shop, monkeypatch):
    monkeypatch.setattr("infra.use_cases.rule_preview.MIN_COMPARED", 2)
    earlier = NOW - timedelta(days=9)
    for number in range(1, 4):
        view = BrowsingEvent(customer_id=f"canary-{number}", product_id="p-9", occurred_at=earlier)
        await shop.record([view], now=NOW)

    text = (await owner.send("/rules/preview", page="/rules/new", fields=HIDE | {"product_ids": "p-6\np-7"})).text

    assert "Counted on the last orders of 3 customers" in text
    assert '<svg class="whisk"' in text


async def test_before_lists_become_empty_the_page_warns(owner, shop):
    warned = await owner.send("/rules/save", page="/rules/new", fields=EVERYTHING | {"go": "live"})

    assert "Careful: 5 of 5 lists would be empty." in warned.text
    assert "these lists would be empty: best sellers." in warned.text
    assert "Publish anyway" in warned.text
    assert await stored(shop) == []
    again = EVERYTHING | {"go": "live", "seen": hidden_field(warned.text, "seen"), "product_ids": ""}
    other = await owner.send("/rules/save", page="/rules/new", fields=again | {"brand": "Acme\nOther"})
    assert "Careful" in other.text
    await owner.see(await owner.send("/rules/save", page="/rules/new", fields=again))
    [saved] = await stored(shop)
    assert saved.status == "live"
    assert "Rules hide products here: No tents." in (await owner.get("/customers/canary")).text

    await save(shop, msgspec.structs.replace(saved, status="draft", name="Draft"))
    page = (await owner.get("/rules")).text
    published = await owner.send("/rules/change", page="/rules", fields={"do": button(page, "Publish Draft")})
    assert (published.status_code, "Careful" in published.text) == (200, True)


async def test_a_preview_warns_of_other_lists_and_unknown_products(owner):
    fields = HIDE | {"kind-new": "on", "product_ids": "unknown-1"}

    text = (await owner.send("/rules/preview", page="/rules/new", fields=fields)).text

    assert "The rule is for other lists than those of a customer" in text
    assert "No product has the number unknown-1 yet." in text
    assert "0 of 5 lists would change" in text


async def test_of_two_people_who_edit_a_rule_the_second_is_told_and_loses_nothing(owner, shop):
    await save(shop, rule("hide", "p-1", rule_id="r", name="First"))
    page = (await owner.get("/rules/rule/r")).text
    mine = {
        "rule_id": "r", "saved_at": hidden_field(page, "saved_at"), "go": "live", "name": "Mine", "action": "hide",
        "product_ids": "p-1\np-2",
    }  # fmt: skip
    theirs = rule("boost", "p-1", strength=3, rule_id="r", name="Theirs", status="draft")
    await save(shop, theirs)

    # The preview compares with what is saved now, but does not make the form one of its version.
    previewed = await owner.send("/rules/preview", page="/rules", fields=mine)
    assert hidden_field(previewed.text, "saved_at") == mine["saved_at"]
    told = await owner.send("/rules/save", page="/rules", fields=mine)
    assert told.status_code == 409
    assert "Somebody else saved this rule" in told.text
    assert '<td data-l="Saved now">Theirs</td><td data-l="Yours">Mine</td>' in told.text
    assert '<td data-l="Saved now">Draft</td><td data-l="Yours">Live</td>' in told.text
    assert 'value="Mine"' in told.text
    drafted = await owner.send("/rules/save", page="/rules", fields=mine | {"go": "draft"})
    assert 'data-l="Yours">Mine</td>' in drafted.text
    assert 'data-l="Yours">Draft</td>' not in drafted.text
    assert await stored(shop) == [theirs]
    for do in ("draft", "remove"):
        old = await owner.send("/rules/change", page="/rules", fields={"do": f"{do} {mine['saved_at']} r"})
        assert "Somebody changed or removed this rule meanwhile." in await owner.see(old)

    again = mine | {"saved_at": hidden_field(told.text, "saved_at")}
    await owner.see(await owner.send("/rules/save", page="/rules", fields=again))
    assert [one.name for one in await stored(shop)] == ["Mine"]

    await shop.remove_rule("r", actor="erp")
    gone = await owner.send("/rules/save", page="/rules", fields=again)
    assert (gone.status_code, "Somebody else removed this rule" in gone.text) == (409, True)
    assert (hidden_field(gone.text, "rule_id"), hidden_field(gone.text, "saved_at")) == ("r", "")
    await owner.see(await owner.send("/rules/save", page="/rules", fields=again | {"saved_at": ""}))
    assert [one.name for one in await stored(shop)] == ["Mine"]
    assert (await owner.get("/rules/rule/nothing")).status_code == 404


async def test_a_product_is_hidden_pinned_or_boosted_by_a_button_and_back(owner, shop):
    async def press(do, **fields):
        return await owner.see(
            await owner.send("/rules/product", page="/products/p-1", fields={"product": "p-1", "do": do, **fields})
        )

    for action, members in (("hide", {}), ("pin", {"position": 1}), ("boost", {"strength": 3})):
        on = await press(action)
        [made] = await stored(shop)
        name = f"{action.capitalize()} Acme tent 1"
        assert made == rule(action, "p-1", rule_id=made.rule_id, name=name, **members)
        assert f'value="no-{action}" aria-pressed="true"' in on
        # A second click of the same page changes nothing.
        await press(action)
        assert await stored(shop) == [made]
        off = await press(f"no-{action}")
        assert await stored(shop) == []
        assert f'value="{action}" aria-pressed="false"' in off
        await press(f"no-{action}")
        assert "Acme tent 1" in await undo(owner, off)
        assert await stored(shop) == [made]
        await press(f"no-{action}")


async def test_the_list_of_a_customer_has_the_buttons_and_undo_leads_back(owner, shop):
    page = (await owner.get("/customers/canary")).text
    product = hidden_field(page, "product")

    fields = {"product": product, "do": "hide", "customer": "canary"}
    hidden = await owner.send("/rules/product", page="/customers/canary", fields=fields)
    assert hidden.headers["location"] == "/dashboard/customers/canary"
    after = await owner.see(hidden)
    assert f'name="product" value="{product}"' not in after
    back = await owner.send("/rules/undo", page="/rules", fields={"undo": hidden_field(after, "undo")})
    assert back.headers["location"] == "/dashboard/customers/canary"
    assert f'name="product" value="{product}"' in await owner.see(back)


async def test_a_button_leaves_a_rule_alone_that_somebody_made_another(owner, shop):
    async def press(do):
        return await owner.see(await owner.send("/rules/product", page="/products/p-1", fields={"product": "p-1", "do": do}))

    await press("hide")
    [made] = await stored(shop)
    other = rule("bury", "p-1", strength=1, rule_id=made.rule_id, name="Less")
    await save(shop, other)

    assert 'value="hide" aria-pressed="false"' in (await owner.get("/products/p-1")).text
    await press("hide")
    assert (await stored(shop))[0] == other
    assert [one.action for one in await stored(shop)] == ["bury", "hide"]


async def test_a_viewer_sees_rules_and_numbers_but_no_person_and_changes_nothing(viewer, shop):
    await save(shop, rule("hide", "p-6", rule_id="r", name="No mats"))
    pages = [await viewer.get(path) for path in ("/rules", "/rules/rule/r")]
    preview = await viewer.send("/rules/preview", page="/rules/rule/r", fields={"rule_id": "r", "customers": "canary"})

    assert "of 5 lists would change" in preview.text
    for answer in (*pages, preview):
        assert answer.status_code == 200
        assert "canary" not in answer.text.lower()
        assert "/rules/save" not in answer.text
        assert "/rules/change" not in answer.text
    assert (await viewer.get("/rules/new")).status_code == 403
    assert "/rules/product" not in (await viewer.get("/products/p-1")).text
    everything = HIDE | {"go": "live", "do": "remove 2026-11-23T10:00:00+00:00 r", "product": "p-1", "undo": "{}"}
    for path in ("save", "change", "undo", "product"):
        assert (await viewer.send(f"/rules/{path}", page="/rules/rule/r", fields=everything)).status_code == 403
    unknown = await viewer.send("/rules/preview", page="/rules/rule/r", fields={"rule_id": "nothing"})
    assert unknown.status_code == 404
    assert len(await stored(shop)) == 1


async def test_a_shop_without_rules_says_so(owner, shop):
    assert "There is <b>no rule</b>" in (await owner.get("/rules")).text
    await save(shop, rule("hide", "p-1", status="draft"))
    assert "<b>No rule</b> is live" in (await owner.get("/rules")).text
