"""What is shown of a file before anything of it is stored."""

from collections import Counter

from infra.ingest.lines import RowRefused
from tests.infra.ingest.lines_of import Read


def test_the_form_of_a_file_its_fields_and_their_samples_are_shown():
    read = Read("products", "Product ID;name;in stock;colour;size\np;Lamp;1;red;\nq;Lamp;2;;\nr;Desk;0;;\ns;Cup;;;\n")

    assert read.preview(Counter()) == [
        "file.csv: the columns of docs/import.md: products, CSV, separated by semicolons, UTF-8",
        "  product_id  Product ID: p, q, r",
        "  name        name: Lamp, Desk, Cup",
        "  in_stock    in stock: 1, 2, 0",
        "  Not used: colour, size.",
    ]


def test_events_are_counted_by_type_and_the_sequence_of_dates_is_shown():
    read = Read("events", "customer_id,product_id,occurred_at\nc-1,p,13/04/2026\n")

    assert read.preview(Counter({"view": 1200, "cart": 3}), times=[86_400_000_000, 0, 60_000_000])[-3:] == [
        "  The dates of occurred_at are day, month, year.",
        "  Events in the first 1 rows: view 1,200, cart 3.",
        "  They are from 1970-01-01 00:00 to 1970-01-02 00:00, UTC.",
    ]


def test_names_without_a_meaning_and_reasons_of_refusals_are_shown():
    read = Read("events", "customer_id,product_id\nc-1,p\n")
    read.report.ignore("scroll")
    read.report.refuse(RowRefused("product_id", "Required"), [(0, 2)])

    assert read.preview(Counter())[-3:] == [
        "  Names that mean nothing here: scroll. --event-map NAME=view gives one a meaning.",
        "  Refused of the first 1 rows:",
        "    1 x product_id: Required (line 2)",
    ]


def test_notices_of_the_file_are_shown():
    read = Read("products", "product_id\np\n")
    read.file.own_notices.append("The header is line 3.")

    assert read.preview(Counter())[-1] == "  The header is line 3."


def test_long_samples_are_cut_and_many_columns_counted():
    columns = [f"x{number}" for number in range(20)]
    read = Read("products", f"product_id,name,{','.join(columns)}\np,{'long ' * 20}{',' * 20}\n")

    lines = read.preview(Counter())
    assert f"  name        name: {'long ' * 5}long…" in lines
    assert lines[-1].startswith("  Not used: x0, x1, ")
    assert lines[-1].endswith("x11 and 8 more.")


def test_samples_of_personal_fields_are_shapes_unless_they_are_asked_for():
    text = "customer_id,email,product_id,order_id\nÄnne-12,canary@x.yz,p,#12\nErik-77,canary@x.yz,q,#13\n"
    read = Read("orders", text)

    hidden = read.preview(Counter())
    assert hidden[1:5] == [
        "  customer_id  customer_id: xxxx-99",
        "  email        email: xxxxxx@x.xx",
        "  product_id   product_id: p, q",
        "  order_id     order_id: #99",
    ]
    shown = read.preview(Counter(), show_values=True)
    assert shown[1:3] == ["  customer_id  customer_id: Änne-12, Erik-77", "  email        email: canary@x.yz"]


def test_an_e_mail_address_in_any_column_is_hidden():
    read = Read("events", "customer_id,product_id\nc-1,canary@x.yz\n")

    assert "canary" not in "\n".join(read.preview(Counter()))


def test_that_anonymous_ids_stand_for_customers_is_said():
    read = Read("events", "anonymous_id,product_id\na,p\n")

    assert read.preview(Counter())[-1] == "  No customer is named: anonymous_id stands for the customers, as guests."


def test_an_empty_column_has_no_samples_and_an_empty_file_no_width():
    read = Read("products", "product_id,name\np,\n")

    assert read.preview(Counter())[2] == "  name        name"


def test_the_command_names_everything_that_was_detected_or_given():
    read = Read(
        "events", "who\titem\twhat\twhen\nc-1\tp\tlook\t13/04/2026\n",
        mapping={"who": "customer_id", "item": "product_id", "what": "event_type", "when": "occurred_at"},
        constants={"currency": "EUR"}, event_names={"look": "view"}, nulls=("n. a.",), guests="keep", create_products=True,
    )  # fmt: skip

    assert read.command() == (
        "python main.py import events file.csv --format own"
        " --map who=customer_id --map item=product_id --map what=event_type --map when=occurred_at"
        " --set currency=EUR --event-map look=view --null 'n. a.' --encoding UTF-8 --delimiter tab"
        " --dates dmy --guests keep --create-products"
    )


def test_the_command_names_the_separator_of_levels_unless_the_format_does():
    own = Read("products", "product_id,category\np,a.b\n", full=True, confirmed=True)

    assert own.command().endswith("--delimiter , --split-category . --full --yes")
    columns = "Handle,Title,Option1 Name,Variant Price,Type"
    assert "--split-category" not in Read("products", f"{columns}\np,x,y,1,a > b\n").command()


def test_records_have_no_delimiter():
    assert Read("products", '{"product_id": 1}\n{"product_id": 2}\n').preview(Counter())[0] == (
        "file.csv: the columns of docs/import.md: products, JSON Lines, UTF-8"
    )
