"""Importing events: interactions and purchases of one line, their identities, guests and refusals."""

import json
import sys
from datetime import datetime, timedelta

import pytest

from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from infra.ingest import NotUnderstood, store_events
from tests.imports import as_imported

HEADER = "customer_id,product_id,event_type,occurred_at,order_id,quantity,unit_price,currency,event_id\n"
CREATE = {"create_products": True}
DAY = "2026-01-02 00:00:00"


def event_lines(shop):
    """Return a function that imports lines below HEADER and creates their products."""

    async def run(*texts, **options):
        return await shop.run("events", *(HEADER + text for text in texts), **(CREATE | options))

    return run


@pytest.fixture
def import_lines(shop):
    return event_lines(shop)


@pytest.fixture
def import_anywhere(any_shop):
    return event_lines(any_shop)


async def test_an_event_without_a_type_is_a_view(shop):
    await shop.run("events", "customer_id,product_id\nc-1,p\n", **CREATE)

    assert await shop.events() == [("c-1", "p", "view", "2026-11-23 10:00:00")]


async def test_every_event_type_is_stored_as_such(import_lines, shop):
    types = ("view", "cart", "wishlist", "purchase")
    await import_lines("".join(f"c-1,p,{event_type},2026-01-02,,,,,\n" for event_type in types))

    assert await shop.events() == [("c-1", "p", event_type, DAY) for event_type in ("cart", "view", "wishlist")]
    assert list((await shop.lines()).values()) == [[("p", 1, None)]]


async def test_events_become_interactions_and_orders(import_anywhere, any_shop):
    await any_shop.run("products", "product_id,price\np-1,2.5\np-2,4\n")
    report = await import_anywhere(
        "c-1,p-1,,2026-01-02,,,,,\n"
        "c-1,p-1,cart,2026-01-02 03:04:05,,,,,e-1\n"
        "c-1,p-2,purchase,2026-01-02T03:04:05+01:00,o-1,2,1.50,EUR,\n"
        "c-1,p-1,purchase,2026-01-02T03:04:05+01:00,o-1,1,,EUR,\n"
        "c-1,p-1,purchase,2026-01-03,,,,,\n",
        create_products=False,
    )

    activity = (await any_shop.repository.profile("c-1")).activity
    assert (report.read, report.counts) == (5, {"new": 5})
    assert (activity.views, activity.carts, activity.orders, activity.items_bought) == (1, 1, 2, 4)
    assert activity.spent == 2 * 1.5 + 2.5 + 2.5


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-02", "2026-01-02 00:00:00", "2026-01-02T00:00:00Z", "2026-01-02T02:00:00+02:00", "1767312000",
        "1767312000000", "1767312000000000", "02.01.2026", "Jan 2 2026", "20260102T000000Z",
    ],
)  # fmt: skip
async def test_one_instant_in_any_notation_is_the_same_event(import_lines, shop, written):
    await import_lines("c-1,p,view,2026-01-02T00:00:00.000Z,,,,,\n")
    report = await import_lines(f"c-1,p,view,{written},,,,,\n")

    assert report.counts == {"seen_before": 1}
    assert await shop.events() == [("c-1", "p", "view", DAY)]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("customer_id", "process-browsing", None),
        ("customer_id", "c\x01", None),
        ("customer_id", "x" * 129, None),
        ("product_id", "", "Required"),
        ("product_id", "p\u200bq", None),
        ("event_id", "e\x01", None),
        ("occurred_at", "yesterday", None),
        ("occurred_at", "1969-12-31", "Expected an instant of 1970 or later"),
        ("occurred_at", "2026-02-30", None),
        ("occurred_at", "9999-12-31", "Expected an instant at most 5 minutes ahead"),
        ("occurred_at", "2026-11-23T10:05:01Z", "Expected an instant at most 5 minutes ahead"),
        ("order_id", "o\x01", None),
        ("quantity", "1.5", None),
        ("quantity", "1000000", None),
        ("unit_price", "-1", None),
        ("unit_price", "nan-", None),
        ("unit_price", "cheap", None),
        ("currency", "shells", None),
    ],
)
async def test_an_invalid_value_refuses_its_line_and_names_the_field(import_lines, shop, field, value, reason):
    line = {"customer_id": "c-1", "product_id": "p", "event_type": "view"}
    if field in {"order_id", "quantity", "unit_price", "currency"}:
        line |= {"event_type": "purchase", "order_id": "o-1", "quantity": "1", "unit_price": "1", "currency": "EUR"}
    line[field] = value
    cells = ",".join(line.get(column, "") for column in HEADER.strip().split(","))

    report = await import_lines(f"{cells}\nc-1,p,view,2026-01-02,,,,,\n")

    assert shop.refusals() == [(2, field)]
    assert (report.read, report.counts, report.exit_code) == (2, {"refused": 1, "new": 1}, 3)
    assert reason in {None, shop.rejected()[0]["reason"]}
    assert value not in {shop.rejected()[0]["reason"], *(reason.split()[-1] for reason in report.reasons())}
    assert len(report.reasons()) == 1


async def test_an_event_up_to_five_minutes_ahead_is_accepted(import_lines):
    assert (await import_lines("c-1,p,view,2026-11-23T10:05:00Z,,,,,\n")).counts == {"new": 1}


async def test_a_row_that_is_too_short_has_empty_cells(import_lines, shop):
    assert (await import_lines("c-1,p\nc-1,p,cart\n")).counts == {"new": 2}
    assert [event_type for _, _, event_type, _ in await shop.events()] == ["cart", "view"]


async def test_nothing_that_is_said_contains_a_personal_value(import_lines, shop):
    secret = "canary@example.com\u200b"
    bad = (f"{secret},p,,,,,,,", f"c-1,p,,{secret},,,,,", f"c-1,p,purchase,,{secret},,,,", f"c-1,p,,,,,,,{secret}")

    report = await import_lines("".join(f"{cells}\n" for cells in bad) + "c-1,p,cart,,,,,,\n" * 4)

    assert [line for line, _ in shop.refusals()] == [2, 3, 4, 5]
    assert "canary" not in json.dumps(shop.rejected())
    assert "canary" not in shop.said + report.summary()


async def test_importing_again_changes_nothing(import_anywhere):
    text = "c-1,p,view,2026-01-02,,,,,\nc-1,p,purchase,2026-01-02,,1,2.5,EUR,\nc-1,p,purchase,2026-01-02,o-1,,,,\n"

    first, second = await import_anywhere(text), await import_anywhere(text)

    assert (first.counts, second.counts, second.exit_code) == ({"new": 3}, {"seen_before": 3}, 0)


async def test_importing_the_lines_in_another_order_changes_nothing(import_lines):
    lines = [f"c-{n % 3},p{n % 5},view,2026-01-0{n % 4 + 1},,,,,\n" for n in range(60)]
    lines += [f"c-1,p{n},purchase,2026-01-01,o-1,,,,\n" for n in range(3)]
    await import_lines("".join(lines))

    assert (await import_lines("".join(reversed(lines)))).counts == {"seen_before": 60 + 3}


async def test_identical_lines_of_one_file_are_different_events(import_lines, shop):
    report = await import_lines("c-1,p,view,2026-01-02,,,,,\n" * 2)

    assert report.counts == {"new": 2}
    assert len(set(await shop.event_ids())) == 2


async def test_overlapping_files_count_once_in_one_command_or_two(import_lines, shop):
    line = "c-1,p,view,2026-01-02,,,,,\n"

    one_command = await import_lines(line * 2, line * 3, line)
    another = await import_lines(line * 4)

    assert one_command.counts == {"new": 3, "seen_before": 3}
    assert another.counts == {"new": 1, "seen_before": 3}
    assert len(await shop.events()) == 4


async def test_a_column_added_later_does_not_count_again(shop):
    await shop.run("events", "customer_id,product_id,occurred_at\nc-1,p,2026-01-02\n", **CREATE)

    report = await shop.run("events", "customer_id,product_id,occurred_at,dwell_seconds\nc-1,p,2026-01-02,7.5\n", **CREATE)

    assert report.counts == {"seen_before": 1}


async def test_identical_purchases_without_an_id_are_separate_orders(import_lines, shop):
    await import_lines("c-1,p,purchase,2026-01-02,,1,2,EUR,\n" * 2)

    assert sorted((await shop.lines()).values()) == [[("p", 1, 2.0)]] * 2


async def test_derived_ids_are_32_hexadecimal_digits(import_lines, shop):
    day = "2026-01-02"
    lines = f"c-1,p,view,{day},,,,,\n" * 2 + f"c-1,p,purchase,{day},,,,,\n" * 2 + f"c-1,p,purchase,{day},,,,,e-1\n"
    await import_lines(lines)

    ids = [*await shop.orders(), *await shop.event_ids()]
    assert len(ids) == 5
    assert {len(identifier) for identifier in ids} == {32}
    assert all(int(identifier, 16) >= 0 for identifier in ids)


async def test_the_same_event_id_with_the_same_content_counts_once(import_lines):
    assert (await import_lines("c-1,p,view,2026-01-02,,,,,e-1\n" * 2)).counts == {"new": 1, "seen_before": 1}


async def test_the_same_event_id_with_other_content_is_refused(import_lines, shop):
    report = await import_lines("c-1,p,view,2026-01-02,,,,,e-1\nc-1,q,view,2026-01-02,,,,,e-1\n")

    assert report.counts == {"new": 1, "refused": 1}
    assert [field for _, field in shop.refusals()] == ["event_id"]


async def test_the_order_id_of_a_purchase_is_derived_from_its_event_id_and_differs_from_it(import_lines, shop):
    report = await import_lines("c-1,p,purchase,2026-01-02,,,,,e-1\n" * 2 + "c-1,p,purchase,2026-01-02,e-1,,,,\n")

    assert report.counts == {"new": 2, "seen_before": 1}
    assert len(await shop.orders()) == 2
    assert "e-1" in await shop.orders()


async def test_the_products_of_one_event_are_one_order_and_a_repeated_event_counts_once(import_lines, shop):
    lines = "c-1,p,purchase,2026-01-02,,1,,,e-1\nc-1,q,purchase,2026-01-02,,2,,,e-1\n"

    first, again = await import_lines(lines * 2), await import_lines(lines)

    assert (first.counts, again.counts) == ({"new": 2, "seen_before": 2}, {"seen_before": 2})
    assert len(await shop.orders()) == 1


async def test_an_event_sent_over_http_without_an_id_and_one_of_a_file_are_two(import_lines, shop):
    event = BrowsingEvent(customer_id="c-1", product_id="p", event_type="view", event_id="e-1", occurred_at=shop.now)
    await shop.repository.put_events(as_imported([event]), create_products=True, now=shop.now)

    assert (await import_lines(f"c-1,p,view,{shop.now.isoformat()},,,,,e-1\n")).counts == {"seen_before": 1}


@pytest.mark.parametrize(("remembered", "n_batches"), [(200_000, 7), (0, 8)])
async def test_a_batch_has_at_most_a_thousand_rows_with_those_it_may_create(
    import_lines, shop, monkeypatch, remembered, n_batches
):
    monkeypatch.setattr(store_events, "MAX_REMEMBERED_PRODUCTS", remembered)
    sizes, known = [], set()
    put = shop.repository.put_events

    class Store(type(shop.repository)):
        def __init__(self):
            self.__dict__ = shop.repository.__dict__

        async def put_events(self, events, **options):
            rows = [len(one.event.items) if isinstance(one.event, Purchase) else 1 for one in events]
            named = {item.product_id for one in events for item in getattr(one.event, "items", (one.event,))}
            sizes.append(sum(rows) + len(named - known) + len({one.event.customer_id for one in events}))
            known.update(named)
            return await put(events, **options)

    shop.store = Store()
    views = "".join(f"c-1,p{n},view,2026-01-02,,,,,\n" for n in range(1500))
    orders = "".join(f"c-1,p{n},purchase,2026-01-02,o-{n % 4},,,,\n" for n in range(2400))
    report = await import_lines(views + orders)

    assert report.counts == {"new": 3900}
    assert max(sizes) <= 1000
    # A view is two rows with its product. Products that are not remembered count again with the orders.
    assert len(sizes) == n_batches


async def test_refusals_are_listed_beside_their_own_file(import_lines, shop):
    good = "c-1,p,cart,2026-01-02,,,,,\n"
    report = await import_lines("c-1,,,,,,,,\n" + good, good + "c-1,,,,,,,,\n")

    assert (shop.refusals(), shop.refusals("1-file.csv")) == ([(2, "product_id")], [(3, "product_id")])
    assert f"line 2 of {shop.folder}/file.csv, line 3 of {shop.folder}/1-file.csv" in report.summary()


async def test_unknown_customers_are_created_and_unknown_products_refused(import_anywhere, any_shop):
    await any_shop.run("products", "product_id\np\n")

    report = await import_anywhere("c-1,p,view,2026-01-02,,,,,\nc-1,q,view,2026-01-02,,,,,\n", create_products=False)

    assert (report.counts, any_shop.refusals()) == ({"new": 1, "refused": 1}, [(3, "product_id")])
    assert await any_shop.customers() == {"c-1": (None, False)}
    created = await import_anywhere("c-1,q,view,2026-01-02,,,,,\n")
    assert (created.counts, any_shop.refusals()) == ({"new": 1}, [])
    assert sorted(await any_shop.products()) == ["p", "q"]


async def test_events_of_an_unknown_catalogue_are_not_stored_and_the_remedy_is_named(import_lines, shop):
    with pytest.raises(NotUnderstood, match=r"2 of 2 lines that were tried(.|\n)*--create-products"):
        await import_lines("c-1,p,view,2026-01-02,,,,,\nc-1,q,view,2026-01-02,,,,,\n", create_products=False)

    assert await shop.customers() == {}


async def test_events_that_contradict_stored_ones_are_not_stored_without_another_remedy(import_lines):
    await import_lines("c-1,p,view,2026-01-02,,,,,e-1\n")

    with pytest.raises(NotUnderstood) as caught:
        await import_lines("c-2,p,view,2026-01-02,,,,,e-1\n", create_products=False)

    assert "create-products" not in str(caught.value)


GUEST_LINES = """customer_id,anonymous_id,product_id,event_type,occurred_at,order_id
c-1,a-1,p,view,2026-01-02,
NA,a-2,p,view,2026-01-02,
guest,a-2,q,view,2026-01-02,
0,,p,view,2026-01-02,
,,p,purchase,2026-01-02,o-1
null,,q,purchase,2026-01-02,o-1
,,p,purchase,2026-01-02,o-2
,,p,purchase,2026-01-02,
"""


async def test_guests_are_skipped_and_counted(shop):
    report = await shop.run("events", GUEST_LINES, **CREATE)

    assert report.counts == {"new": 1, "guest": 7}
    assert "7 guests skipped" in report.summary()
    assert await shop.customers() == {"c-1": (None, False)}


async def test_each_order_without_a_customer_can_be_that_of_a_guest(any_shop):
    report = await any_shop.run("events", GUEST_LINES, guests="per-order", **CREATE)

    assert report.counts == {"new": 1 + 4, "guest": 3}
    customers = await any_shop.customers()
    assert sorted(customers.values()) == [(None, False), (None, True), (None, True), (None, True)]
    orders = await any_shop.orders()
    assert len({customer for customer, _ in orders.values()}) == 3
    assert orders["o-1"][1] == [("p", 1, None), ("q", 1, None)]
    again = await any_shop.run("events", GUEST_LINES, guests="per-order", **CREATE)
    assert again.counts == {"seen_before": 5, "guest": 3}
    assert await any_shop.customers() == customers


async def test_each_anonymous_id_can_be_a_guest(any_shop):
    for counts in ({"new": 3, "guest": 5}, {"seen_before": 3, "guest": 5}):
        assert (await any_shop.run("events", GUEST_LINES, guests="keep", **CREATE)).counts == counts

    assert await any_shop.customers() == {"c-1": (None, False), "a-2": (None, True)}


async def test_whether_anonymous_ids_stand_for_customers_is_decided_for_each_file(shop):
    named = "customer_id,anonymous_id,product_id,occurred_at\nc-1,a-1,p,2026-01-02\n,a-2,p,2026-01-02\n"
    unnamed = "customer_id,anonymous_id,product_id,occurred_at\n,a-3,p,2026-01-02\n"

    report = await shop.run("events", named, unnamed, **CREATE)

    assert report.counts == {"new": 2, "guest": 1}
    assert await shop.customers() == {"c-1": (None, False), "a-3": (None, True)}


async def test_where_no_customer_is_named_at_all_anonymous_ids_are_guests(shop):
    text = "customer_id,anonymous_id,product_id,occurred_at\n,a-1,p,2026-01-02\nNA,a-2,p,2026-01-02\n"

    report = await shop.run("events", text, **CREATE)

    assert report.counts == {"new": 2}
    assert "No customer is named: anonymous_id stands for the customers, as guests." in shop.said
    assert await shop.customers() == {"a-1": (None, True), "a-2": (None, True)}


async def test_a_customer_is_known_by_the_e_mail_address(any_shop):
    await any_shop.run("customers", "customer_id,email\nc-1,canary@example.com\n")

    text = "email,product_id,occurred_at\nCanary@Example.com,p,2026-01-02\ncanary-2@example.com,p,2026-01-02\n"
    for counts in ({"new": 2}, {"seen_before": 2}):
        assert (await any_shop.run("events", text, **CREATE)).counts == counts

    assert await any_shop.customers() == {
        "c-1": ("canary@example.com", False),
        "canary-2@example.com": ("canary-2@example.com", False),
    }
    assert [event[0] for event in await any_shop.events()] == ["c-1", "canary-2@example.com"]


async def test_ignored_names_are_counted_by_name(import_lines, shop):
    report = await import_lines("c-1,p,page_view,,,,,,\nc-1,p,search,,,,,,\nc-1,p,search,,,,,,\nc-1,p,cart,,,,,,\n")

    assert (report.read, report.counts) == (4, {"new": 1, "ignored": 3})
    assert "Ignored events: search 2, page_view 1." in report.summary()
    assert "Names that mean nothing here: page_view, search. --event-map NAME=view" in shop.said


async def test_names_of_events_can_be_given_a_meaning(import_lines, shop):
    names = {"Page View": "view", "search": "ignored", "kauf": "purchase"}
    report = await import_lines(
        "c-1,p,page_view,2026-01-02,,,,,\nc-1,p,search,,,,,,\nc-1,p,KAUF,2026-01-02,o-1,,,,\n", event_names=names
    )

    assert report.counts == {"new": 2, "ignored": 1}
    assert await shop.events() == [("c-1", "p", "view", DAY)]
    assert list(await shop.orders()) == ["o-1"]


async def test_a_purchase_without_a_quantity_is_left_out_and_counted(import_lines, shop):
    report = await import_lines("c-1,p,purchase,2026-01-02,,0,,,\nc-1,p,purchase,2026-01-02,o-1,0,,,\nc-1,p,cart,,,,,,\n")

    assert report.counts == {"new": 1, "empty": 2}
    assert "2 without a quantity" in report.summary()
    assert await shop.orders() == {}


async def test_an_order_already_received_over_http_is_seen_before_and_later_replaced(any_shop, import_anywhere, now):
    at = (now - timedelta(days=1)).isoformat()
    await any_shop.run("products", "product_id\np\nq\n")
    over_http = Purchase(
        customer_id="c-1",
        order_id="o-1",
        currency="EUR",
        occurred_at=datetime.fromisoformat(at),
        items=(OrderItem(product_id="p", quantity=2), OrderItem(product_id="q", unit_price=3.5)),
    )
    await any_shop.repository.put_events(
        as_imported([BrowsingEvent(customer_id="c-1", product_id="p")]), create_products=False, now=now
    )
    await any_shop.repository.record([over_http], now=now)

    same = await import_anywhere(f"c-1,q,purchase,{at},o-1,1,3.50,EUR,\nc-1,p,purchase,{at},o-1,2,,EUR,\n")
    other = await import_anywhere(f"c-1,q,purchase,{at},o-1,1,3.50,EUR,\n")

    assert (same.counts, other.counts) == ({"seen_before": 2}, {"replaced": 1})
    assert await any_shop.lines() == {"o-1": [("q", 1, 3.5)]}


async def test_events_of_now_are_said_to_be_so(shop):
    text = "customer_id,product_id,seen_on\nc-1,p,2026-01-02\n"
    with pytest.raises(NotUnderstood, match=r"seen_on has times(.|\n)*--set occurred_at=now"):
        await shop.run("events", text, **CREATE)

    await shop.run("events", text, constants={"occurred_at": "now"}, **CREATE)

    assert await shop.events() == [("c-1", "p", "view", "2026-11-23 10:00:00")]


@pytest.mark.parametrize(("last", "day"), [("13/04/2026", "2026-04-03"), ("04/13/2026", "2026-03-04")])
async def test_the_sequence_of_dates_is_decided_by_the_whole_file_if_its_beginning_does_not(shop, last, day):
    text = "customer_id,product_id,occurred_at\n" + "c-1,p,03/04/2026\n" * 1000 + f"c-2,p,{last}\n"

    await shop.run("events", text, **CREATE)

    assert {at for customer, _, _, at in await shop.events() if customer == "c-1"} == {f"{day} 00:00:00"}


async def test_dates_of_standard_input_cannot_be_decided_later(shop, tmp_path, monkeypatch):
    (tmp_path / "input").write_text("customer_id,product_id,occurred_at\nc-1,p,03/04/2026\n")
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "input").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(NotUnderstood, match=r"the dates in occurred_at may be day/month/year"):
            await shop.run_files("events", "-", **CREATE)


async def test_an_import_can_be_undone(any_shop, import_anywhere):
    await import_anywhere("c-1,p,view,2026-01-02,,,,,\n")
    report = await import_anywhere("c-1,p,view,2026-01-02,,,,,\nc-1,p,cart,2026-01-02,,,,,\nc-1,p,buy,2026-01-02,o-1,,,,\n")
    assert len(await any_shop.events()) == 2

    while await any_shop.repository.undo_import(report.import_id):
        pass

    assert await any_shop.events() == [("c-1", "p", "view", DAY)]
    assert await any_shop.orders() == {}
