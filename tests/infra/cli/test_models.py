"""`models`: list the trained models, and go back to one."""

import re

import pytest
from msgspec.structs import replace

from domain.ranking.model import UNTRAINED, TunedConfig, Tuning
from infra.cli import run
from infra.cli.models import describe


@pytest.fixture
def two_models(shop, capsys):
    """Train twice; return the ids of the models."""
    assert run(["import", "products", "products.csv"]) == 0
    assert run(["import", "events", "events.csv"]) == 0
    assert run(["train"]) == 0
    return re.findall(r"Trained model (\S+) on", capsys.readouterr().out)


def listed(capsys):
    assert run(["models"]) == 0
    return [line.split("  ") for line in capsys.readouterr().out.splitlines()]


def test_models_are_listed_newest_first_with_the_one_in_use(two_models, capsys):
    newer, older = listed(capsys)

    assert (newer[0], older[0]) == (two_models[1], two_models[0])
    assert newer[2:] == ["3 events", "not tuned", "in use"]
    assert older[2:] == ["3 events", "not tuned"]


def test_the_shop_goes_back_to_an_older_model(two_models, capsys):
    assert run(["models", "use", two_models[0]]) == 0

    assert capsys.readouterr().out == f"Model {two_models[0]} is in use.\n"
    assert [line[-1] for line in listed(capsys)] == ["not tuned", "in use"]


def test_the_score_of_a_tuned_model_is_listed():
    model = replace(UNTRAINED, config=TunedConfig(tuning=Tuning(trials=3, ndcg=0.2)))

    assert describe(model, is_in_use=False).endswith("  0 events  NDCG@20 0.2000\n")


def test_an_unknown_model_is_an_error_of_one_line(two_models, capsys):
    assert run(["models", "use", "nothing"]) == 1

    assert capsys.readouterr().err == "No stored model has the id 'nothing'; `python main.py models` lists them.\n"


def test_a_shop_that_was_never_trained_has_no_models(shop, capsys):
    assert listed(capsys) == []
