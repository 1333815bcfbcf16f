"""`models`: list the trained models, and go back to one."""

import re

import pytest

from infra.cli import run


@pytest.fixture
def two_models(shop, capsys):
    """Train twice; return the ids of the models."""
    assert run(["import", "products", "products.csv"]) == 0
    assert run(["import", "events", "events.csv"]) == 0
    assert run(["train"]) == 0
    return re.findall(r"Trained model (\S+) on", capsys.readouterr().out)


def rows_of_table(capsys):
    return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()][2:]


def test_models_are_listed_newest_first_with_the_one_in_use(two_models, capsys):
    assert run(["models"]) == 0

    newer, older = rows_of_table(capsys)
    assert (newer[0], older[0]) == (two_models[1], two_models[0])
    assert newer[3:] == ["3", "not", "tuned", "in", "use"]
    assert older[3:] == ["3", "not", "tuned"]


def test_the_shop_goes_back_to_an_older_model(two_models, capsys):
    assert run(["models", "use", two_models[0]]) == 0
    assert f"Model {two_models[0]} is in use." in capsys.readouterr().out

    assert run(["models"]) == 0
    newer, older = rows_of_table(capsys)
    assert (newer[-1], older[-1]) == ("tuned", "use")


def test_an_unknown_model_is_an_error_of_one_line(two_models, capsys):
    assert run(["models", "use", "nothing"]) == 1

    assert capsys.readouterr().err == "No stored model has the id 'nothing'; `python main.py models` lists them.\n"


def test_a_shop_that_was_never_trained_has_no_models(shop, capsys):
    assert run(["models"]) == 0

    assert rows_of_table(capsys) == []
