"""The scheduled function: it trains, or says in one line why not."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from domain.errors import ConfigurationError, TrainingRunning
from functions.training import train as training
from infra.demo import load_demo_shop
from infra.storage.sqlite import open_sqlite
from infra.use_cases.train import LOCK_SECONDS
from tests.template import ROOT

SCHEDULED = json.loads((ROOT / "events" / "Training.json").read_text())


@pytest.fixture(autouse=True)
def on_lambda(database, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "training")
    monkeypatch.setenv("ALLOW_EPHEMERAL_SQLITE", "1")


def in_shop(settings, work):
    async def run():
        async with open_sqlite(settings.database_path, currency="EUR") as repository:
            return await work(repository)

    return asyncio.run(run())


@pytest.mark.parametrize("event", [SCHEDULED, {}], ids=["scheduled", "by-hand"])
def test_it_trains_on_what_is_stored(settings, event, capsys):
    in_shop(settings, lambda repository: load_demo_shop(repository, now=datetime.now(UTC)))

    told = training.handler(event, None)

    summary = in_shop(settings, lambda repository: repository.summary())
    assert told == {"model_id": summary.model_id, "events": summary.n_events_trained, "products": summary.n_products}
    (counted,) = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]
    assert (counted["events"], counted["errors"]) == (summary.n_events_trained, 0)
    assert counted["training_seconds"] > 0


@pytest.mark.parametrize("event", [{"Records": []}, {"version": "2.0"}, [], None, "x"])
def test_what_was_not_meant_for_it_starts_no_training(event):
    with pytest.raises(ConfigurationError, match="A training starts with a scheduled event"):
        training.handler(event, None)


def test_any_other_failure_is_counted_and_logged_without_its_text(settings, monkeypatch, capsys):
    in_shop(settings, lambda repository: load_demo_shop(repository, now=datetime.now(UTC)))

    async def fails(*_, **__):
        raise ZeroDivisionError("canary")

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.save_model", fails)
    with pytest.raises(training.TrainingFailed) as caught:
        training.handler({}, None)

    told, counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()][-2:]
    assert (counted["errors"], counted.get("events")) == (1, None)
    assert told["message"].startswith("The training did not run: ZeroDivisionError at ")
    assert caught.value.__suppress_context__


def test_while_another_training_runs_it_says_so(settings, capsys):
    in_shop(settings, lambda repository: repository.lock_training("another", now=datetime.now(UTC), seconds=LOCK_SECONDS))

    with pytest.raises(TrainingRunning):
        training.handler(SCHEDULED, None)

    told, counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()][-2:]
    assert told["message"] == "The training did not run: Another training is running."
    assert counted["errors"] == 1


def test_what_lies_behind_a_fault_is_not_shown(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop:p@ss/word@127.0.0.1/shop")

    with pytest.raises(ConfigurationError) as raised:
        training.handler(SCHEDULED, None)

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_old_schema_is_not_migrated_by_it(monkeypatch, postgres_server):
    monkeypatch.setenv("DATABASE_URL", postgres_server)

    with pytest.raises(ConfigurationError, match="brings it up to date"):
        training.handler(SCHEDULED, None)
