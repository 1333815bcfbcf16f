"""The scheduled training function: it trains, or logs the reason in one line."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from domain.errors import ConfigurationError, TrainingRunning
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from functions.training import train as training
from infra.storage.sqlite import open_sqlite
from infra.use_cases.train import LOCK_SECONDS
from tests.imports import as_imported
from tests.template import ROOT

SCHEDULED = json.loads((ROOT / "events" / "Training.json").read_text())


@pytest.fixture(autouse=True)
def on_lambda(database, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "training")
    monkeypatch.setenv("ALLOW_EPHEMERAL_SQLITE", "1")


async def load(repository):
    now = datetime.now(UTC)
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(4)], now=now)
    views = [
        BrowsingEvent(customer_id=f"c-{customer}", product_id=f"p-{n}") for customer in range(5) for n in (customer % 3, 3)
    ]
    await repository.put_events(as_imported(views), create_products=False, now=now)


def run_in_shop(settings, work):
    async def run():
        async with open_sqlite(settings.database_path, currency="EUR") as repository:
            return await work(repository)

    return asyncio.run(run())


@pytest.mark.parametrize("event", [SCHEDULED, {}], ids=["scheduled", "by-hand"])
def test_a_training_uses_all_stored_events(settings, event, capsys):
    run_in_shop(settings, load)

    result = training.handler(event, None)

    summary = run_in_shop(settings, lambda repository: repository.summary())
    assert result == {"model_id": summary.model_id, "events": 10, "products": 4}
    assert summary.n_events_trained == 10
    (metrics,) = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "_aws" in line]
    assert (metrics["events"], metrics["errors"]) == (summary.n_events_trained, 0)
    assert metrics["training_seconds"] > 0


@pytest.mark.parametrize("event", [{"Records": []}, {"version": "2.0"}, [], None, "x"])
def test_any_other_event_starts_no_training(event):
    with pytest.raises(ConfigurationError, match="A training starts with a scheduled event"):
        training.handler(event, None)


def test_an_unexpected_error_is_counted_and_logged_without_its_text(settings, monkeypatch, capsys):
    run_in_shop(settings, load)

    async def fails(*_, **__):
        raise ZeroDivisionError("canary")

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.save_model", fails)
    with pytest.raises(training.TrainingFailed) as caught:
        training.handler({}, None)

    log_line, metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()][-2:]
    assert (metrics["errors"], metrics.get("events")) == (1, None)
    assert log_line["message"].startswith("The training failed: ZeroDivisionError at ")
    assert caught.value.__suppress_context__


def test_a_training_fails_while_another_runs(settings, capsys):
    run_in_shop(
        settings, lambda repository: repository.lock_training("another", now=datetime.now(UTC), seconds=LOCK_SECONDS)
    )

    with pytest.raises(TrainingRunning):
        training.handler(SCHEDULED, None)

    log_line, metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()][-2:]
    assert log_line["message"] == "The training failed: Another training is running."
    assert metrics["errors"] == 1


def test_the_cause_of_an_error_is_not_raised(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop:p@ss/word@127.0.0.1/shop")

    with pytest.raises(ConfigurationError) as raised:
        training.handler(SCHEDULED, None)

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_training_does_not_migrate_an_old_schema(monkeypatch, postgres_server):
    monkeypatch.setenv("DATABASE_URL", postgres_server)

    with pytest.raises(ConfigurationError, match="brings it up to date"):
        training.handler(SCHEDULED, None)
