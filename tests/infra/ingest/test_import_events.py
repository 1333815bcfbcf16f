"""Importing events: interactions and orders, their ids, and refusals."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.ports import Outcome
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase, content_digest
from infra.ingest import ImportOptions, import_files
from infra.progress import PlainProgress

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HEADER = "customer_id,product_id,event_type,occurred_at,order_id,quantity,unit_price,currency,event_id\n"


class FakeStore:
    """An IngestStore in memory that counts an id once, as storage does; the products in `unknown` do not exist."""

    def __init__(self, unknown=()):
        self.stored = {}
        self.batches = []
        self.create_products = None
        self._unknown = set(unknown)

    async def put_events(self, imported, *, create_products, now):
        events = [one.event for one in imported]
        assert now == NOW
        self.create_products = create_products
        self.batches.append(events)
        return [self._put(event) for event in events]

    def _put(self, event):
        is_order = isinstance(event, Purchase)
        products = {item.product_id for item in event.items} if is_order else {event.product_id}
        if products & self._unknown:
            return Outcome(status="refused", field="product_id", reason="The catalogue has no such product")
        key = (is_order, event.order_id if is_order else event.event_id)
        stored = self.stored.setdefault(key, event)
        if stored is event:
            return Outcome(status="new")
        if content_digest(stored) == content_digest(event):
            return Outcome(status="seen_before")
        return Outcome(status="refused", field="event_id", reason="Used for other content")

    @property
    def orders(self):
        return {event.order_id: event for event in self.stored.values() if isinstance(event, Purchase)}

    @property
    def interactions(self):
        return [event for event in self.stored.values() if isinstance(event, BrowsingEvent)]


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def import_lines(tmp_path, store):
    """Import lines, each text as a file with a header; return the report and the refusals of each file."""

    async def run(*texts, header=HEADER, into=store, **options):
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"events-{number}.csv"
            path.write_text(header + text)
            paths.append(str(path))
        report = await import_files(
            ImportOptions(kind="events", paths=tuple(paths), **options),
            store=into,
            now=NOW,
            progress=PlainProgress(io.StringIO()),
        )
        return report, [refusals(path) for path in paths]

    return run


def refusals(path):
    try:
        rejected = Path(path + ".rejected.jsonl").read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in rejected.splitlines()]


def fields(rejected):
    return [(refused["line"], refused["field"]) for refused in rejected]


async def test_an_event_without_a_type_is_a_view(import_lines, store):
    await import_lines("c-1,p\n", header="customer_id,product_id\n")
    (event,) = store.interactions
    assert (event.customer_id, event.product_id, event.event_type, event.occurred_at) == ("c-1", "p", "view", None)


async def test_every_event_type_is_stored_as_such(import_lines, store):
    await import_lines("c-1,p,view,,,,,,\nc-1,p,cart,,,,,,\nc-1,p,wishlist,,,,,,\nc-1,p,purchase,,,,,,\n")
    assert sorted(event.event_type for event in store.interactions) == ["cart", "view", "wishlist"]
    (order,) = store.orders.values()
    assert [(item.product_id, item.quantity, item.unit_price) for item in order.items] == [("p", 1, None)]


@pytest.mark.parametrize(
    "written",
    ["2026-01-02", "2026-01-02 00:00:00", "2026-01-02T00:00:00Z", "2026-01-02T02:00:00+02:00"],
)
async def test_one_instant_in_any_notation_is_the_same_event(import_lines, store, written):
    await import_lines("c-1,p,view,2026-01-02T00:00:00.000Z,,,,,\n")
    report, _ = await import_lines(f"c-1,p,view,{written},,,,,\n")
    assert report.counts == {"seen_before": 1}
    assert store.interactions[0].occurred_at == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_id", ""),
        ("customer_id", "process-browsing"),
        ("product_id", ""),
        ("product_id", "p  q"),
        ("event_type", "click"),
        ("event_id", "e  1"),
        ("occurred_at", "yesterday"),
        ("occurred_at", "1560643200"),
        ("occurred_at", "1969-12-31"),
        ("occurred_at", "2026-02-30"),
        ("occurred_at", "2026-11-23T10:05:01Z"),
        ("order_id", "o  1"),
        ("quantity", "0"),
        ("quantity", "1.5"),
        ("unit_price", "-1"),
        ("unit_price", "nan"),
        ("unit_price", "cheap"),
        ("currency", "euro"),
    ],
)
async def test_an_invalid_value_refuses_its_line_and_names_the_field(import_lines, field, value):
    line = {"customer_id": "c-1", "product_id": "p", "event_type": "view"}
    if field in {"order_id", "quantity", "unit_price", "currency"}:
        line |= {"event_type": "purchase", "order_id": "o-1", "quantity": "1", "unit_price": "1", "currency": "EUR"}
    line[field] = value
    cells = ",".join(line.get(column, "") for column in HEADER.strip().split(","))
    report, (rejected,) = await import_lines(f"{cells}\nc-1,p,view,,,,,,\n")
    assert fields(rejected) == [(2, field)]
    assert (report.read, report.counts) == (2, {"refused": 1, "new": 1})


async def test_an_event_up_to_five_minutes_ahead_is_accepted(import_lines):
    report, _ = await import_lines("c-1,p,view,2026-11-23T10:05:00Z,,,,,\n")
    assert report.counts == {"new": 1}


async def test_a_refusal_never_contains_the_value(import_lines):
    secret = "canary@example.com\u200b"
    _, (rejected,) = await import_lines(
        "".join(
            f"{cells}\n"
            for cells in (f"{secret},p,,,,,,,", f"c-1,p,{secret},,,,,,", f"c-1,p,,{secret},,,,,", f"c-1,p,,,,,,,{secret}")
        )
    )
    assert len(rejected) == 4
    assert secret not in json.dumps(rejected)


async def test_importing_again_changes_nothing(import_lines):
    text = "c-1,p,view,2026-01-02,,,,,\nc-1,p,purchase,2026-01-02,,1,2.5,EUR,\nc-1,p,purchase,,o-1,,,,\n"
    first, _ = await import_lines(text)
    second, _ = await import_lines(text)
    assert (first.counts, second.counts) == ({"new": 3}, {"seen_before": 3})


async def test_importing_the_lines_in_another_order_changes_nothing(import_lines):
    lines = [f"c-{n % 3},p{n % 5},view,2026-01-0{n % 4 + 1},,,,,\n" for n in range(60)]
    lines += [f"c-1,p{n},purchase,2026-01-01,o-1,,,,\n" for n in range(3)]
    await import_lines("".join(lines))
    report, _ = await import_lines("".join(reversed(lines)))
    assert report.counts == {"seen_before": 60 + 3}


async def test_identical_lines_are_separate_events_across_all_files_of_the_command(import_lines, store):
    line = "c-1,p,view,2026-01-02,,,,,\n"
    report, _ = await import_lines(line * 2, line)
    assert report.counts == {"new": 3}
    assert len({event.event_id for event in store.interactions}) == 3
    more, _ = await import_lines(line * 4)
    assert more.counts == {"seen_before": 3, "new": 1}


async def test_identical_purchases_without_an_id_are_separate_orders(import_lines, store):
    await import_lines("c-1,p,purchase,2026-01-02,,1,2,EUR,\n" * 2)
    assert [len(order.items) for order in store.orders.values()] == [1, 1]


async def test_derived_ids_are_32_hexadecimal_digits(import_lines, store):
    await import_lines("c-1,p,view,,,,,,\n" * 2 + "c-1,p,purchase,,,,,,\n" * 2 + "c-1,p,purchase,,,,,,e-1\n")
    ids = [*store.orders, *(event.event_id for event in store.interactions)]
    assert {len(identifier) for identifier in ids} == {32}
    assert all(int(identifier, 16) >= 0 for identifier in ids)


async def test_the_same_event_id_with_the_same_content_counts_once(import_lines):
    report, _ = await import_lines("c-1,p,view,2026-01-02,,,,,e-1\n" * 2)
    assert report.counts == {"new": 1, "seen_before": 1}


async def test_the_same_event_id_with_other_content_is_refused(import_lines):
    report, (rejected,) = await import_lines("c-1,p,view,2026-01-02,,,,,e-1\nc-1,q,view,2026-01-02,,,,,e-1\n")
    assert report.counts == {"new": 1, "refused": 1}
    assert [refused["field"] for refused in rejected] == ["event_id"]


async def test_the_order_id_of_a_purchase_is_derived_from_its_event_id_and_differs_from_it(import_lines, store):
    report, _ = await import_lines("c-1,p,purchase,2026-01-02,,,,,e-1\n" * 2 + "c-1,p,purchase,2026-01-02,e-1,,,,\n")
    assert report.counts == {"new": 2, "seen_before": 1}
    assert len(store.orders) == 2
    assert "e-1" in store.orders


async def test_lines_of_one_order_are_joined_across_lines_and_files(import_lines, store):
    report, _ = await import_lines(
        "c-1,p1,purchase,2026-01-03,o-1,2,1.5,EUR,\nc-1,x,view,,,,,,\nc-1,p3,purchase,,o-2,,,,\n",
        "c-1,p2,purchase,2026-01-02,o-1,1,,EUR,\n",
    )
    order = store.orders["o-1"]
    assert report.counts == {"new": 4}
    assert order.occurred_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert {(item.product_id, item.quantity, item.unit_price) for item in order.items} == {
        ("p1", 2, 1.5),
        ("p2", 1, None),
    }


async def test_an_order_already_received_over_http_is_seen_before(import_lines, repository, now):
    await import_lines("c-1,p,view,,,,,,\nc-1,q,view,,,,,,\n", into=repository, create_products=True)
    over_http = Purchase(
        customer_id="c-1",
        order_id="o-1",
        currency="EUR",
        occurred_at=datetime(2026, 1, 2, tzinfo=UTC),
        items=(OrderItem(product_id="p", quantity=2), OrderItem(product_id="q", unit_price=3.5)),
    )
    await repository.record([over_http], now=now)
    report, _ = await import_lines(
        "c-1,q,purchase,2026-01-02,o-1,1,3.50,EUR,\nc-1,p,purchase,2026-01-02,o-1,2,,EUR,\n", into=repository
    )
    assert report.counts == {"seen_before": 2}


@pytest.mark.parametrize(
    ("second", "field"),
    [("c-2,q,purchase,,o-1,,,EUR,", "customer_id"), ("c-1,q,purchase,,o-1,,,USD,", "currency")],
)
async def test_lines_of_one_order_with_different_customers_or_currencies_are_all_refused(import_lines, store, second, field):
    report, (rejected,) = await import_lines(f"c-1,p,purchase,,o-1,,,EUR,\nc-1,x,purchase,,o-2,,,,\n{second}\n")
    assert fields(rejected) == [(2, field), (4, field)]
    assert report.counts == {"refused": 2, "new": 1}
    assert list(store.orders) == ["o-2"]


async def test_an_order_is_stored_without_its_refused_line(import_lines, store):
    report, (rejected,) = await import_lines("c-1,p,purchase,,o-1,0,,,\nc-1,q,purchase,,o-1,1,,,\n")
    assert fields(rejected) == [(2, "quantity")]
    assert report.counts == {"refused": 1, "new": 1}
    assert [item.product_id for item in store.orders["o-1"].items] == ["q"]


async def test_an_order_has_at_most_a_thousand_lines(import_lines, store):
    longest = "".join(f"c-1,p{n},purchase,,o-1,,,,\n" for n in range(1000))
    too_long = "".join(f"c-1,p{n},purchase,,o-2,,,,\n" for n in range(1001))
    report, (rejected,) = await import_lines(longest + too_long)
    assert report.counts == {"new": 1000, "refused": 1001}
    assert {refused["field"] for refused in rejected} == {"order_id"}
    assert len(store.orders["o-1"].items) == 1000


async def test_a_batch_has_at_most_a_thousand_rows_and_an_order_counts_as_its_items(import_lines, store):
    views = "".join(f"c-1,p{n},view,,,,,,\n" for n in range(1500))
    orders = "".join(f"c-1,p{n},purchase,,o-{n % 4},,,,\n" for n in range(2400))
    report, _ = await import_lines(views + orders)
    sizes = [sum(len(event.items) if isinstance(event, Purchase) else 1 for event in batch) for batch in store.batches]
    assert report.counts == {"new": 3900}
    assert sum(sizes) == 3900
    assert max(sizes) <= 1000


async def test_a_refusal_by_the_store_is_reported_for_each_line_of_the_order(import_lines):
    text = "c-1,p,purchase,,o-1,,,,\nc-1,x,view,,,,,,\nc-1,gone,purchase,,o-1,,,,\nc-1,p,purchase,,o-2,,,,\n"
    report, (rejected,) = await import_lines(text, into=FakeStore(unknown=["gone"]))
    assert fields(rejected) == [(2, "product_id"), (4, "product_id")]
    assert report.counts == {"refused": 2, "new": 2}


async def test_refusals_are_listed_beside_their_own_file(import_lines):
    _, (first, second) = await import_lines("c-1,p  q,,,,,,,\n", "c-1,p,,,,,,,\nc-1,p  q,,,,,,,\n")
    assert fields(first) == [(2, "product_id")]
    assert fields(second) == [(3, "product_id")]


async def test_products_are_created_only_on_request(import_lines, store):
    await import_lines("c-1,p,view,,,,,,\n")
    assert store.create_products is False
    await import_lines("c-1,p,view,,,,,,\n", create_products=True)
    assert store.create_products is True


async def test_unknown_customers_are_created_and_unknown_products_refused(import_lines, repository):
    text = "c-1,p,view,2026-01-02,,,,,\n"
    refused, (rejected,) = await import_lines(text, into=repository)
    assert (refused.counts, fields(rejected)) == ({"refused": 1}, [(2, "product_id")])
    created, (rejected,) = await import_lines(text, into=repository, create_products=True)
    assert (created.counts, rejected) == ({"new": 1}, [])
    assert (await repository.profile("c-1")).activity.views == 1
