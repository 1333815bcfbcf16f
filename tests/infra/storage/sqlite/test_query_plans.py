"""Statements that SQLite must answer from an index that fits them."""

from datetime import timedelta

import pytest

from domain.records.currencies import Currencies
from domain.records.periods import Period
from domain.records.recommendations import ListRequest
from infra.storage.sql import catalogue, placements, product_details
from infra.storage.sql.statements import rows
from tests.conftest import NOW

A = frozenset({"a"})


async def plan_of(repository, steps):
    statement = next(steps)
    plan = await repository.engine.look_up(lambda: rows(f"EXPLAIN QUERY PLAN {statement.text}", **statement.parameters))
    return " ".join(row[3] for row in plan)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "by_age"),
        ({"categories": A}, "by_category"),
        ({"categories": A, "max_price": 9.0}, "by_category"),
        ({"brands": A}, "by_brand"),
        ({"brands": A, "tags": A, "attributes": (("a", A),)}, "by_brand"),
    ],
)
async def test_the_newest_products_of_a_category_or_a_brand_are_found_by_it(repository, filters, index):
    steps = catalogue.newest_admitted(ListRequest(**filters), 128, Currencies(own="EUR"))

    assert f"SEARCH p USING INDEX product_catalog_{index} " in await plan_of(repository, steps)


async def test_impressions_and_clicks_of_a_period_are_found_in_indexes_alone(repository):
    period = Period(begins_at=NOW, ends_at=NOW + timedelta(days=1))
    steps = placements.totals(period, attribution_days=7, currencies=Currencies())
    plan = await plan_of(repository, steps)

    clicks = "SEARCH browsing_history USING COVERING INDEX browsing_history_by_age (occurred_at>? AND occurred_at<?)"
    assert clicks in plan
    assert "SEARCH i USING COVERING INDEX list_impressions_by_age (shown_at>? AND shown_at<?)" in plan


async def test_the_counts_of_a_product_read_nothing_but_indexes_by_age(repository, now):
    plan = await plan_of(repository, product_details.counts("p-1", since=now))

    assert plan.count("USING COVERING INDEX browsing_history_by_age (occurred_at>?)") == 1
    assert plan.count("USING COVERING INDEX purchase_history_by_age (occurred_at>?)") == 1
