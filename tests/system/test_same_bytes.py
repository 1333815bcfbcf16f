"""The same events, seed and trials give the same model, byte for byte, in every process."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.synthetic import write_shop
from infra.storage.sql.models import pack_model, unpack_model

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]


def run(*arguments, database, hash_seed="0"):
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{database}",
        "PYTHONHASHSEED": hash_seed,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    subprocess.run([sys.executable, "main.py", *arguments], cwd=ROOT, env=environment, check=True, capture_output=True)


def stored_model(database):
    """Return all that training wrote, without the id and the time of the model."""
    connection = sqlite3.connect(database)
    [(model,)] = connection.execute("SELECT model FROM recommendation_models").fetchall()
    neighbours = connection.execute(
        "SELECT product_index, bought_together, viewed_together, similar_product FROM product_neighbours ORDER BY 1"
    ).fetchall()
    trends = connection.execute("SELECT category, products FROM product_trends ORDER BY 1").fetchall()
    connection.close()
    comparable = msgspec.structs.replace(unpack_model(model), model_id="", trained_at=0)
    return pack_model(comparable), neighbours, trends


def test_two_processes_train_the_same_model_byte_for_byte(tmp_path):
    write_shop(tmp_path, n_products=200, n_customers=150, n_events=6000)
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    for kind in ("products", "events"):
        run("import", kind, str(tmp_path / f"{kind}.csv"), "--no-train", database=first)
    shutil.copy(first, second)

    for database, hash_seed in ((first, "1"), (second, "4242")):
        run("train", "--trials", "3", "--seed", "7", database=database, hash_seed=hash_seed)

    model, neighbours, trends = stored_model(first)
    assert unpack_model(model).config.tuning.trials == 3
    assert (len(neighbours), len(trends)) == (200, 9)
    assert stored_model(second) == (model, neighbours, trends)
