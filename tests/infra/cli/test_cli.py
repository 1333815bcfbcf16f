"""The command line: exit codes, output, and errors in one line."""

import asyncio
import re
import socket
import stat

import pytest
from msgspec.structs import replace

from domain.ranking.model import UNTRAINED, TunedConfig, Tuning
from domain.records.interactions import BrowsingEvent
from infra.cli import run
from infra.cli.train import describe_model
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sqlite import open_sqlite
from infra.use_cases.train import TuningBudget, train
from tests.imports import as_imported


@pytest.mark.names_a_customer
def test_a_shop_is_imported_and_trained_and_recommends(shop, capsys):
    codes = [
        run(["import", "products", "products.csv"]),
        run(["import", "events", "events.csv"]),
        run(["train"]),
        run(["recommend", "c-1"]),
    ]

    output = capsys.readouterr().out
    assert codes == [0, 0, 0, 0]
    assert "Read 2 lines: 2 new" in output
    assert output.count("Trained model") == 2
    assert "c-1: personalised" in output
    assert "29.00 EUR" in output
    assert "Because this customer bought Tent" in output


@pytest.fixture
def busy_shop(shop):
    lines = [f"c-{number},p-{product}" for number in range(60) for product in (number % 6, (number + 1) % 6, number % 5)]
    (shop / "busy.csv").write_text("customer_id,product_id\n" + "\n".join([*lines, *lines, *lines]) + "\n")
    assert run(["import", "events", "busy.csv", "--create-products", "--no-train"]) == 0
    return shop


@pytest.mark.parametrize("kind", ["products", "customers"])
def test_an_import_of_products_or_customers_does_not_train(shop, capsys, kind):
    (shop / "customers.csv").write_text("customer_id\nc-1\n")

    assert run(["import", kind, f"{kind}.csv"]) == 0

    assert "Trained" not in capsys.readouterr().out


def test_an_import_of_events_keeps_the_settings_in_use_and_says_so(busy_shop, capsys):
    assert run(["train", "--trials", "2"]) == 0
    tuned = tuning_lines(capsys).removeprefix("Tuned in")

    assert run(["import", "events", "busy.csv"]) == 0

    output = capsys.readouterr()
    assert "Training without tuning" in output.err
    assert "Kept the settings tuned on 540 events in" + tuned in output.out
    assert output.out.endswith("An import does not tune: `python main.py train` does.\n")


def tuning_lines(capsys):
    return "".join(capsys.readouterr().out.partition("Tuned in ")[1:])


def test_training_keeps_tuned_settings_until_the_events_have_doubled(busy_shop, capsys):
    assert run(["train", "--trials", "1"]) == 0
    first = tuning_lines(capsys)
    assert run(["train"]) == 0
    output = capsys.readouterr().out

    assert first.startswith("Tuned in 1 trials with seed 0: NDCG@20 ")
    assert "ridge_share" in first
    assert "Kept the settings tuned on 540 events in" + first.removeprefix("Tuned in") in output


def test_the_trials_of_a_time_budget_can_be_repeated_with_their_number(busy_shop, capsys, monkeypatch):
    assert run(["train", "--trials", "2", "--seed", "5"]) == 0
    by_number = tuning_lines(capsys)
    # Time for one trial, whatever it takes.
    monkeypatch.setattr("infra.use_cases.train.TrainingClock.allows_another", lambda _: False)
    assert run(["train", "--trials", "9", "--seed", "5", "--budget", "1h"]) == 0
    by_time = tuning_lines(capsys)
    assert run(["train", "--trials", "1", "--seed", "5"]) == 0

    assert by_number.startswith("Tuned in 2 trials with seed 5")
    assert by_time == tuning_lines(capsys)


def test_a_budget_without_time_for_a_trial_keeps_the_settings(busy_shop, capsys):
    assert run(["train", "--budget", "0s"]) == 0
    assert "Not tuned: the budget leaves no time for a trial. The documented defaults" in capsys.readouterr().out

    assert run(["train", "--trials", "1"]) == 0
    assert run(["train", "--budget", "0s"]) == 0
    kept = "Not tuned again: the budget leaves no time for a trial. Kept the settings tuned on 540 events in 1 trials"
    assert kept in capsys.readouterr().out


def test_a_later_tuning_that_can_compare_nothing_is_not_reported_as_a_tuning(busy_shop, capsys):
    assert run(["train", "--trials", "1"]) == 0
    (busy_shop / "gone.csv").write_text("product_id,name,in_stock\n" + "".join(f"p-{n},Gone,false\n" for n in range(12)))
    assert run(["import", "products", "gone.csv"]) == 0
    capsys.readouterr()

    assert run(["train", "--trials", "1"]) == 0

    output = capsys.readouterr().out
    assert "Not tuned again: the held-out events could not be compared with any list. Kept the settings tuned on" in output
    assert "Tuned in" not in output


def test_training_shows_how_long_it_takes_and_how_far_it_is(busy_shop, capsys, monkeypatch):
    monkeypatch.setattr("infra.use_cases.train.TICK_SECONDS", 0.0)
    monkeypatch.setattr("infra.progress.PLAIN_SECONDS", 0.0)

    assert run(["train", "--trials", "1"]) == 0
    assert run(["train", "--trials", "0"]) == 0

    lines = capsys.readouterr().err.splitlines()
    assert "Reading 540 events; training takes about a few seconds" in lines
    assert any("training takes about a few seconds: 100%" in line for line in lines)
    assert any(line.startswith("Tuning and training, about a few seconds: ") for line in lines)
    assert any(line.startswith("Training without tuning, about a few seconds: ") for line in lines)


async def test_a_training_without_a_progress_callback_tunes_as_well(settings, now):
    events = [
        BrowsingEvent(customer_id=f"c-{number}", product_id=f"p-{number % 6 + step}", event_id=f"{number}-{step}")
        for number in range(40)
        for step in range(3)
    ]
    async with open_repository(settings) as repository:
        await repository.put_events(as_imported(events), create_products=True, now=now)

        model = await train(repository, now=now, budget=TuningBudget(trials=1))

    assert (model.config.tuning.trials, model.config.tuning.n_customers) == (1, 40)


def test_a_tuning_that_was_not_taken_is_reported_with_both_scores():
    tuning = Tuning(trials=3, n_events=900, n_customers=40, ndcg=0.2, rejected_ndcg=0.1)
    model = replace(UNTRAINED, config=TunedConfig(tuning=tuning))

    assert (
        "The new settings scored 0.1000, so those in use stay. They were tuned in 3 trials with seed 0: NDCG@20 0.2000 on"
        in describe_model(model, origin="rejected")
    )


def test_a_training_without_trials_reports_that_it_is_not_tuned(shop, capsys):
    assert run(["train", "--trials", "0"]) == 0
    assert "Not tuned" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--budget", "soon"], ["--trials", "-1"], ["--trials", "x"]])
def test_a_wrong_tuning_option_is_explained(capsys, option):
    with pytest.raises(SystemExit):
        run(["train", *option])

    assert f"argument {option[0]}: expected " in capsys.readouterr().err


def test_refused_lines_give_exit_code_3_and_a_private_report(shop, capsys):
    (shop / "bad.csv").write_text("id,name\np-1,Tent\np\x011,Stove\n")

    assert run(["import", "products", "bad.csv", "--map", "id=product_id"]) == 3
    assert "Refused lines are listed in bad.csv.rejected.jsonl." in capsys.readouterr().out
    assert stat.S_IMODE((shop / "bad.csv.rejected.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recommend", "nobody"], "No customer has the id 'nobody'."),
        (["import", "products", "missing.csv"], "missing.csv cannot be read: No such file or directory."),
        (["import", "products", "products.csv", "--map", "x"], "--map takes THEIRS=OURS, not 'x'."),
        (["import"], "import needs what the files contain, and the files: import products FILE..."),
        (["import", "products"], "import needs what the files contain, and the files: import products FILE..."),
    ],
)
def test_an_error_is_one_line(shop, capsys, arguments, message):
    assert run(arguments) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("Reading", "{"))]
    assert len(errors) == 1
    assert message in errors[0]


def test_an_invalid_setting_is_one_line(shop, capsys, monkeypatch):
    monkeypatch.setenv("PORT", "http")

    assert run(["train"]) == 1
    assert capsys.readouterr().err.strip() == "PORT must be a whole number from 0 to 65535, not 'http'."


def test_an_interrupted_command_explains_how_to_finish(shop, capsys, monkeypatch):
    def interrupt(coroutine):
        coroutine.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.cli.train.asyncio.run", interrupt)

    assert run(["train"]) == 130
    assert "run the same command again to finish" in capsys.readouterr().err


def test_help_lists_commands_and_columns(capsys):
    for arguments in (["--help"], ["import", "--help"]):
        with pytest.raises(SystemExit):
            run(arguments)

    output = capsys.readouterr().out
    assert "recommend" in output
    assert "occurred_at" in output


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])
def test_without_keys_only_a_loopback_address_is_served(shop, capsys, monkeypatch, host):
    monkeypatch.setenv("HOST", host)

    assert run([]) == 1
    assert capsys.readouterr().err.strip() == (
        "API_KEYS is not set; create a key with `python main.py new-key backend`."
        f" Without keys the shop is served only on a loopback address, not on {host}."
    )


def test_with_keys_any_address_is_served_and_the_examples_send_a_key(shop, capsys, monkeypatch, served):
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("API_KEYS", "backend:" + "a" * 64)

    assert run([]) == 0
    output = capsys.readouterr().out
    assert "curl -H 'Authorization: Bearer KEY' http://0.0.0.0" in output
    assert "No API_KEYS" not in output


def test_a_port_in_use_is_one_line(shop, capsys, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        assert run([]) == 1

    assert "Address already in use" in capsys.readouterr().err


@pytest.fixture
def served(monkeypatch):
    """Replace the server, which tests/system covers, and record its arguments."""
    calls = []

    class Server:
        def __init__(self, target, **options):
            calls.append((target, options["address"], options["workers"]))

        def serve(self):
            calls.append("served")

    monkeypatch.setattr("infra.cli.serve.Server", Server)
    monkeypatch.setenv("PORT", "0")
    return calls


def test_the_demo_is_loaded_and_trained_before_the_server_starts(shop, capsys, monkeypatch, served):
    monkeypatch.setenv("HOST", "::1")

    assert run([]) == 0
    assert run(["--demo"]) == 0
    assert served == [("main:app", "::1", 1), "served", ("main:demo_app", "::1", 1), "served"]
    output = capsys.readouterr().out
    assert re.search(r"^Loading the demo shop: 564 products, .* \.\.\. done in \d\S* s\nTraining ", output, re.MULTILINE)
    # Quoted, because ? is a pattern of file names in some shells.
    assert re.search(r'^  curl "http://.*/recommendations/demo-1\?limit=3"$', output, re.MULTILINE)
    assert "No API_KEYS are set" in output

    async def read_summary():
        async with open_sqlite(Settings().database_path, currency="EUR") as repository:
            return await repository.summary()

    summary = asyncio.run(read_summary())
    assert summary.n_products >= 300
    assert summary.model_id != "untrained"
