"""What weakens lists, in the words of the shop's owner, and what the model rests on."""

from typing import get_args

import pytest

from domain.ranking.model import SourceWeights
from domain.records.data_health import DataHealth, DataProblem, DataProblemName
from infra.dashboard.advice import advice_of
from infra.dashboard.learned import weights_of
from tests.conftest import NOW
from tests.domain.shop import model_with


def advice_for(name, **fields):
    problem = DataProblem(problem=name, count=3, of=9000, effect="", next_step="", **fields)
    [advice] = advice_of(DataHealth(checked_at=NOW, problems=[problem]))
    return advice


@pytest.mark.parametrize("name", get_args(DataProblemName))
def test_each_problem_has_a_fact_a_consequence_and_a_next_step(name):
    advice = advice_for(name, last_at=NOW)

    assert advice.fact.endswith(".")
    assert advice.consequence.endswith(".")
    assert advice.step
    assert "{" not in advice.fact
    assert advice.path is not None or advice.step.startswith("python main.py ")


def test_views_that_never_arrived_are_told_from_those_that_stopped():
    assert advice_for("no_views").fact == "No view of a product is among the last events."
    assert advice_for("no_views", last_at=NOW).fact == "No view has arrived for 3 days."
    assert advice_for("single_item_orders").fact == "3 of the last 9,000 orders have one product only."


def test_weights_are_shares_and_the_shop_s_own_sources_are_among_them():
    weights = SourceWeights(bought_together=2.0, viewed_together=0.0, popular=0.0, new=0.0, own={"in_season": 1.0})
    found = weights_of(model_with(source_weights=weights))

    assert [str(one.name) for one in found[:2]] == ["bought together", "In season"]
    assert sum(one.percent for one in found) == pytest.approx(100, abs=0.1)
    assert found[0].bar[0].width == 100
    # It counts nothing.
    assert "looked at together" not in [one.name for one in found]
