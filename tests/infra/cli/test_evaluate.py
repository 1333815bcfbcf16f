"""`python main.py evaluate` measures files and databases, and explains what it cannot measure."""

import asyncio
import csv
import json
import lzma
import re
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from domain.evaluation.measurement import EvaluationResult
from domain.records.interactions import EVENT_TYPES
from infra.cli import run
from infra.cli.plot import plot
from infra.demo import demo_shop, load_demo_shop
from infra.storage.opening import open_repository
from tests.conftest import NOW
from tests.domain.event_logs import two_group_log

FIELDS = [
    "model", "recall", "recall_interval", "ndcg", "ndcg_interval", "hit_rate", "mrr", "coverage",
    "top_product_share", "new_product_share", "new_product_hit_share", "slices",
    "customers", "left_out", "train_seconds", "ms_per_list",
]  # fmt: skip


@pytest.fixture(autouse=True)
def in_a_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def lines_of(log, *, with_times=False):
    rows = zip(
        log.customers.tolist(), log.products.tolist(), log.event_types.tolist(), log.occurred_at.tolist(), strict=True
    )
    for customer, product, event_type, occurred_at in rows:
        line = f"Kundin {customer},№{product},{EVENT_TYPES[event_type]}"
        yield line + (f",{np.datetime64(occurred_at, 'us')}Z" if with_times else "")


def write(path, log, *, with_times=False):
    header = "customer_id,product_id,event_type" + ",occurred_at" * with_times
    text = "\n".join([header, *lines_of(log, with_times=with_times), ""])
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())


@pytest.fixture
def files(tmp_path):
    """Write a shop with two groups of customers and every fourth event held out; its ids are invalid in an import."""
    log = two_group_log()
    is_held_out = np.arange(len(log.products)) % 4 == 3
    write(tmp_path / "train.csv.xz", log.only(~is_held_out))
    write(tmp_path / "test.csv", log.only(is_held_out))
    return ["--train", "train.csv.xz", "--test", "test.csv"]


def test_json_output_has_one_line_per_model_about_the_same_customers(files, capsys):
    assert run(["evaluate", *files, "-k", "5", "--trials", "1", "--json"]) == 0

    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [result["model"] for result in measured] == [
        "popularity", "recent_popularity", "segment_trend", "content", "item_knn", "neighbours", "served",
    ]  # fmt: skip
    assert all(list(result) == FIELDS and (result["customers"], result["left_out"]) == (60, 0) for result in measured)
    by_model = {result["model"]: result for result in measured}
    assert by_model["served"]["ndcg"] > by_model["popularity"]["ndcg"]
    low, high = by_model["served"]["recall_interval"]
    assert 0 < low <= by_model["served"]["recall"] <= high <= 1


def test_the_metrics_of_each_customer_are_written_and_newcomers_are_marked(files, tmp_path, capsys):
    with (tmp_path / "test.csv").open("a") as test:
        test.write("a newcomer,№0,view\n")

    options = ["--models", "popularity,served", "--trials", "1", "--json", "--per-customer", "customers.csv"]
    assert run(["evaluate", *files, *options]) == 0

    measured = {result["model"]: result for result in map(json.loads, capsys.readouterr().out.splitlines())}
    rows = list(csv.DictReader((tmp_path / "customers.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["model", "customer_id", "newcomer", "recall", "ndcg", "hit_rate", "mrr"]
    for model, result in measured.items():
        known = [row for row in rows if (row["model"], row["newcomer"]) == (model, "0")]
        assert len({row["customer_id"] for row in known}) == result["customers"] == 60
        for metric in ("recall", "ndcg", "hit_rate", "mrr"):
            assert np.mean([float(row[metric]) for row in known]) == pytest.approx(result[metric])
        assert [row["customer_id"] for row in rows if (row["model"], row["newcomer"]) == (model, "1")] == ["a newcomer"]


def test_a_file_of_customers_that_cannot_be_written_is_one_line_and_exit_code_1(files, capsys):
    assert run(["evaluate", *files, "--trials", "0", "--per-customer", "nowhere/customers.csv"]) == 1

    assert "nowhere/customers.csv cannot be written" in capsys.readouterr().err


def test_a_ranking_of_ones_own_is_measured_beside_the_models(files, tmp_path, capsys):
    held_out = (tmp_path / "test.csv").read_text().splitlines()[1:]
    pairs = dict(line.split(",")[:2] for line in held_out)
    lines = [f"{customer},{product},{rank}" for customer, product in pairs.items() for rank in (1,)]
    lines += [f"{customer},a product that nobody knows,2" for customer in pairs] + ["a stranger,x,1"]
    (tmp_path / "mine.csv").write_text("\n".join(["customer_id,product_id,rank", *lines, ""]))

    assert run(["evaluate", *files, "--models", "popularity", "--trials", "0", "--ranking", "mine.csv", "--json"]) == 0

    popularity, mine = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (mine["model"], mine["customers"]) == ("ranking", popularity["customers"])
    assert mine["hit_rate"] == 1.0
    assert mine["mrr"] == 1.0


def test_the_table_has_a_slice_for_each_segment_and_says_how_varied_the_lists_are(files, tmp_path, capsys):
    customers = [f"{line.split(',')[0]},Premium" for line in (tmp_path / "test.csv").read_text().splitlines()[1:]]
    (tmp_path / "customers.csv").write_text("\n".join(["customer_id,segment", *dict.fromkeys(customers[:40]), ""]))

    arguments = ["--customers", "customers.csv", "--models", "served", "--trials", "0"]
    assert run(["evaluate", *files, *arguments]) == 0

    output = capsys.readouterr().out
    rows = [line.split()[:3] for line in output.splitlines() if line.strip().startswith(("Premium", "Regular"))]
    assert [row[:2] for row in rows] == [["Premium", "served"], ["Regular", "served"]]
    assert sum(int(row[2]) for row in rows) == 60
    assert re.search(r"served: \d+\.\d% of the lists contain the most listed product", output)


def test_the_table_states_the_number_of_customers_and_the_treatment_of_seen_products(files, capsys):
    assert run(["evaluate", *files, "--models", "served,item_knn", "--seen", "keep", "--trials", "0"]) == 0

    output = capsys.readouterr().out
    assert "60 customers, 0 left out, products seen before included" in output
    assert output.index("item_knn") < output.index("served")


def test_catalogue_products_without_events_are_ranked_and_unlisted_products_stay_relevant(tmp_path, capsys):
    (tmp_path / "train.csv").write_text("customer_id,product_id\na,x\na,y\nb,x\n")
    (tmp_path / "test.csv").write_text("customer_id,product_id\nb,y\nb,elsewhere\nnobody,x\n")
    (tmp_path / "products.csv").write_text("product_id,category\nx,1\ny,1\nz,1\n")

    command = ["evaluate", "--train", "train.csv", "--test", "test.csv", "--products", "products.csv", "--json"]
    assert run([*command, "--models", "served", "--seen", "drop"]) == 0

    (measured,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (measured["recall"], measured["customers"], measured["left_out"]) == (0.5, 1, 1)
    assert measured["coverage"] == pytest.approx(2 / 3)


def test_segments_and_times_from_files_are_used(tmp_path, capsys):
    write(tmp_path / "events.csv", two_group_log(days=20), with_times=True)
    (tmp_path / "customers.csv").write_text("customer_id,segment\nKundin 0,Premium\nKundin 1,\n")

    command = ["evaluate", "--train", "events.csv", "--customers", "customers.csv", "--trials", "1", "--json"]
    codes = [run([*command, "--models", "segment_trend,recent_popularity", *how]) for how in (
        ["--holdout-days", "3"], ["--leave-last-out"], [],
    )]  # fmt: skip

    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert codes == [0, 0, 0]
    by_days, by_last, by_default = (measured[place]["customers"] for place in (0, 2, 4))
    assert by_days < by_last == by_default == 60
    assert all(0 <= result["ndcg"] <= 1 for result in measured)


def test_json_lines_with_order_ids_are_read(tmp_path, capsys):
    lines = [
        {"customer_id": number % 3 + 1, "product_id": number, "event_type": "purchase", "order_id": 7} for number in range(9)
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "products.csv").write_text("product_id,price\n" + "".join(f"{number},2.5\n" for number in range(9)))

    command = ["evaluate", "--train", "events.jsonl", "--products", "products.csv", "--leave-last-out", "--json"]
    assert run([*command, "--models", "segment_trend,item_knn"]) == 0

    measured = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [result["customers"] for result in measured] == [3, 3]


def test_80_columns_show_names_and_figures_in_full(files, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    assert run(["evaluate", *files, "--models", "popularity,recent_popularity"]) == 0

    output = capsys.readouterr().out
    assert "recent_popularity" in output
    for heading in ("recall@20", "NDCG@20", "hit rate", "coverage", "train s", "ms a list"):
        assert heading in output
    assert "…" not in output
    assert max(map(len, output.splitlines())) <= 80


def test_invalid_lines_are_counted_and_skipped(files, tmp_path, capsys):
    with (tmp_path / "test.csv").open("a") as test:
        test.write("x,y,kiss\nx,,view\nx\n,y,view\n")

    assert run(["evaluate", *files, "--models", "popularity"]) == 0

    errors = capsys.readouterr().err
    assert "test.csv: 2 of 64 lines left out.\n  2 x product_id: Required (lines 63, 64)\n" in errors
    assert "test.csv: ignored by name: kiss 1.\n" in errors


@pytest.mark.parametrize(
    ("train_lines", "test_lines", "message"),
    [
        ("a,x\n", "a,x\n", "None of 1 customers with held-out events can be compared"),
        ("a,x\n", "b,x\n", "None of 1 customers with held-out events can be compared"),
        ("a,x\n", "", "test.csv has no usable line."),
        ("a\n", "a,x\n", "train.csv has no usable line. 1 x product_id: Required (line 2)"),
        ("a,x\n", None, "There are too few events to hold any out"),
    ],
    ids=["nothing-new", "unknown-customer", "empty-test-file", "no-valid-line", "too-few-events"],
)
def test_data_that_cannot_be_compared_is_explained_in_one_line(tmp_path, capsys, train_lines, test_lines, message):
    (tmp_path / "train.csv").write_text("customer_id,product_id\n" + train_lines)
    (tmp_path / "test.csv").write_text("customer_id,product_id\n" + (test_lines or ""))
    test = [] if test_lines is None else ["--test", "test.csv", "--seen", "exclude"]

    assert run(["evaluate", "--train", "train.csv", *test]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err.splitlines()[-1]


def test_a_file_without_required_columns_is_refused(tmp_path, capsys):
    (tmp_path / "train.csv").write_text("user,item\na,x\n")

    assert run(["evaluate", "--train", "train.csv"]) == 1
    assert capsys.readouterr().err == (
        'train.csv has no column customer_id, which events need. Did you mean `--map "user=customer_id"`?'
        " The columns are, separated by commas: user, item.\n"
    )


def test_the_columns_of_all_files_can_be_renamed(tmp_path, capsys):
    (tmp_path / "train.csv").write_text("user,item\na,x\na,y\nb,x\n")
    (tmp_path / "test.jsonl").write_text('{"user": "b", "item": "y"}\n')
    (tmp_path / "products.csv").write_text("item,path\nx,1\ny,1\n")
    (tmp_path / "customers.csv").write_text("user,segment\na,Premium\n")
    command = ["evaluate", "--train", "train.csv", "--test", "test.jsonl", "--products", "products.csv"]
    mapping = ["--map", "user=customer_id", "--map", "item=product_id", "--map", "path=category"]

    assert run([*command, "--customers", "customers.csv", *mapping, "--models", "content", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["recall"] == 1.0


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (["user"], "--map takes THEIRS=OURS, not 'user'."),
        (["user=person"], "--map names columns that an evaluation does not read: person."),
        (["user=customer_id", "item=product_id", "sort=product_id"], "--map gives product_id two columns: item and sort."),
    ],
    ids=["malformed", "unknown-column", "duplicate-column"],
)
def test_a_wrong_mapping_is_explained(tmp_path, capsys, mapping, message):
    (tmp_path / "train.csv").write_text("user,item,sort\na,x,1\n")

    assert run(["evaluate", "--train", "train.csv", *(word for pair in mapping for word in ("--map", pair))]) == 1
    assert capsys.readouterr().err == f"{message}\n"


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_the_plot_is_a_png_file_beside_the_usual_output(files, tmp_path, capsys, options):
    command = ["evaluate", *files, "--models", "popularity,neighbours,served", "--trials", "0"]

    assert run([*command, *options, "--plot", "plot.png"]) == 0

    png = (tmp_path / "plot.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png) > 10_000
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_the_plot_shows_the_ndcg_and_interval_of_each_model(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path: saved.append((figure, path)))
    results = [
        EvaluationResult(
            model=name,
            recall=0.0,
            recall_interval=(0.0, 0.0),
            ndcg=ndcg,
            ndcg_interval=(ndcg - 0.1, ndcg + 0.2),
            hit_rate=0.0,
            mrr=0.0,
            coverage=0.0,
            top_product_share=0.0,
            new_product_share=0.0,
            new_product_hit_share=0.0,
            slices={},
            customers=7,
            left_out=0,
            train_seconds=0.0,
            ms_per_list=0.0,
        )
        for name, ndcg in (("popularity", 0.2), ("served", 0.5))
    ]

    plot(results, k=5, title="7 customers", path=tmp_path / "plot.png")

    [(figure, path)] = saved
    [axes] = figure.axes
    assert path == tmp_path / "plot.png"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["popularity", "served"]
    assert list(axes.lines[0].get_xdata()) == [0.2, 0.5]
    [intervals] = axes.collections
    assert np.array(intervals.get_segments()) == pytest.approx(np.array([[[0.1, 0], [0.4, 0]], [[0.4, 1], [0.7, 1]]]))
    assert axes.get_xlabel().startswith("NDCG@5")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("plot.jpg", "--plot writes a .png, not plot.jpg."),
        ("elsewhere/plot.png", "--plot cannot write elsewhere/plot.png: the folder does not exist."),
    ],
)
def test_a_plot_that_cannot_be_written_is_refused_before_the_evaluation(files, capsys, name, message):
    assert run(["evaluate", *files, "--plot", name]) == 1

    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"{message}\n")


def test_a_plot_without_matplotlib_is_refused_before_the_evaluation(files, capsys, monkeypatch):
    # find_spec returns None for this entry, as for a missing package.
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    assert run(["evaluate", *files, "--plot", "plot.png"]) == 1

    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "--plot needs matplotlib: pip install -r requirements/plot.txt\n")


def test_the_table_is_printed_even_if_the_plot_cannot_be_saved(files, tmp_path, capsys):
    (tmp_path / "plot.png").mkdir()

    assert run(["evaluate", *files, "--models", "popularity", "--trials", "0", "--plot", "plot.png"]) == 1

    output = capsys.readouterr()
    assert "popularity" in output.out
    assert output.err.endswith("plot.png cannot be written: Is a directory.\n")


def test_holding_out_all_events_is_refused(tmp_path, capsys):
    write(tmp_path / "events.csv", two_group_log(days=3), with_times=True)

    assert run(["evaluate", "--train", "events.csv", "--holdout-days", "300"]) == 1
    assert "can be compared" in capsys.readouterr().err


@pytest.mark.parametrize(
    "lines",
    ["a,x\na,y\na,z\n", "a,x\nb,x\nc,x\n", "a,x\n" * 50, "1,1\n1,2\n2,1\n"],
    ids=["one-customer", "one-product", "one-pair", "two-customers"],
)
def test_the_smallest_shops_are_measured_or_refused_with_a_message(tmp_path, capsys, lines):
    (tmp_path / "train.csv").write_text("customer_id,product_id\n" + lines)

    code = run(["evaluate", "--train", "train.csv", "--leave-last-out", "--json"])

    output = capsys.readouterr()
    assert "nan" not in output.out.lower()
    assert "Traceback" not in output.err
    assert (code == 0) == bool(output.out)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--models", "magic"], "unknown model magic"),
        (["-k", "0"], "expected a whole number from 1 to 100"),
        (["--holdout-days", "-1"], "expected a number of days greater than 0"),
        (["--holdout-days", "soon"], "expected a number of days greater than 0"),
        (["--trials", "-1"], "expected a whole number, 0 or more"),
    ],
)
def test_a_wrong_option_is_explained(capsys, option, message):
    with pytest.raises(SystemExit):
        run(["evaluate", *option])

    assert message in capsys.readouterr().err


def test_a_catalogue_file_without_training_files_is_refused(capsys):
    assert run(["evaluate", "--products", "products.csv"]) == 1
    assert "go with --train" in capsys.readouterr().err


def test_the_variants_of_a_product_file_count_as_one_product(files, tmp_path, capsys):
    """The training customers turned to the red variants, and the held-out events are about the blue ones."""
    (tmp_path / "red.csv.xz").write_bytes((tmp_path / "train.csv.xz").read_bytes())
    blue = (tmp_path / "test.csv").read_text().replace("№", "blue ")
    (tmp_path / "blue.csv").write_text(blue)
    catalogue = [f"№{n}," for n in range(12)] + [f"blue {n},№{n}" for n in range(12)]
    (tmp_path / "catalogue.csv").write_text("\n".join(["product_id,variant_of", *catalogue, ""]))
    lines = [f"{line.split(',')[0]},{prefix}{line.split(',')[1][5:]},{rank}" for line in blue.splitlines()[1:]
             for rank, prefix in ((1, "№"), (2, "blue "))]  # fmt: skip
    (tmp_path / "mine.csv").write_text("\n".join(["customer_id,product_id,rank", *lines, ""]))
    options = ["--models", "served", "--trials", "0", "--json"]

    assert run(["evaluate", *files, *options]) == 0
    assert run(["evaluate", "--train", "red.csv.xz", "--test", "blue.csv", "--products", "catalogue.csv",
                "--ranking", "mine.csv", *options]) == 0  # fmt: skip

    as_one, served, mine = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (served["customers"], served["left_out"]) == (as_one["customers"], as_one["left_out"])
    assert served["recall"] == as_one["recall"] > 0.9
    assert mine["recall"] == 1.0


@pytest.fixture
def demo_database(settings, monkeypatch):
    """Let commands use a database with the demo shop."""

    async def fill():
        async with open_repository(settings) as repository:
            await load_demo_shop(repository, demo_shop(now=NOW), now=NOW)

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", settings.database_url)


@pytest.mark.system
def test_a_database_is_evaluated(demo_database, capsys):
    assert run(["evaluate", "--models", "popularity,served", "--trials", "1", "--json"]) == 0

    popularity, served = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert served["ndcg"] > popularity["ndcg"]


def test_a_ranking_from_a_file_is_evaluated_on_a_database(demo_database, tmp_path, capsys):
    ranking = tmp_path / "mine.csv"
    ranking.write_text("customer_id,product_id,rank\ndemo-1,p-014,1\n")
    command = ["evaluate", "--models", "popularity", "--trials", "0", "--ranking", str(ranking)]

    assert run([*command, "--json"]) == 0
    assert [json.loads(line)["model"] for line in capsys.readouterr().out.splitlines()] == ["popularity", "ranking"]

    ranking.write_text("customer_id,product_id,rank\na stranger,p-014,1\n")
    assert run(command) == 1
    assert capsys.readouterr().err.endswith("mine.csv names no customer of the events.\n")
