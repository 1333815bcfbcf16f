"""A database of the last release opens with today's code and gets the same lists.

`tests/data` has a shop that release 0.1.0 made, with 10 stored lists, and these lists and the tuned configuration as JSON.
"""

import json
import lzma
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import SourceWeights, TunedConfig, Tuning
from domain.records.recommendations import ListRequest
from infra.storage.sql import schema
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommend import current_list, fresh_list
from infra.use_cases.train import TuningBudget, train

DATA = Path(__file__).parents[2] / "data"
RELEASED = json.loads((DATA / "lists-0.1.0.json").read_text())
NOW = datetime.fromisoformat(RELEASED["now"])
LISTS = {released["customer_id"]: released for released in RELEASED["lists"]}


def as_json(answer):
    return msgspec.json.decode(msgspec.json.encode(answer))


@pytest.fixture
async def shop(database):
    database.touch(mode=0o600)
    database.write_bytes(lzma.decompress((DATA / "shop-0.1.0.sqlite.xz").read_bytes()))
    async with open_sqlite(database, currency="EUR") as repository:
        yield repository


async def test_the_schema_is_brought_up_to_date(shop, database):
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.migrations()),)

    summary = await shop.summary()
    assert (summary.n_products, summary.n_events, summary.n_events_untrained) == (40, 1138, 0)


async def test_stored_lists_are_computed_again_and_then_stored(shop):
    answers = [
        [await current_list(shop, customer_id, now=NOW, reuse_seconds=3600) for customer_id in LISTS] for _ in range(2)
    ]

    assert [[answer.cached for answer in lists] for lists in answers] == [[False] * 10, [True] * 10]
    assert [answer.items for answer in answers[0]] == [answer.items for answer in answers[1]]


async def test_lists_computed_at_the_same_moment_rank_the_same_products(shop):
    # In that release, a list had any number of products of the customer's own history.
    request = ListRequest(seen="include")
    fresh = {customer_id: as_json(await fresh_list(shop, customer_id, request=request, now=NOW)) for customer_id in LISTS}

    def rankings(answers):
        return {
            # The tenth place may be that of a product on trial.
            name: [(item["product_id"], pytest.approx(item["score"], abs=0.001)) for item in answer["items"][:9]]
            for name, answer in answers.items()
            # With a single order a buyer is no longer Budget, and a customer without history has weights of their own.
            if name not in {"c-25", "c-59"}
        }

    assert rankings(fresh) == rankings(LISTS)


async def test_the_tuned_configuration_reads_as_before_and_the_next_training_keeps_it(shop):
    config = (await shop.current_model()).config

    # What a later release adds has its default.
    released = RELEASED["tuned_config"]
    defaults = {"recipe": Hyperparameters(), "tuning": Tuning(), "blend": SourceWeights()}
    parts = {name: as_json(default) | released[name] for name, default in defaults.items()}
    assert as_json(config) == as_json(TunedConfig()) | released | parts
    assert config != TunedConfig()
    assert (await train(shop, now=NOW, budget=TuningBudget(trials=0))).config == config
