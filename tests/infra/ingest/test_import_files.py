"""Importing files into a real repository."""

import gzip
import io
import json
import lzma
import sys
from datetime import timedelta

import pytest

from domain.errors import ConfigurationError
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from infra.cli.progress_bar import BarProgress, progress_on
from infra.ingest import ImportOptions, import_files
from infra.progress import PlainProgress
from tests.imports import as_imported


@pytest.fixture
def import_text(repository, tmp_path, now):
    """Write text or bytes to a file and import it."""

    async def run(kind, content, *, name="file.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return await import_files(
            ImportOptions(kind=kind, paths=(str(path),), **options),
            store=repository,
            now=now,
            progress=PlainProgress(io.StringIO()),
        )

    return run


@pytest.fixture
async def import_into_shop(import_text):
    """Import into a shop that has the products p-1 and p-2."""
    await import_text("products", "product_id,price\np-1,2.5\np-2,4\n", name="products.csv")
    return import_text


def refusals(tmp_path, name="file.csv"):
    return [json.loads(line) for line in (tmp_path / f"{name}.rejected.jsonl").read_text().splitlines()]


async def test_products_are_read_with_all_their_columns(import_text, repository):
    header = "product_id,name,category,brand,price,currency,tags,in_stock,withdrawn,url,image_url,created_at,variant_of"
    report = await import_text("products", f"{header}\np-1,Lamp,home/lamps,Lumo,39.50,CHF,a|b|,3,no,u,i,2026-01-02,p-0\n")

    assert (report.read, report.counts["new"], report.exit_code) == (1, 1, 0)
    [[product]] = [batch async for batch in repository.training_products()]
    assert (product.name, product.category, product.price, product.currency) == ("Lamp", "home/lamps", 39.5, "CHF")
    assert product.available
    assert product.variant_of == "p-0"


async def test_an_absent_column_leaves_a_value_and_an_empty_cell_clears_it(import_text, repository):
    await import_text("products", "product_id,name,brand,price\np-1,Lamp,Lumo,1\n")

    report = await import_text("products", "product_id,brand\np-1,\n")

    [[product]] = [batch async for batch in repository.training_products()]
    assert report.counts["changed"] == 1
    assert (product.name, product.brand, product.price) == ("Lamp", None, 1.0)


@pytest.mark.parametrize(
    ("cell", "available"), [("0", False), ("000", False), ("12", True), ("true", True), ("NO", False), ("", True)]
)
async def test_stock_is_yes_no_or_a_count(import_text, repository, cell, available):
    await import_text("products", f"product_id,in_stock\np-1,{cell}\n")

    [[product]] = [batch async for batch in repository.training_products()]
    assert product.available == available


async def test_a_line_without_its_id_is_refused_as_required(import_text, tmp_path):
    await import_text("products", "product_id,name\n,Tent\n")

    assert refusals(tmp_path) == [{"line": 2, "field": "product_id", "reason": "Required"}]


async def test_customers_are_read_and_a_repeated_email_is_refused(import_text, repository, tmp_path):
    text = "customer_id,email,segment\nc-1,canary@example.com,Premium\nc-2,CANARY@example.com,\nc-3,,Gold\n"

    report = await import_text("customers", text)

    assert (report.counts["new"], report.counts["refused"], report.exit_code) == (1, 2, 3)
    assert (await repository.profile("c-1")).customer.segment == "Premium"
    assert sorted(refusals(tmp_path), key=lambda refused: refused["line"]) == [
        {"line": 3, "field": "email", "reason": "Another customer has this e-mail address"},
        {"line": 4, "field": "segment", "reason": "Expected one of the documented values"},
    ]
    assert "canary@example.com" not in (tmp_path / "file.csv.rejected.jsonl").read_text().lower()


async def test_events_become_interactions_and_orders(import_into_shop, repository):
    text = (
        "customer_id,product_id,event_type,occurred_at,order_id,quantity,unit_price,currency,event_id\n"
        "c-1,p-1,,2026-01-02,,,,,\n"
        "c-1,p-1,cart,2026-01-02 03:04:05,,,,,e-1\n"
        "c-1,p-2,purchase,2026-01-02T03:04:05+01:00,o-1,2,1.50,EUR,\n"
        "c-1,p-1,purchase,2026-01-02T03:04:05+01:00,o-1,1,,EUR,\n"
        "c-1,p-1,purchase,2026-01-03,,,,,\n"
    )

    report = await import_into_shop("events", text)

    activity = (await repository.profile("c-1")).activity
    assert (report.read, report.counts["new"]) == (5, 5)
    assert (activity.views, activity.carts, activity.orders, activity.items_bought) == (1, 1, 2, 4)
    assert activity.spent == 2 * 1.5 + 2.5 + 2.5


async def test_importing_again_in_another_order_changes_nothing(import_into_shop, repository):
    lines = [f"c-{number % 3},p-{number % 2 + 1},view,2026-01-02,," for number in range(20)]
    lines += [f"c-1,p-{number % 2 + 1},purchase,2026-01-0{number + 1},o-{number % 2},1" for number in range(6)]
    header = "customer_id,product_id,event_type,occurred_at,order_id,quantity\n"
    first = await import_into_shop("events", header + "\n".join(lines))

    second = await import_into_shop("events", header + "\n".join(reversed(lines)))

    assert first.counts["new"] == 26
    assert (second.counts["new"], second.counts["seen_before"]) == (0, 26)
    assert (await repository.summary()).n_events == 26


async def test_lines_of_one_order_are_joined_across_other_lines(import_into_shop, repository):
    header = "customer_id,product_id,event_type,occurred_at,order_id\n"
    await import_into_shop(
        "events", header + "c-1,p-1,purchase,2026-01-02,o-1\nc-2,p-1,view,,\nc-1,p-2,purchase,2026-01-01,o-1\n"
    )

    activity = (await repository.profile("c-1")).activity
    assert (activity.orders, activity.items_bought) == (1, 2)
    assert str(activity.last_purchased_at) == "2026-01-01 00:00:00+00:00"


async def test_an_order_sent_over_http_is_seen_before_in_a_file(import_into_shop, repository, now):
    at = now - timedelta(days=1)
    await repository.put_events(
        as_imported([BrowsingEvent(customer_id="c-1", product_id="p-1")]), create_products=False, now=now
    )
    order = Purchase(
        customer_id="c-1",
        order_id="o-1",
        occurred_at=at,
        items=(OrderItem(product_id="p-1"), OrderItem(product_id="p-2")),
    )
    await repository.record([order], now=now)

    header = "customer_id,product_id,event_type,occurred_at,order_id\n"
    same = await import_into_shop(
        "events", header + f"c-1,p-2,purchase,{at.isoformat()},o-1\nc-1,p-1,purchase,{at.isoformat()},o-1\n"
    )
    other = await import_into_shop("events", header + f"c-1,p-2,purchase,{at.isoformat()},o-1\n")

    assert (same.counts["seen_before"], other.counts["replaced"]) == (2, 1)


async def test_a_purchase_line_with_only_an_event_id_is_a_separate_order(import_into_shop, repository):
    header = "customer_id,product_id,event_type,occurred_at,event_id\n"
    text = header + "c-1,p-1,purchase,2026-01-02,e-1\nc-1,p-1,purchase,2026-01-02,e-2\n"

    first, second = await import_into_shop("events", text), await import_into_shop("events", text)

    assert (first.counts["new"], second.counts["seen_before"]) == (2, 2)
    assert (await repository.profile("c-1")).activity.orders == 2


async def test_lines_of_one_order_that_contradict_each_other_are_all_refused(import_into_shop, tmp_path):
    header = "customer_id,product_id,event_type,order_id,currency\n"
    text = header + "c-1,p-1,purchase,o-1,EUR\nc-2,p-2,purchase,o-1,EUR\nc-1,p-1,purchase,o-2,EUR\nc-1,p-1,purchase,o-2,\n"

    report = await import_into_shop("events", text)

    assert report.counts["refused"] == 4
    assert {(refused["line"], refused["field"]) for refused in refusals(tmp_path)} == {
        (2, "customer_id"), (3, "customer_id"), (4, "currency"), (5, "currency"),
    }  # fmt: skip


async def test_an_order_of_more_than_a_thousand_lines_is_refused(import_into_shop, tmp_path):
    lines = ["c-1,p-1,purchase,o-1"] * 1001 + ["c-1,p-1,purchase,o-2"] * 1000

    report = await import_into_shop("events", "customer_id,product_id,event_type,order_id\n" + "\n".join(lines))

    assert (report.counts["refused"], report.counts["new"]) == (1001, 1000)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        pytest.param("c  1,p-1,view,,1,", "customer_id", id="customer-id-with-two-blanks"),
        pytest.param(",p-1,view,,1,", "customer_id", id="no-customer-id"),
        pytest.param("c-1,p-9,view,,1,", "product_id", id="unknown-product"),
        pytest.param("c-1,p-1,look,,1,", "event_type", id="unknown-event-type"),
        pytest.param("c-1,p-1,view,yesterday,1,", "occurred_at", id="no-date"),
        pytest.param("c-1,p-1,view,1969-12-31,1,", "occurred_at", id="before-1970"),
        pytest.param("c-1,p-1,view,2099-01-01,1,", "occurred_at", id="future"),
        pytest.param("c-1,p-1,view,2026-02-30,1,", "occurred_at", id="impossible-date"),
        pytest.param("c-1,p-1,view,1767225600,1,", "occurred_at", id="unix-time"),
        pytest.param("c-1,p-1,purchase,,0,", "quantity", id="no-quantity"),
        pytest.param("c-1,p-1,purchase,,1,dear", "unit_price", id="price-in-words"),
        pytest.param("c-1,p-1,purchase,,1,-1", "unit_price", id="negative-price"),
        pytest.param("c-1,p-1,view,,1", None, id="missing-cell"),
    ],
)
async def test_an_invalid_line_is_refused_with_its_field(import_into_shop, tmp_path, cells, field):
    header = "customer_id,product_id,event_type,occurred_at,quantity,unit_price\n"

    report = await import_into_shop("events", f"{header}{cells}\nc-1,p-1,view,,,\n")

    assert (report.counts["new"], report.counts["refused"], report.exit_code) == (1, 1, 3)
    [refused] = refusals(tmp_path)
    assert (refused["line"], refused["field"]) == (2, field)


async def test_prices_in_files_are_rounded_to_four_decimals(import_text, repository):
    await import_text("products", "product_id,price\np-1,44.400000000000006\n")

    [[product]] = [batch async for batch in repository.training_products()]
    assert product.price == 44.4


async def test_unknown_products_are_created_on_request(import_text, repository):
    report = await import_text("events", "customer_id,product_id\nc-1,p-7\n", create_products=True)

    assert report.counts["new"] == 1
    assert (await repository.summary()).n_products == 1


async def test_columns_can_be_renamed_and_unknown_columns_are_reported(import_text, repository):
    report = await import_text(
        "products", "sku,title,colour\np-1,Lamp,red\np-2,Desk,blue\n", mapping={"sku": "product_id", "title": "name"}
    )

    assert list(report.ignored_columns) == ["colour"]
    assert "Ignored columns: colour." in report.summary()
    [[product, _]] = [batch async for batch in repository.training_products()]
    assert (product.product_id, product.name) == ("p-1", "Lamp")


async def test_json_lines_are_read_with_typed_values(import_text, repository, tmp_path):
    lines = [
        {"product_id": "p-1", "price": 1.5, "tags": ["a"], "in_stock": True, "withdrawn": False, "brand": None},
        {"product_id": "p-2", "tags": 5},
        {"product_id": "p-3", "withdrawn": "perhaps"},
        {"product_id": "p-4", "in_stock": "-1"},
        {"product_id": "p-5", "created_at": 5},
        {"price": 1},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\n\nnot json\n[]\n"

    report = await import_text("products", text, name="file.jsonl")

    assert (report.read, report.counts["new"], report.counts["refused"]) == (8, 1, 7)
    assert [(refused["line"], refused["field"]) for refused in refusals(tmp_path, "file.jsonl")] == [
        (2, "tags"), (3, "withdrawn"), (4, "in_stock"), (5, "created_at"), (6, "product_id"), (8, None), (9, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "compress"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)], ids=["plain", "gz", "xz"]
)
async def test_files_may_be_compressed_and_start_with_a_byte_order_mark(import_text, suffix, compress):
    report = await import_text("products", compress(b"\xef\xbb\xbfproduct_id\np-1\n"), name=f"file.csv{suffix}")

    assert report.counts["new"] == 1


@pytest.mark.parametrize("text", ["product_id\np-1\n", '{"product_id": "p-1"}\n'], ids=["csv", "json-lines"])
async def test_the_format_of_standard_input_is_detected(repository, now, tmp_path, monkeypatch, text):
    path = tmp_path / "input"
    path.write_text(text + ("bad line," if "{" in text else "p  1\n"))
    monkeypatch.chdir(tmp_path)
    with path.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        report = await import_files(
            ImportOptions(kind="products", paths=("-",)), store=repository, now=now, progress=PlainProgress(io.StringIO())
        )

    assert (report.counts["new"], report.counts["refused"]) == (1, 1)
    assert (tmp_path / "stdin.rejected.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param(
            "file.csv.gz",
            gzip.compress(b"product_id\n" + b"p-1\n" * 99, mtime=0)[:-12],
            "broken or cut off",
            id="gzip-cut-off",
        ),
        pytest.param("file.csv.gz", b"no gzip", "broken or cut off", id="not-gzip"),
        pytest.param("file.csv.xz", lzma.compress(b"product_id\np-1\n")[:-12], "broken or cut off", id="xz-cut-off"),
        pytest.param("file.csv", b"product_id\n\xff\n", "not UTF-8", id="not-utf-8"),
        pytest.param("file.csv", b"name\nLamp\n", "no column product_id", id="no-required-column"),
        pytest.param("file.csv", b"", "no column product_id", id="empty"),
        pytest.param("file.csv", b"product_id,product_id\n", "product_id twice", id="column-twice"),
        pytest.param("file.csv", b'"' + b"x" * 200_000 + b'"\n', "not CSV", id="header-too-long"),
    ],
)
async def test_an_unreadable_file_is_a_one_line_error(import_text, name, content, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        await import_text("products", content, name=name)

    assert "\n" not in str(caught.value)


async def test_a_missing_file_and_a_folder_are_configuration_errors(repository, now, tmp_path):
    for path, message in ((tmp_path / "no.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError, match=message):
            await import_files(
                ImportOptions(kind="products", paths=(str(path),)),
                store=repository,
                now=now,
                progress=PlainProgress(io.StringIO()),
            )


async def test_a_file_named_twice_is_refused(repository, now):
    with pytest.raises(ConfigurationError, match="twice"):
        await import_files(
            ImportOptions(kind="products", paths=("a.csv", "a.csv")),
            store=repository,
            now=now,
            progress=PlainProgress(io.StringIO()),
        )


async def test_renaming_to_an_unknown_column_is_refused(import_text):
    with pytest.raises(ConfigurationError, match="colour"):
        await import_text("products", "a\n", mapping={"a": "colour"})


async def test_a_row_that_is_not_csv_is_refused_alone(import_text, tmp_path):
    report = await import_text("products", b'product_id\np-1\n"' + b"x" * 200_000 + b'"\n')

    assert (report.counts["new"], report.counts["refused"]) == (1, 1)
    assert refusals(tmp_path)[0]["reason"] == "Not CSV"


async def test_many_rows_are_stored_in_batches(import_text, repository, monkeypatch):
    text = "product_id\n" + "\n".join(f"p-{number}" for number in range(2500))
    sizes = []
    put = repository.put_products

    async def put_and_count(changes, **options):
        sizes.append(len(changes))
        return await put(changes, **options)

    monkeypatch.setattr(repository, "put_products", put_and_count)
    report = await import_text("products", text)

    assert (report.counts["new"], sizes) == (2500, [999, 999, 502])


async def test_blank_lines_are_skipped_and_lines_staged_in_chunks(import_into_shop, monkeypatch):
    monkeypatch.setattr("infra.ingest.staging.CHUNK_LINES", 2)

    report = await import_into_shop("events", "customer_id,product_id\n\nc-1,p-1\nc-1,p-2\n\nc-2,p-1\n")

    assert (report.read, report.counts["new"]) == (3, 3)


async def test_the_refusals_of_an_earlier_import_are_removed(import_text, tmp_path):
    await import_text("products", "product_id\np  1\n")
    assert refusals(tmp_path)

    await import_text("products", "product_id\np-1\n")

    assert not (tmp_path / "file.csv.rejected.jsonl").exists()


async def test_progress_without_a_terminal_is_an_occasional_line(monkeypatch):
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress.begin("Reading a", 10)
        progress.reach(1)
        monkeypatch.setattr("infra.progress.PLAIN_SECONDS", 0)
        progress.reach(5)
        progress.begin("Storing", None)
        progress.reach(7)

    assert stream.getvalue().splitlines() == ["Reading a", "Reading a: 50%", "Storing", "Storing: 7"]


def test_progress_on_a_terminal_is_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with progress_on(Terminal()) as progress:
        progress.begin("Reading", 2)
        progress.expect(4)
        progress.reach(1)

    assert isinstance(progress, BarProgress)
