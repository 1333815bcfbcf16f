"""`python main.py import`: what every option does, what is said, and the exit codes."""

import re
import shlex

import pytest

from infra.cli import run

# A customer's id is said only with --show-values.
EVENTS = "user;sku;what;when\nc-1;p-1;look;03/04/2026\nc-2;p-2;view;13/04/2026\n"
RENAMED = ["--map", "user=customer_id", "--map", "sku=product_id", "--map", "what=event_type", "--map", "when=occurred_at"]


@pytest.fixture
def imported(shop, capsys):
    """Run `import` in a folder; return the exit code, and what was said on standard output and error."""
    assert run(["import", "products", "products.csv"]) == 0
    capsys.readouterr()

    def run_import(*arguments):
        code = run(["import", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_import


@pytest.fixture
def looks(shop):
    (shop / "looks.csv").write_text(EVENTS)


def test_the_command_that_was_understood_is_printed_and_repeats_the_import(imported, looks):
    code, said, _ = imported("events", "looks.csv", *RENAMED, "--event-map", "look=view", "--null", "x y", "--no-train")
    command = re.search(r"To repeat this import: python main\.py import (.*)", said)[1]

    assert (code, "2 new" in said) == (0, True)
    assert command == (
        "events looks.csv --format own --map user=customer_id --map sku=product_id --map what=event_type"
        " --map when=occurred_at --event-map look=view --null 'x y' --encoding UTF-8 --delimiter ';' --dates dmy"
    )
    again, said, _ = imported(*shlex.split(command), "--no-train")
    assert again == 0
    assert "2 seen before" in said
    assert command in said


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("customer_id\tproduct_id\nc-1\tp-1\n", ["--delimiter", "tab", "--set", "occurred_at=2026-01-02"]),
        ("customer_id|product_id\nc-1|p-1\n", ["--delimiter", "pipe", "--encoding", "latin-1"]),
        ("customer_id;product_id\nc-1;p-1\n", ["--delimiter", ";", "--guests", "keep", "--create-products"]),
    ],
)
def test_options_that_were_given_are_part_of_the_printed_command(imported, shop, content, options):
    (shop / "e.csv").write_text(content)

    code, said, _ = imported("events", "e.csv", *options, "--no-train")

    command = re.search(r"To repeat this import: python main\.py import (.*)", said)[1]
    assert (code, "1 new" in said) == (0, True)
    assert {word for word in options if word.startswith("--")} <= set(shlex.split(command))
    assert run(["import", *shlex.split(command), "--no-train"]) == 0


def test_an_option_for_dates_decides_what_the_column_does_not(imported, shop):
    (shop / "e.csv").write_text("customer_id,product_id,occurred_at\nc-1,p-1,03/04/2026\n")

    code, said, error = imported("events", "e.csv", "--no-train")
    assert (code, "--dates dmy or --dates mdy" in error) == (4, True)

    code, said, _ = imported("events", "e.csv", "--no-train", "--dates", "mdy")
    assert (code, "The dates of occurred_at are month, day, year." in said) == (0, True)
    assert "--dates mdy" in said


def test_the_separator_of_category_levels_and_empty_texts_can_be_given(imported, shop, capsys):
    (shop / "p.csv").write_text("product_id,name,category,brand\np-9,Cup,kitchen~cups,none given\n")

    code, said, _ = imported("products", "p.csv", "--split-category", "~", "--null", "None given")

    assert (code, "--split-category '~'" in said) == (0, True)
    assert imported("products", "p.csv", "--split-category", "~", "--null", "None given")[1].count("1 unchanged") == 1


def test_samples_of_personal_fields_are_hidden_unless_asked_for(imported, shop):
    (shop / "people.csv").write_text("customer_id,email,first_name\nMember 7,someone@example.com,Erika\nMember 8,,Otto\n")

    _, hidden, _ = imported("customers", "people.csv", "--dry-run")
    _, shown, _ = imported("customers", "people.csv", "--dry-run", "--show-values")

    assert "Erika" not in hidden
    assert "someone" not in hidden
    assert "  customer_id  customer_id: xxxxxx 9\n  email        email: xxxxxxx@xxxxxxx.xxx\n" in hidden
    assert "  first_name   first_name: Erika, Otto\n" in shown
    assert "Member 7, Member 8" in shown


def test_a_dry_run_says_what_would_happen_and_stores_nothing(imported, shop, looks):
    code, said, _ = imported("events", "looks.csv", *RENAMED, "--event-map", "look=view", "--dry-run")

    assert code == 0
    assert "Read 2 lines: 2 new" in said
    assert said.endswith("This was a dry run: nothing was stored.\n")
    assert "Trained" not in said
    assert "0 unchanged, 0 refused" in said
    assert imported("--list")[1].count("events") == 0


def test_a_file_that_is_not_understood_is_explained_with_exit_code_4(imported, shop, looks):
    (shop / "user.csv").write_text("Kundennummer,Artikel\n1,p-1\n")

    code, said, error = imported("events", "user.csv")

    assert (code, said) == (4, "")
    assert 'Did you mean `--map "Kundennummer=customer_id"`?' in error
    assert "The columns are, separated by commas: Kundennummer, Artikel." in error
    assert (
        imported("events", "looks.csv", "--map", "usr=customer_id")[2].count('Did you mean `--map "user=customer_id"`?') == 1
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["products", "products.csv", "--map", "name=colour"], "--map: products have no field colour; they have product_id"),
        (["customers", "x.csv", "--set", "price=3"], "--set: customers have no field price; they have customer_id"),
        (["products", "products.csv", "--set", "price"], "--set takes FIELD=VALUE, not 'price'."),
        (["events", "events.csv", "--event-map", "=view"], "--event-map takes THEIRS=OURS, not '=view'."),
        (["products", "products.csv", "products.csv"], "A file is named twice; its lines would count twice."),
        (["--undo", "nothing"], "There is no import nothing; `python main.py import --list` lists them."),
    ],
)
def test_wrong_options_are_one_line_with_exit_code_1(imported, arguments, message):
    code, _, error = imported(*arguments)

    assert (code, error.count("\n")) == (1, 1)
    assert error.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["products", "products.csv", "--format", "oracle"], "--format oracle: known for products are "),
        (["events", "events.csv", "--set", "event_type=page_view"], "--set event_type: Expected one of view, cart"),
        (["events", "events.csv", "--set", "occurred_at=yesterday"], "--set occurred_at: "),
    ],
)
def test_wrong_values_of_options_store_nothing_with_exit_code_4(imported, arguments, message):
    code, _, error = imported(*arguments, "--no-train")

    assert (code, error.startswith(message)) == (4, True)


def test_a_constant_wins_over_a_column(imported, shop):
    (shop / "e.csv").write_text("customer_id,product_id,event_type\nc-1,p-1,cart\n")

    _, said, _ = imported("events", "e.csv", "--set", "event_type=wishlist", "--no-train")

    assert "Events in the first 1 rows: wishlist 1." in said
    assert "--set event_type=wishlist" in said


def test_a_full_catalogue_needs_a_yes_to_withdraw_a_lot(imported, shop):
    (shop / "one.csv").write_text("product_id\np-1\n")

    assert imported("products", "one.csv", "--full")[0] == 4
    code, said, _ = imported("products", "one.csv", "--full", "--yes")

    assert (code, "Withdrawn, as the files do not have them: 1 products." in said) == (0, True)
    assert "--full --yes" in said


def test_imports_are_listed_newest_first_and_can_be_undone(imported, shop, capsys):
    code, said, _ = imported("events", "events.csv", "--no-train")
    assert (code, "Trained" in said) == (0, False)
    code, said, _ = imported("events", "events.csv")
    assert "3 seen before" in said
    assert re.search(r"`python main\.py import --undo \w{12}` takes these events back\.\nTrained model", said)

    lines = imported("--list")[1].splitlines()
    assert [line.split("  ")[2:] for line in lines] == [
        ["events", "events.csv", "3 seen before"],
        ["events", "events.csv", "3 new"],
        ["products", "products.csv", "2 new"],
    ]

    first = lines[1].split()[0]
    assert imported("--undo", first)[:2] == (
        0, "Took back 2 events and changes of orders. `python main.py train` makes a model without them.\n",
    )  # fmt: skip
    assert "3 new" in imported("events", "events.csv", "--no-train")[1]


def test_an_interrupted_import_is_listed_as_such(imported, shop, monkeypatch):
    async def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.ingest.run.store_products", interrupted)
    assert imported("products", "products.csv")[0] == 130

    assert imported("--list")[1].splitlines()[0].endswith("products  products.csv  interrupted")


def test_the_wrong_kind_of_file_is_told_apart_by_its_format(imported, shop):
    (shop / "r.csv").write_text(
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    )

    code, _, error = imported("products", "r.csv")

    assert code == 4
    assert "r.csv looks like another kind of file: REES46" in error
    assert "Try `import events`" in error
