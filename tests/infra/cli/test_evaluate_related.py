"""`python main.py evaluate --task` measures lists about products."""

import json

import pytest

from infra.cli import run

EVENTS = "customer_id,product_id,event_type,occurred_at,order_id"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write a shop in which a and b, and c and d, are bought together, and looked at together, every day."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name, days in (("train", range(1, 21)), ("test", range(21, 29))):
        lines = [EVENTS]
        for day in days:
            customer, pair = f"c{day}", ("a", "b") if day % 2 else ("c", "d")
            for product in pair:
                lines.append(f"{customer},{product},view,2026-01-{day:02}T10:00:00Z,")
                lines.append(f"{customer},{product},purchase,2026-01-{day:02}T10:00:00Z,o-{day}")
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    return ["evaluate", "--train", "train.csv", "--test", "test.csv", "-k", "1"]


@pytest.mark.parametrize("task", ["bought-together", "similar"])
def test_hidden_products_are_found(files, capsys, task):
    assert run([*files, "--task", task, "--json"]) == 0

    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [result["model"] for result in results] == ["popularity", "cosine", "served"]
    assert [(result["cases"], result["hit_rate"]) for result in results][1:] == [(8, 1.0), (8, 1.0)]


def test_the_table_has_a_row_for_each_model(files, capsys):
    assert run([*files, "--task", "bought-together"]) == 0

    out = capsys.readouterr().out
    assert "8 hidden products" in out
    assert "hit rate@1" in out
    assert "1.0000 [1.0000, 1.0000]" in out


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("bought-together", "No order of several products is held out, so there is nothing to compare."),
        ("similar", "No session that looks at several products is held out, so there is nothing to compare."),
    ],
)
def test_without_a_held_out_case_it_ends_with_a_message(files, tmp_path, capsys, task, message):
    (tmp_path / "test.csv").write_text(f"{EVENTS}\nc1,a,view,2026-02-01T10:00:00Z,\n")

    assert run([*files, "--task", task]) == 1
    assert message in capsys.readouterr().err
