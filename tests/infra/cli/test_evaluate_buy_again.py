"""`python main.py evaluate --task buy-again` measures what customers buy again."""

import json

import pytest

from infra.cli import run

EVENTS = "customer_id,product_id,event_type,occurred_at,order_id"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write a shop in which each customer buys a every ten days, after a b at first, and a again at last."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "products.csv").write_text("product_id,name,category\na,a,food\nb,b,food\n")
    for name, days in (("train", ("01-01", "01-11", "01-21")), ("test", ("01-31",))):
        lines = [EVENTS]
        for customer in range(8):
            lines += [f"c{customer},a,purchase,2026-{day}T10:00:00Z,o-{customer}-{day}" for day in days]
            lines += [f"c{customer},b,purchase,2026-01-02T10:00:00Z,b-{customer}"] * (name == "train")
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    return [
        "evaluate", "--task", "buy-again", "--train", "train.csv", "--test", "test.csv", "--products", "products.csv",
        "-k", "1",
    ]  # fmt: skip


def test_repeated_products_are_found(files, capsys):
    assert run([*files, "--json"]) == 0

    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(result["model"], result["cases"], result["recall"]) for result in results] == [
        ("top-personal", 8, 1.0), ("last-bought", 8, 1.0), ("served", 8, 1.0),
    ]  # fmt: skip


def test_the_table_has_a_row_for_each_model(files, capsys):
    assert run(files) == 0

    out = capsys.readouterr().out
    assert "8 orders that repeat products" in out
    assert "recall@1" in out
    assert "1.0000 [1.0000, 1.0000]" in out


def test_without_a_repeated_product_it_ends_with_a_message(files, tmp_path, capsys):
    (tmp_path / "test.csv").write_text(f"{EVENTS}\nc1,a,view,2026-02-01T10:00:00Z,\n")

    assert run(files) == 1
    assert "No held-out order repeats a product, so there is nothing to compare." in capsys.readouterr().err
