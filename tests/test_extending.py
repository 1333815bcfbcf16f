"""The example of docs/extending.md, run as it stands there: its reasons, its fitted weight, and its evaluation."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from domain.ranking import own_sources
from domain.ranking.model import UNTRAINED
from domain.tuning.tune import tune
from infra.cli import run
from infra.cli.train import describe_model
from tests.domain.event_logs import event_log, training_data
from tests.domain.ranking.lists import ids, ranked_list, ranking_of
from tests.domain.shop import NOW, product, ranking_inputs

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text()
EXAMPLE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]

TULIPS, PILLOW, TENT, BARE = (
    product(0, category="garden/plants"),
    product(1, category="home/bedding"),
    product(2, category="outdoor"),
    product(3),
)
PRODUCTS = [product(index, category="home/bedding" if index % 2 else "garden") for index in range(24)]


@pytest.fixture
def example(monkeypatch):
    """Use the own sources that the document shows."""
    content = {}
    exec(compile(EXAMPLE, "docs/extending.md", "exec"), content)
    monkeypatch.setattr(own_sources, "OWN_SOURCES", content["OWN_SOURCES"])


def autumn_log():
    """Return a log of 120 customers who view anything, and return for bedding on 12 or on 22 November."""
    rng = np.random.default_rng(3)
    before = [
        (f"c{number}", int(index), "view", float(rng.integers(12, 50)))
        for number in range(120)
        for index in rng.permutation(24)[:6]
    ]
    in_november = [
        (f"c{number}", 2 * int(index) + 1, "view", (10.0 if number < 60 else 0.0) + step)
        for number in range(120)
        for step, index in enumerate(rng.permutation(12)[:2])
    ]
    return event_log(*before, *in_november)


def test_the_example_is_the_content_of_the_file_that_a_shop_edits():
    assert "from domain.ranking.extension import OwnSource" in EXAMPLE
    assert Path(own_sources.__file__).relative_to(Path(__file__).parents[1]).as_posix() in PAGE
    assert own_sources.OWN_SOURCES == ()


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize(("month", "first"), [(11, "p-1"), (5, "p-0"), (8, "p-3")])
def test_products_in_season_come_first(month, first):
    now = datetime(2027, month, 10, tzinfo=UTC)

    ranking = ranking_of(ranking_inputs(), [TULIPS, PILLOW, TENT, replace(BARE, created_at=BARE.created_at + 1)], now=now)

    assert ranking.inputs.catalogue.product(int(ranking.products[0])).product_id == first


@pytest.mark.usefixtures("example")
def test_the_season_is_a_reason():
    assert NOW.month == 11

    ranked = ranked_list(ranking_inputs(), [TULIPS, PILLOW])

    # A product of 30 days counts 0.02 x 0.5 as new.
    assert ids(ranked) == ["p-1", "p-0"]
    assert [(reason.source, reason.share) for reason in ranked.items[0].reasons] == [
        ("in_season", round(0.1 / 0.11, 4)),
        ("new", round(0.01 / 0.11, 4)),
    ]
    assert ranked.strategy == "popular"


def tuned_config():
    return tune(training_data(autumn_log(), PRODUCTS), trials=1, seed=0, on_trial=lambda _: True)


def test_tuning_fits_the_weight_and_training_prints_it(request):
    before = tuned_config()
    request.getfixturevalue("example")

    config = tuned_config()

    weight = config.source_weights.own["in_season"]
    assert weight > 0
    assert config.tuning.ndcg > before.tuning.ndcg
    assert f"weight in_season {weight:g}," in describe_model(replace(UNTRAINED, config=config), origin="tuned")


def write_shop(folder):
    log = autumn_log()
    rows = zip(log.customers.tolist(), log.products.tolist(), log.occurred_at.tolist(), strict=True)
    lines = [f"c{customer},p-{index},view,{np.datetime64(instant, 'us')}Z" for customer, index, instant in rows]
    (folder / "events.csv").write_text("\n".join(["customer_id,product_id,event_type,occurred_at", *lines, ""]))
    catalogue = [f"{one.product_id},{one.category}" for one in PRODUCTS]
    (folder / "products.csv").write_text("\n".join(["product_id,category", *catalogue, ""]))


def evaluated(capsys, *options):
    assert run(["evaluate", "--train", "events.csv", "--products", "products.csv", "--json", *options]) == 0
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for result in results:
        del result["train_seconds"], result["ms_per_list"]
    return {result["model"]: result for result in results}


@pytest.mark.parametrize("trials", ["0", "2"])
def test_evaluate_measures_the_source_in_served_and_alone_and_all_other_models_as_before(
    request, tmp_path, monkeypatch, capsys, trials
):
    monkeypatch.chdir(tmp_path)
    write_shop(tmp_path)
    before = evaluated(capsys, "--trials", trials)
    request.getfixturevalue("example")

    after = evaluated(capsys, "--trials", trials)
    alone = evaluated(capsys, "--trials", trials, "--models", "in_season,served")

    assert alone["served"] == after["served"]
    assert after.pop("served")["ndcg"] > before.pop("served")["ndcg"]
    assert after == before
    assert list(alone) == ["served", "in_season"]
    assert alone["in_season"]["ndcg"] > before["popularity"]["ndcg"]


def test_a_source_that_was_removed_cannot_be_evaluated(capsys):
    with pytest.raises(SystemExit):
        run(["evaluate", "--models", "in_season"])

    assert "unknown model in_season; the models are popularity, " in capsys.readouterr().err
