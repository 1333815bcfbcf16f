"""A training that a signal ends: it ends soon, the model in use stays, and the next training begins at once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from benchmarks.synthetic import write_shop
from tests.system.server import ROOT, url_of

pytestmark = pytest.mark.system


def start(*arguments, database):
    return subprocess.Popen(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url_of(database)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*arguments, database):
    process = start(*arguments, database=database)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def query(database, statement):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, n_products=2000, n_customers=2000, n_events=40_000)
    finish("import", "products", str(folder / "products.csv"), database=folder / "shop.db")
    finish("import", "events", str(folder / "events.csv"), database=folder / "shop.db")
    return folder / "shop.db"


def await_lock(process, database):
    until = time.monotonic() + 60
    while not query(database, "SELECT 1 FROM shop_state WHERE training_holder IS NOT NULL"):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("seconds_of_training", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_a_training_soon_and_the_model_in_use_stays(shop, number, seconds_of_training):
    models = query(shop, "SELECT model FROM recommendation_models")
    training = start("train", "--trials", "1000", database=shop)
    await_lock(training, shop)
    time.sleep(seconds_of_training)

    training.send_signal(number)
    output, _ = training.communicate(timeout=5)

    assert training.returncode == 130
    assert "Interrupted." in output
    assert "Traceback" not in output
    assert query(shop, "SELECT model FROM recommendation_models") == models
    assert not query(shop, "SELECT 1 FROM shop_state WHERE training_holder IS NOT NULL")


def test_after_an_interrupted_training_the_next_one_begins_at_once(shop):
    training = start("train", "--trials", "1000", database=shop)
    await_lock(training, shop)
    training.terminate()
    training.communicate(timeout=5)

    finish("train", "--trials", "0", database=shop)
