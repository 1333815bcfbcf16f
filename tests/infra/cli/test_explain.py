"""`python main.py evaluate --explain MODEL` says what each part of the lists earns."""

import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from domain.evaluation.explanation import PartResult
from domain.ranking.extension import OwnSource
from infra.cli import run
from infra.cli.explain import in_words
from infra.cli.plot import plot_parts
from tests.domain.event_logs import two_group_log
from tests.domain.ranking.own_sources import use_own_sources
from tests.infra.cli.test_evaluate import write

FIELDS = [
    "model", "part", "weight", "ndcg", "ndcg_without", "difference", "difference_interval", "customers",
    "customers_changed", "verdict", "is_implausible",
]  # fmt: skip
WEIGHTED = [
    "bought_together", "viewed_together", "similar_product", "segment_trend", "category_interest", "price_fit", "new",
    "popular", "seen_again", "variety", "trial_places", "newest_share",
]  # fmt: skip
NEIGHBOUR_MODELS = ["co_occurrence", "regression", "item_transitions", "factorisation"]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return the command that explains a shop with two groups of customers and every fourth event held out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    log = two_group_log(n_customers=32)
    is_held_out = np.arange(len(log.products)) % 4 == 3
    write(tmp_path / "train.csv", log.only(~is_held_out))
    write(tmp_path / "test.csv", log.only(is_held_out))
    return ["evaluate", "--train", "train.csv", "--test", "test.csv", "-k", "5", "--trials", "0"]


def lines_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def part_result(**fields):
    defaults = {
        "model": "served", "part": "popular", "weight": 0.5, "ndcg": 0.52, "ndcg_without": 0.5, "difference": 0.02,
        "difference_interval": (0.01, 0.03), "customers": 90, "customers_changed": 40, "verdict": "better",
        "is_implausible": False,
    }  # fmt: skip
    return PartResult(**defaults | fields)


def test_json_output_has_one_line_per_part_about_the_same_lists(command, capsys):
    assert run([*command, "--explain", "--json"]) == 0

    parts = lines_of(capsys)
    assert [part["part"] for part in parts] == [*WEIGHTED, *NEIGHBOUR_MODELS]
    assert all(list(part) == FIELDS and (part["model"], part["customers"]) == ("served", 32) for part in parts)
    assert len({part["ndcg"] for part in parts}) == 1
    by_name = {part["part"]: part for part in parts}
    viewed = by_name["viewed_together"]
    assert viewed["verdict"] == "better"
    assert viewed["difference"] == pytest.approx(viewed["ndcg"] - viewed["ndcg_without"])
    assert by_name["seen_again"]["verdict"] == "unused"


def test_the_explained_lists_are_those_that_evaluate_measures(command, capsys):
    assert run([*command, "--models", "served,content", "--json"]) == 0
    measured = {result["model"]: result["ndcg"] for result in lines_of(capsys)}

    for name, ndcg in measured.items():
        assert run([*command, "--explain", name, "--json"]) == 0
        assert {part["ndcg"] for part in lines_of(capsys)} == {ndcg}


def test_the_same_data_give_the_same_output(command, capsys):
    outputs = []
    for _ in range(2):
        assert run([*command, "--explain", "served", "--trials", "1", "--seen", "exclude"]) == 0
        outputs.append(capsys.readouterr().out)

    assert outputs[0] == outputs[1]


def test_the_output_is_a_table_of_what_is_in_use_and_a_sentence_for_each_part(command, capsys):
    assert run([*command, "--explain"]) == 0

    output = capsys.readouterr().out
    title, heading = output.splitlines()[:2]
    assert re.fullmatch(r" *served: NDCG 0\.\d{4}, 32 customers with a history *", title)
    assert heading.split() == ["part", "weight", "NDCG@5", "without", "difference", "95", "%", "interval"]
    assert re.search(r"\nViewed together +1 +0\.\d{4} +\+0\.\d{4} +\[\+0\.\d{4}, \+0\.\d{4}\] *\n", output)
    assert re.search(r"\nViewed together: lists are [\d.]+% better with it \(sure: [\d.]+% to [\d.]+%\)\.\n", output)
    assert "\nBought together: no list finds more or less with it.\n" in output
    assert output.endswith(
        "\nNot in use: Products seen before, Less of what was just looked at, Neighbours by what follows what,"
        " Neighbours by common tastes.\n"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Popular products: lists are 4.0% better with it (sure: 2.0% to 6.0%)."),
        (
            {"part": "price_fit", "difference": -0.02, "difference_interval": (-0.04, -0.01), "verdict": "worse"},
            "Price: lists are 4.0% worse with it (sure: 2.0% to 8.0%).",
        ),
        ({"verdict": "unsure"}, "Popular products: no difference that we can be sure of."),
        ({"verdict": "unsure", "customers_changed": 0}, "Popular products: no list finds more or less with it."),
        ({"ndcg_without": 0.0}, "Popular products: lists find nothing without it."),
        ({"part": "in_season", "verdict": "unused"}, "Not in use: In season."),
    ],
    ids=["better", "worse", "unsure", "no difference", "nothing without it", "unused"],
)
def test_a_sentence_says_what_a_part_earns(fields, sentence):
    assert in_words([part_result(**fields)]) == [sentence]


def test_a_part_that_earns_implausibly_much_has_a_warning():
    more_than_all = part_result(part="oracle", ndcg=0.5, ndcg_without=0.1, difference=0.4, is_implausible=True)
    most_of_the_rest = part_result(part="oracle", ndcg=0.9, ndcg_without=0.6, difference=0.3, is_implausible=True)

    assert in_words([more_than_all])[1:] == [
        "Warning: Oracle earns more than everything else together: does it know the future?"
    ]
    assert in_words([most_of_the_rest])[1:] == [
        "Warning: Oracle earns more than half of what everything else leaves to earn: does it know the future?"
    ]


def use_oracle(folder, monkeypatch, *, names):
    """Add a source that looks up in files what each customer turned to."""
    lines = [line for name in names for line in (folder / name).read_text().splitlines()[1:]]
    pairs = {tuple(line.split(",")[:2]) for line in lines}

    def peek(products, inputs, *, now):
        ids = [inputs.catalogue.product(index).product_id for index in products.tolist()]
        return np.array([float((inputs.customer_id, product_id) in pairs) for product_id in ids])

    use_own_sources(monkeypatch, OwnSource(name="oracle", weight=5.0, scores=peek))


def test_a_source_that_looks_at_the_test_file_is_found(command, tmp_path, monkeypatch, capsys):
    use_oracle(tmp_path, monkeypatch, names=["test.csv"])

    assert run([*command, "--explain", "--json"]) == 0
    assert [part["part"] for part in lines_of(capsys) if part["is_implausible"]] == ["oracle"]
    assert run([*command, "--explain", "oracle"]) == 0
    assert re.search(r"\nWarning: Oracle earns more than .*: does it know the future\?\n$", capsys.readouterr().out)


def test_a_source_that_knows_all_events_is_found_at_the_weight_that_tuning_gives_it(command, tmp_path, monkeypatch, capsys):
    use_oracle(tmp_path, monkeypatch, names=["train.csv", "test.csv"])

    assert run([*command, "--explain", "--trials", "1", "--seen", "exclude", "--json"]) == 0

    oracle = next(part for part in lines_of(capsys) if part["part"] == "oracle")
    assert oracle["weight"] > 0
    assert oracle["is_implausible"]


def test_a_list_without_neighbours_has_no_neighbour_models_to_explain(command, capsys):
    assert run([*command, "--explain", "content", "--json"]) == 0

    parts = lines_of(capsys)
    assert [part["part"] for part in parts] == WEIGHTED
    assert {part["part"] for part in parts if part["weight"]} == {"similar_product", "category_interest", "trial_places"}


def test_the_plot_is_a_png_file_beside_the_usual_output(command, tmp_path, capsys):
    assert run([*command, "--explain", "--json", "--plot", "plot.png"]) == 0

    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(capsys.readouterr().out.splitlines()) > 10


def test_the_plot_shows_each_part_as_a_bar_with_its_interval(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: saved.append((figure, path)))
    unsure = part_result(difference=-0.01, difference_interval=(-0.03, 0.01), verdict="unsure")

    plot_parts({"Popular": part_result(), "Price": unsure}, k=5, title="90 customers", path=tmp_path / "plot.png")

    [(figure, path)] = saved
    [axes] = figure.axes
    assert path == tmp_path / "plot.png"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Popular", "Price"]
    assert [bar.get_width() for bar in axes.patches] == [0.02, -0.01]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    whiskers = np.concatenate([np.array(lines.get_segments())[:, :, 0] for lines in axes.collections])
    assert whiskers == pytest.approx(np.array([[0.01, 0.03], [-0.03, 0.01]]))
    assert axes.get_xlabel().startswith("NDCG@5")


@pytest.mark.parametrize("name", ["popularity", "item_knn", "magic"])
def test_a_model_without_parts_is_refused_before_files_are_read(capsys, name):
    with pytest.raises(SystemExit):
        run(["evaluate", "--train", "nowhere.csv", "--explain", name])

    errors = capsys.readouterr().err
    assert f"argument --explain: invalid choice: '{name}'" in errors
    assert "served" in errors


def test_only_lists_for_customers_are_explained(command, capsys):
    for option in (("--task", "similar"), ("--ranking", "own.csv"), ("--per-customer", "customers.csv")):
        assert run([*command, "--explain", *option]) == 1
        expected = "--explain is about lists for customers; leave out --task, --ranking and --per-customer.\n"
        assert capsys.readouterr().err == expected


def test_nothing_to_compare_is_explained_in_one_line(command, tmp_path, capsys):
    (tmp_path / "test.csv").write_text("customer_id,product_id\nnobody,x\n")

    assert run([*command, "--explain"]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("(--seen few and include count that as well).\n")
