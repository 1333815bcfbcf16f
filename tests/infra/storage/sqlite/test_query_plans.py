"""Statements that SQLite must answer from an index that fits them."""

import pytest

from domain.records.currencies import Currencies
from domain.records.recommendations import ListRequest
from infra.storage.sql import catalogue
from infra.storage.sql.statements import rows


async def plan_of(repository, steps):
    statement = next(steps)
    plan = await repository.engine.look_up(lambda: rows(f"EXPLAIN QUERY PLAN {statement.text}", **statement.parameters))
    return " ".join(row[3] for row in plan)


@pytest.mark.parametrize(
    ("filters", "index"),
    [({}, "by_age"), ({"category": "a"}, "by_category"), ({"category": "a", "max_price": 9.0}, "by_category")],
)
async def test_the_newest_products_of_a_category_are_found_by_category(repository, filters, index):
    steps = catalogue.newest_admitted(ListRequest(**filters), 128, Currencies(own="EUR"))

    assert f"SEARCH p USING INDEX product_catalog_{index} " in await plan_of(repository, steps)
