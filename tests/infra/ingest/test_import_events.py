"""Event files: what becomes an interaction or an order, which ids they get, and what is refused."""

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


class Shop:
    """An intake in memory that counts an id once, as storage does; it lacks the products in `unknown`."""

    def __init__(self, unknown=()):
        self.stored = {}
        self.batches = []
        self.create_products = None
        self._unknown = set(unknown)

    async def put_events(self, events, *, create_products, now):
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
        known = self.stored.setdefault(key, event)
        if known is event:
            return Outcome(status="new")
        if content_digest(known) == content_digest(event):
            return Outcome(status="seen_before")
        return Outcome(status="refused", field="event_id", reason="Stands for other content already")

    @property
    def orders(self):
        return {event.order_id: event for event in self.stored.values() if isinstance(event, Purchase)}

    @property
    def interactions(self):
        return [event for event in self.stored.values() if isinstance(event, BrowsingEvent)]


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def import_lines(tmp_path, shop):
    """Import lines below a header, several texts as several files; give the report and what was refused."""

    async def run(*texts, header=HEADER, into=shop, **wanted):
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"events-{number}.csv"
            path.write_text(header + text)
            paths.append(str(path))
        report = await import_files(
            ImportOptions(kind="events", paths=tuple(paths), **wanted),
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


async def test_an_event_without_a_type_is_a_view(import_lines, shop):
    await import_lines("c,p\n", header="customer_id,product_id\n")
    (event,) = shop.interactions
    assert (event.customer_id, event.product_id, event.event_type, event.occurred_at) == ("c", "p", "view", None)


async def test_every_type_is_what_it_says(import_lines, shop):
    await import_lines("c,p,view,,,,,,\nc,p,cart,,,,,,\nc,p,wishlist,,,,,,\nc,p,purchase,,,,,,\n")
    assert sorted(event.event_type for event in shop.interactions) == ["cart", "view", "wishlist"]
    (order,) = shop.orders.values()
    assert [(item.product_id, item.quantity, item.unit_price) for item in order.items] == [("p", 1, None)]


@pytest.mark.parametrize(
    "written",
    ["2026-01-02", "2026-01-02 00:00:00", "2026-01-02T00:00:00Z", "2026-01-02T02:00:00+02:00"],
)
async def test_one_instant_in_any_notation_is_the_same_event(import_lines, shop, written):
    await import_lines("c,p,view,2026-01-02T00:00:00.000Z,,,,,\n")
    report, _ = await import_lines(f"c,p,view,{written},,,,,\n")
    assert report.counts == {"seen_before": 1}
    assert shop.interactions[0].occurred_at == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (",p,view,,,,,,", "customer_id"),
        ("c,,view,,,,,,", "product_id"),
        ("process-browsing,p,view,,,,,,", "customer_id"),
        ("c,p q,view,,,,,,", "product_id"),
        ("c,p,click,,,,,,", "event_type"),
        ("c,p,view,yesterday,,,,,", "occurred_at"),
        ("c,p,view,1560643200,,,,,", "occurred_at"),
        ("c,p,view,1969-12-31,,,,,", "occurred_at"),
        ("c,p,view,2026-02-30,,,,,", "occurred_at"),
        ("c,p,view,2026-11-23T10:05:01Z,,,,,", "occurred_at"),
        ("c,p,purchase,,o 1,,,,", "order_id"),
        ("c,p,purchase,,o1,0,,,", "quantity"),
        ("c,p,purchase,,o1,1.5,,,", "quantity"),
        ("c,p,purchase,,o1,1,-1,,", "unit_price"),
        ("c,p,purchase,,o1,1,nan,,", "unit_price"),
        ("c,p,purchase,,o1,1,cheap,,", "unit_price"),
        ("c,p,purchase,,o1,1,1,euro,", "currency"),
        ("c,p,view,,,,,,e 1", "event_id"),
    ],
)
async def test_a_line_that_http_would_refuse_is_refused_by_its_field(import_lines, shop, cells, field):
    report, (rejected,) = await import_lines(cells + "\nc,p,view,,,,,,\n")
    assert fields(rejected) == [(2, field)]
    assert (report.read, report.counts) == (2, {"refused": 1, "new": 1})


async def test_five_minutes_ahead_are_a_difference_of_clocks(import_lines):
    report, _ = await import_lines("c,p,view,2026-11-23T10:05:00Z,,,,,\n")
    assert report.counts == {"new": 1}


async def test_a_refusal_never_holds_the_value(import_lines):
    secret = "canary@example.com"
    _, (rejected,) = await import_lines(
        "".join(
            f"{cells}\n"
            for cells in (f"{secret},p,,,,,,,", f"c,p,{secret},,,,,,", f"c,p,,{secret},,,,,", f"c,p,,,,,,,{secret}")
        )
    )
    assert len(rejected) == 4
    assert secret not in json.dumps(rejected)


async def test_importing_again_changes_nothing(import_lines):
    text = "c,p,view,2026-01-02,,,,,\nc,p,purchase,2026-01-02,,1,2.5,EUR,\nc,p,purchase,,o1,,,,\n"
    first, _ = await import_lines(text)
    again, _ = await import_lines(text)
    assert (first.counts, again.counts) == ({"new": 3}, {"seen_before": 3})


async def test_a_resorted_file_changes_nothing(import_lines):
    lines = [f"c{n % 3},p{n % 5},view,2026-01-0{n % 4 + 1},,,,,\n" for n in range(60)]
    lines += [f"c1,p{n},purchase,2026-01-01,o1,,,,\n" for n in range(3)]
    await import_lines("".join(lines))
    again, _ = await import_lines("".join(reversed(lines)))
    assert again.counts == {"seen_before": 60 + 3}


async def test_identical_lines_are_events_of_their_own_across_all_files_of_the_command(import_lines, shop):
    line = "c,p,view,2026-01-02,,,,,\n"
    report, _ = await import_lines(line * 2, line)
    assert report.counts == {"new": 3}
    assert len({event.event_id for event in shop.interactions}) == 3
    more, _ = await import_lines(line * 4)
    assert more.counts == {"seen_before": 3, "new": 1}


async def test_identical_purchases_without_an_id_are_orders_of_their_own(import_lines, shop):
    await import_lines("c,p,purchase,2026-01-02,,1,2,EUR,\n" * 2)
    assert [len(order.items) for order in shop.orders.values()] == [1, 1]


async def test_derived_ids_are_32_hexadecimal_digits(import_lines, shop):
    await import_lines("c,p,view,,,,,,\n" * 2 + "c,p,purchase,,,,,,\n" * 2 + "c,p,purchase,,,,,,e1\n")
    ids = [*shop.orders, *(event.event_id for event in shop.interactions)]
    assert {len(identifier) for identifier in ids} == {32}
    assert all(int(identifier, 16) >= 0 for identifier in ids)


async def test_the_same_event_id_with_the_same_content_counts_once(import_lines):
    report, _ = await import_lines("c,p,view,2026-01-02,,,,,e1\n" * 2)
    assert report.counts == {"new": 1, "seen_before": 1}


async def test_the_same_event_id_with_other_content_is_refused(import_lines):
    report, (rejected,) = await import_lines("c,p,view,2026-01-02,,,,,e1\nc,q,view,2026-01-02,,,,,e1\n")
    assert report.counts == {"new": 1, "refused": 1}
    assert [refused["field"] for refused in rejected] == ["event_id"]


async def test_the_event_id_of_a_purchase_makes_its_order_id_and_does_not_become_it(import_lines, shop):
    report, _ = await import_lines("c,p,purchase,2026-01-02,,,,,e1\n" * 2 + "c,p,purchase,2026-01-02,e1,,,,\n")
    assert report.counts == {"new": 2, "seen_before": 1}
    assert len(shop.orders) == 2
    assert "e1" in shop.orders


async def test_lines_of_one_order_are_one_order_wherever_they_stand(import_lines, shop):
    report, _ = await import_lines(
        "c,p1,purchase,2026-01-03,o1,2,1.5,EUR,\nc,x,view,,,,,,\nc,p3,purchase,,o2,,,,\n",
        "c,p2,purchase,2026-01-02,o1,1,,EUR,\n",
    )
    order = shop.orders["o1"]
    assert report.counts == {"new": 4}
    assert order.occurred_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert {(item.product_id, item.quantity, item.unit_price) for item in order.items} == {
        ("p1", 2, 1.5),
        ("p2", 1, None),
    }


async def test_an_order_of_a_file_is_the_order_that_came_over_http(import_lines, repository, now):
    await import_lines("c,p,view,,,,,,\nc,q,view,,,,,,\n", into=repository, create_products=True)
    over_http = Purchase(
        customer_id="c",
        order_id="o1",
        currency="EUR",
        occurred_at=datetime(2026, 1, 2, tzinfo=UTC),
        items=(OrderItem(product_id="p", quantity=2), OrderItem(product_id="q", unit_price=3.5)),
    )
    await repository.record([over_http], now=now)
    report, _ = await import_lines(
        "c,q,purchase,2026-01-02,o1,1,3.50,EUR,\nc,p,purchase,2026-01-02,o1,2,,EUR,\n", into=repository
    )
    assert report.counts == {"seen_before": 2}


@pytest.mark.parametrize(
    ("second", "field"),
    [("d,q,purchase,,o1,,,EUR,", "customer_id"), ("c,q,purchase,,o1,,,USD,", "currency")],
)
async def test_lines_that_disagree_on_their_order_are_all_refused(import_lines, shop, second, field):
    report, (rejected,) = await import_lines(f"c,p,purchase,,o1,,,EUR,\nc,x,purchase,,o2,,,,\n{second}\n")
    assert fields(rejected) == [(2, field), (4, field)]
    assert report.counts == {"refused": 2, "new": 1}
    assert list(shop.orders) == ["o2"]


async def test_a_refused_line_leaves_the_rest_of_its_order(import_lines, shop):
    report, (rejected,) = await import_lines("c,p,purchase,,o1,0,,,\nc,q,purchase,,o1,1,,,\n")
    assert fields(rejected) == [(2, "quantity")]
    assert report.counts == {"refused": 1, "new": 1}
    assert [item.product_id for item in shop.orders["o1"].items] == ["q"]


async def test_an_order_has_at_most_a_thousand_lines(import_lines, shop):
    longest = "".join(f"c,p{n},purchase,,o1,,,,\n" for n in range(1000))
    too_long = "".join(f"c,p{n},purchase,,o2,,,,\n" for n in range(1001))
    report, (rejected,) = await import_lines(longest + too_long)
    assert report.counts == {"new": 1000, "refused": 1001}
    assert {refused["field"] for refused in rejected} == {"order_id"}
    assert len(shop.orders["o1"].items) == 1000


async def test_a_batch_has_at_most_a_thousand_rows_and_an_order_counts_its_items(import_lines, shop):
    views = "".join(f"c,p{n},view,,,,,,\n" for n in range(1500))
    orders = "".join(f"c,p{n},purchase,,o{n % 4},,,,\n" for n in range(2400))
    report, _ = await import_lines(views + orders)
    sizes = [sum(len(event.items) if isinstance(event, Purchase) else 1 for event in batch) for batch in shop.batches]
    assert report.counts == {"new": 3900}
    assert sum(sizes) == 3900
    assert max(sizes) <= 1000


async def test_what_storage_refuses_is_told_for_each_line_of_the_order(import_lines):
    text = "c,p,purchase,,o1,,,,\nc,x,view,,,,,,\nc,gone,purchase,,o1,,,,\nc,p,purchase,,o2,,,,\n"
    report, (rejected,) = await import_lines(text, into=Shop(unknown=["gone"]))
    assert fields(rejected) == [(2, "product_id"), (4, "product_id")]
    assert report.counts == {"refused": 2, "new": 2}


async def test_refusals_stand_beside_the_file_that_they_came_from(import_lines):
    _, (first, second) = await import_lines("c,p q,,,,,,,\n", "c,p,,,,,,,\nc,p q,,,,,,,\n")
    assert fields(first) == [(2, "product_id")]
    assert fields(second) == [(3, "product_id")]


async def test_products_are_created_only_on_request(import_lines, shop):
    await import_lines("c,p,view,,,,,,\n")
    assert shop.create_products is False
    await import_lines("c,p,view,,,,,,\n", create_products=True)
    assert shop.create_products is True


async def test_unknown_customers_are_created_and_unknown_products_refused(import_lines, repository):
    text = "c,p,view,2026-01-02,,,,,\n"
    refused, (rejected,) = await import_lines(text, into=repository)
    assert (refused.counts, fields(rejected)) == ({"refused": 1}, [(2, "product_id")])
    created, (rejected,) = await import_lines(text, into=repository, create_products=True)
    assert (created.counts, rejected) == ({"new": 1}, [])
    assert (await repository.profile("c")).activity.views == 1
