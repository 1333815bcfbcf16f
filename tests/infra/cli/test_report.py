"""`report`: what lists led to, as a table or JSON."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from domain.records.customers import NewCustomer
from domain.records.impressions import ShownList
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.placements import Estimate, PlacementReport, PlaceReport
from domain.records.products import ProductChange
from infra.cli import run
from infra.cli.report import as_table
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommendation_ids import new_recommendation_id

COLUMNS = ["placement, kind, arm", "seen", "clicks", "click rate", "orders", "revenue"]


@pytest.fixture
def shop(database, monkeypatch):
    """Create a shop in which a list was seen, clicked and bought from."""

    async def fill():
        now = datetime.now(UTC)
        async with open_sqlite(database, currency="EUR") as repository:
            await repository.put_products([ProductChange(product_id="p-1", price=1250.0)], now=now)
            await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
            name = await new_recommendation_id(repository, "similar", model_id="m", placement="[b]cart", now=now)
            await repository.record_impressions([ShownList(recommendation_id=name, product_ids=("p-1",))], now=now)
            view = BrowsingEvent(customer_id="c-1", product_id="p-1", recommendation_id=name)
            await repository.record([view, Purchase(customer_id="c-1", items=(OrderItem(product_id="p-1"),))], now=now)

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("COLUMNS", "120")


def printed(capsys, *options):
    assert run(["report", *options]) == 0
    return capsys.readouterr().out


def test_a_report_is_a_table_with_intervals(shop, capsys):
    lines = printed(capsys, "--to", "2999-01-01", "--from", "2998-01-01").splitlines()
    assert lines == ["No list was seen, clicked or bought from in this period."]

    title, heading, _, first, second = (line.rstrip() for line in printed(capsys).splitlines()[:5])

    assert title.endswith("(UTC)")
    assert [heading.find(column) >= 0 for column in COLUMNS] == [True] * 6
    assert first.split("  ")[0] == "[b]cart, similar"
    assert first.split()[2:] == ["1", "1", "100.00%", "1", "1,250.00"]
    assert second.split() == [
        "1", "lists", "[20.65%,", "100.00%]", "[0,", "6]", "[16.34,", "6,954.69]", "EUR",
    ]  # fmt: skip


def test_a_report_as_json_is_that_of_the_api(shop, capsys):
    report = json.loads(printed(capsys, "--json"))

    [place] = report["places"]
    assert (place["placement"], place["kind"], place["impressions"], place["clicks"]) == ("[b]cart", "similar", 1, 1)
    assert (report["attribution_days"], report["currency"]) == (7, "EUR")


def test_a_period_that_is_none_is_an_error_of_one_line(shop, capsys):
    assert run(["report", "--from", "x", "--to", "y"]) == 1
    expected = "Expected a date like 2026-11-26, or an instant like 2026-11-26T10:00:00Z, of 1970 or later"
    assert capsys.readouterr().err == f"--from: {expected}; --to: {expected}.\n"

    assert run(["report", "--from", "2026-11-02", "--to", "2026-11-01"]) == 1
    assert capsys.readouterr().err == "--to: Expected an instant later than `from`.\n"


def test_what_has_no_estimate_has_none_in_the_table():
    instant = datetime(2026, 11, 1, tzinfo=UTC)
    none = Estimate(value=0.0, low=0.0, high=None)
    place = PlaceReport(
        kind="new", placement=None, arm="b", impressions=0, lists=0, clicks=1, click_rate=None, orders=none, revenue=none
    )
    report = PlacementReport(
        begins_at=instant, ends_at=instant, attribution_days=7, currency="EUR", is_complete=False, places=[place]
    )

    table = as_table(report)

    cells = [[str(cell) for cell in column.cells] for column in table.columns]
    assert cells == [
        ["-, new, b"], ["0\n0 lists"], ["1"], ["-"], ["0\n[0, ?]"], ["0.00\n[0.00, ?] EUR"],
    ]  # fmt: skip
    assert table.caption == "There are more than 1,000 places."
