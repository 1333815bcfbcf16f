"""What a person types, and what comes back."""

import asyncio
import re
import socket
import stat

import pytest

from domain.records.interactions import BrowsingEvent
from domain.records.recommendations import Reason
from infra.cli import run
from infra.cli import serve as serving
from infra.cli.recommend import told
from infra.http.auth import hash_of
from infra.settings import Settings, read_settings
from infra.storage.opening import open_repository
from infra.storage.sqlite import open_sqlite
from infra.use_cases.train import TuningBudget, train


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "products.csv").write_text("product_id,name,category,price\np-1,Tent,outdoor,99\np-2,Stove,outdoor,29\n")
    (tmp_path / "events.csv").write_text(
        "customer_id,product_id,event_type,order_id\nc-1,p-1,purchase,o-1\nc-2,p-1,purchase,o-2\nc-2,p-2,purchase,o-2\n"
    )
    return tmp_path


@pytest.mark.names_a_customer
def test_a_shop_is_imported_trained_and_asked(shop, capsys):
    codes = [
        run(["import", "products", "products.csv", "--no-train"]),
        run(["import", "events", "events.csv"]),
        run(["train"]),
        run(["recommend", "c-1"]),
    ]

    said = capsys.readouterr().out
    assert codes == [0, 0, 0, 0]
    assert "Read 2 lines: 2 new" in said
    assert said.count("Trained model") == 2
    assert "c-1: personalised" in said
    assert "29.00 EUR" in said
    assert "bought by those who bought p-1" in said


@pytest.fixture
def busy_shop(shop):
    lines = [f"c-{number},p-{product}" for number in range(60) for product in (number % 6, (number + 1) % 6, number % 5)]
    (shop / "busy.csv").write_text("customer_id,product_id\n" + "\n".join([*lines, *lines, *lines]) + "\n")
    assert run(["import", "events", "busy.csv", "--create-products", "--no-train"]) == 0
    return shop


def chosen(capsys):
    return "".join(capsys.readouterr().out.partition("Tuned in ")[1:])


def test_training_tunes_once_and_keeps_what_it_chose_until_the_events_have_doubled(busy_shop, capsys):
    assert run(["train", "--budget", "0s"]) == 0
    first = chosen(capsys)
    assert run(["train"]) == 0
    said = capsys.readouterr().out

    assert first.startswith("Tuned in 1 trials with seed 0: NDCG@20 ")
    assert "ridge_share" in first
    assert "Kept what was tuned on 540 events, in" + first.removeprefix("Tuned in") in said


def test_the_trials_of_a_budget_can_be_repeated_by_their_number(busy_shop, capsys):
    assert run(["train", "--trials", "2", "--seed", "5"]) == 0
    by_number = chosen(capsys)
    assert run(["train", "--trials", "9", "--seed", "5", "--budget", "0s"]) == 0
    by_time = chosen(capsys)
    assert run(["train", "--trials", "1", "--seed", "5"]) == 0

    assert by_number.startswith("Tuned in 2 trials with seed 5")
    assert by_time == chosen(capsys)


async def test_a_training_that_nobody_watches_tunes_as_well(settings, now):
    events = [
        BrowsingEvent(customer_id=f"c-{number}", product_id=f"p-{number % 6 + step}", event_id=f"{number}-{step}")
        for number in range(40)
        for step in range(3)
    ]
    async with open_repository(settings) as repository:
        await repository.put_events(events, create_products=True, now=now)

        model = await train(repository, now=now, budget=TuningBudget(trials=1))

    assert (model.tuning.trials, model.tuning.n_customers) == (1, 40)


def test_a_training_without_trials_says_that_nothing_is_tuned(shop, capsys):
    assert run(["train", "--trials", "0"]) == 0
    assert "Not tuned" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--budget", "soon"], ["--trials", "-1"], ["--trials", "x"]])
def test_a_wrong_effort_is_explained(capsys, option):
    with pytest.raises(SystemExit):
        run(["train", *option])

    assert f"argument {option[0]}: expected " in capsys.readouterr().err


@pytest.mark.parametrize("length", ["0", "101", "ten"])
def test_a_wrong_length_of_a_list_is_explained(capsys, length):
    with pytest.raises(SystemExit):
        run(["recommend", "ann", "--limit", length])

    assert "argument --limit: expected a whole number from 1 to 100" in capsys.readouterr().err


def test_a_merged_reason_is_told_of_others():
    assert told(Reason(source="bought_together", share=0.5)) == "bought by those who bought others 50%"
    assert told(Reason(source="new", share=1.0)) == "new 100%"


def test_refused_lines_are_told_by_the_exit_code(shop, capsys):
    (shop / "bad.csv").write_text("id,name\np 1,Tent\n")

    assert run(["import", "products", "bad.csv", "--map", "id=product_id", "--no-train"]) == 3
    assert "Refused lines are listed in bad.csv.rejected.jsonl." in capsys.readouterr().out
    assert stat.S_IMODE((shop / "bad.csv.rejected.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recommend", "nobody"], "No customer has the id 'nobody'."),
        (["import", "products", "missing.csv"], "missing.csv cannot be read: No such file or directory."),
        (["import", "products", "products.csv", "--map", "x"], "--map takes THEIRS=OURS, not 'x'."),
        (["import", "events", "products.csv"], "products.csv has no column customer_id; --map THEIRS=customer_id"),
    ],
)
def test_what_is_wrong_is_one_line(shop, capsys, arguments, said):
    assert run(arguments) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("Reading", "{"))]
    assert len(errors) == 1
    assert said in errors[0]


def test_a_wrong_setting_is_one_line(shop, capsys, monkeypatch):
    monkeypatch.setenv("PORT", "http")

    assert run(["train"]) == 1
    assert capsys.readouterr().err.strip() == "PORT must be a whole number from 0 to 65535, not 'http'."


def test_an_interrupted_command_says_that_nothing_is_lost(shop, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.cli.train.asyncio.run", lambda coroutine: (coroutine.close(), interrupted()))

    assert run(["train"]) == 130
    assert "the same command finishes the job" in capsys.readouterr().err


def test_help_explains_commands_and_columns(capsys):
    for arguments in (["--help"], ["import", "--help"]):
        with pytest.raises(SystemExit):
            run(arguments)

    said = capsys.readouterr().out
    assert "recommend" in said
    assert "occurred_at" in said


@pytest.mark.parametrize("scope", ["backend", "storefront"])
def test_a_new_key_is_printed_with_its_hash(capsys, scope):
    assert run(["new-key", scope]) == 0

    said = capsys.readouterr().out
    key = re.search(r"Authorization: Bearer (\S{43})\n", said)[1]
    assert read_settings({"API_KEYS": re.search(r"\n  (\w+:\w{64})\n", said)[1]}).keys == {
        bytes.fromhex(hash_of(key)): scope
    }


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])
def test_without_keys_no_other_than_a_loopback_address_is_served(shop, capsys, monkeypatch, host):
    monkeypatch.setenv("HOST", host)

    assert run([]) == 1
    assert capsys.readouterr().err.strip() == (
        "API_KEYS is not set; `python main.py new-key backend` makes a key."
        f" Without keys the shop is served only on a loopback address, not on {host}."
    )


def test_with_keys_any_address_is_served_and_the_examples_send_one(shop, capsys, monkeypatch, served):
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("API_KEYS", "backend:" + "a" * 64)

    assert run([]) == 0
    said = capsys.readouterr().out
    assert "curl -H 'Authorization: Bearer KEY' http://0.0.0.0" in said
    assert "No API_KEYS" not in said


def test_a_port_in_use_is_one_line(shop, capsys, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        assert run([]) == 1

    assert "Address already in use" in capsys.readouterr().err


@pytest.fixture
def served(monkeypatch):
    """Note what the server is started with; the server itself is tried in tests/system."""
    served = []

    class Server:
        def __init__(self, target, **given):
            served.append((target, given["address"], given["workers"]))

        def serve(self):
            served.append("served")

    monkeypatch.setattr(serving, "Server", Server)
    monkeypatch.setenv("PORT", "0")
    return served


def test_the_server_is_started_on_a_prepared_database(shop, capsys, monkeypatch, served):
    monkeypatch.setenv("HOST", "::1")

    assert run([]) == 0
    assert run(["--demo"]) == 0
    assert served == [("main:app", "::1", 1), "served"] * 2
    said = capsys.readouterr().out
    # Quoted, as some shells take ? for a file's name.
    assert re.search(r'^  curl "http://.*/recommendations/demo-1\?limit=3"$', said, re.MULTILINE)
    assert "No API_KEYS are set" in said

    async def summary():
        async with open_sqlite(Settings().database_path, currency="EUR") as repository:
            return await repository.summary(), await serving.load_demo(repository)

    summed, loaded_again = asyncio.run(summary())
    assert summed.n_products >= 300
    assert summed.model_id != "untrained"
    assert not loaded_again
