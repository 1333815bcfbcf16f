"""`python main.py why-not` and `python main.py health-of-data`."""

import json

import pytest

from infra.cli import run

pytestmark = pytest.mark.names_a_customer


@pytest.fixture
def imported(shop, capsys):
    assert run(["import", "products", "products.csv"]) == 0
    assert run(["import", "events", "events.csv"]) == 0
    capsys.readouterr()
    return shop


def output_of(capsys, *arguments):
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def test_a_product_of_the_list_is_compared_with_the_last_one(imported, capsys):
    lines = output_of(capsys, "why-not", "c-1", "p-2").splitlines()

    assert lines[0] == "p-2 for c-1: in_list, rank 1 of a list of 10"
    assert lines[1] == "Nothing: it is in the list, at rank 1."
    assert lines[3].split() == ["source", "p-2", "last", "shown:", "p-2", "missing"]
    assert lines[-1].split()[0] == "score"
    assert {line.split()[-1] for line in lines[4:]} == {"0.0000"}


def test_a_product_that_cannot_be_in_the_list_has_only_advice(imported, capsys):
    output = output_of(capsys, "why-not", "c-1", "p-1", "--limit", "5", "--seen", "include")

    assert output.splitlines()[0] == "p-1 for c-1: bought_not_due"
    assert len(output.splitlines()) == 2


def test_the_answer_is_json_if_wanted_and_the_audit_keeps_it(imported, capsys):
    answer = json.loads(output_of(capsys, "why-not", "c-1", "p-1", "--json"))

    assert (answer["verdict"], answer["due_at"]) == ("bought_not_due", None)
    [entry] = output_of(capsys, "audit", "--customer", "c-1", "--json").splitlines()
    assert (json.loads(entry)["actor"], json.loads(entry)["action"]) == ("command line", "read-profile")


@pytest.mark.parametrize(("ids", "message"), [(("c-9", "p-1"), "No customer"), (("c-1", "p-9"), "No product")])
def test_an_unknown_id_is_one_line(imported, capsys, ids, message):
    assert run(["why-not", *ids]) == 1
    assert capsys.readouterr().err.startswith(message)


def test_the_health_of_the_data_is_a_table(imported, capsys):
    (imported / "old.csv").write_text("customer_id,product_id,occurred_at\nc-1,p-2,2026-01-01\n")
    (imported / "more.csv").write_text("product_id,name,category\np-3,Lamp,outdoor\n")
    assert "all" in line_of("no_views", output_of(capsys, "health-of-data"))
    run(["import", "events", "old.csv"])
    run(["import", "products", "more.csv"])
    capsys.readouterr()

    output = output_of(capsys, "health-of-data")

    assert " days " in line_of("no_views", output)
    assert "since 2026-01-01" in output
    assert "1 of 3" in line_of("products_without_price", output)


def line_of(problem, output):
    [line] = [line for line in output.splitlines() if problem in line]
    return line


def test_a_shop_where_all_is_well_says_so_and_the_answer_is_json_if_wanted(imported, capsys):
    (imported / "views.csv").write_text("customer_id,product_id\nc-1,p-2\n")
    run(["import", "events", "views.csv"])
    capsys.readouterr()

    assert json.loads(output_of(capsys, "health-of-data", "--json"))["problems"] == []
    assert output_of(capsys, "health-of-data") == "Nothing in the data weakens the lists.\n"
