"""Importing files of products and customers, and what all files have in common."""

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
from types import SimpleNamespace

import pytest

from domain.errors import ConfigurationError
from infra.cli.progress_bar import BarProgress, progress_on
from infra.ingest import FileUnreadable, NotUnderstood


async def test_products_are_read_with_all_their_columns(any_shop):
    header = "product_id,name,category,brand,price,currency,tags,in_stock,withdrawn,url,image_url,created_at,variant_of"
    lines = "p-1,Lamp,home/lamps,Lumo,39.50,CHF,a|b|,3,no,u,i,2026-01-02,p-0\n"

    report = await any_shop.run("products", f"{header}\n{lines}")

    assert (report.read, report.counts, report.exit_code) == (1, {"new": 1}, 0)
    columns = ("name", "category", "brand", "price", "currency", "tags", "in_stock", "withdrawn", "url", "image_url")
    assert await any_shop.products(*columns, "variant_of") == {
        "p-1": ("Lamp", "home/lamps", "Lumo", 39.5, "CHF", ["a", "b"], True, False, "u", "i", "p-0")
    }


async def test_an_absent_column_leaves_a_value_and_an_empty_cell_clears_it(shop):
    await shop.run("products", "product_id,name,brand,price\np-1,Lamp,Lumo,1\n")

    report = await shop.run("products", "product_id,brand\np-1,\n")

    assert report.counts == {"changed": 1}
    assert await shop.products("name", "brand", "price") == {"p-1": ("Lamp", None, 1.0)}


async def test_importing_products_and_customers_again_changes_nothing(any_shop):
    products = "product_id,name,price,tags,aliases\np-1,Lamp,2,a|b,100|200\np-2,Desk,3,,\n"
    customers = "customer_id,email,segment\nc-1,canary@example.com,Premium\nc-2,,\n"
    for kind, text in (("products", products), ("customers", customers)):
        first, second = await any_shop.run(kind, text), await any_shop.run(kind, text)
        assert (first.counts, second.counts, second.exit_code) == ({"new": 2}, {"unchanged": 2}, 0)


async def test_rows_of_one_product_are_merged_into_one(shop):
    text = "product_id,name,price,in_stock,tags\np-1,,5,no,a\np-2,Desk,9,no,\np-1,Lamp,3,yes,b\np-1,Lamb,4,,a\n"

    report = await shop.run("products", text)

    assert report.counts == {"new": 2, "merged": 2}
    assert "2 merged with an earlier line" in report.summary()
    assert await shop.products("name", "price", "in_stock", "tags") == {
        "p-1": ("Lamp", 3.0, True, ["a", "b"]),
        "p-2": ("Desk", 9.0, False, []),
    }


async def test_a_line_without_its_id_is_refused_as_required(shop):
    await shop.run("products", "product_id,name\n,Tent\np-1,Lamp\n")

    assert shop.rejected() == [{"line": 2, "field": "product_id", "reason": "Required"}]


async def test_customers_are_read_and_a_repeated_email_is_refused(any_shop):
    lines = "c-1,canary@example.com,Premium\nc-2,CANARY@example.com,\nc-3,,Gold\nc-4,,budget\nc-5,,\n"

    report = await any_shop.run("customers", f"customer_id,email,segment\n{lines}")

    assert (report.counts, report.exit_code) == ({"new": 3, "refused": 2}, 3)
    assert sorted(shop_rejected(any_shop)) == [
        (3, "email", "Another customer has this e-mail address"),
        (4, "segment", "Expected Premium, Regular or Budget"),
    ]
    assert (await any_shop.repository.profile("c-4")).customer.segment == "Budget"
    assert "canary" not in json.dumps(any_shop.rejected())


def shop_rejected(shop):
    return [tuple(refused.values()) for refused in shop.rejected()]


async def test_prices_in_files_are_rounded_to_four_decimals(shop):
    await shop.run("products", "product_id,price\np-1,44.400000000000006\n")

    assert await shop.products("price") == {"p-1": 44.4}


async def test_columns_can_be_renamed_and_unused_columns_are_shown(shop):
    await shop.run("products", "sku,title,colour\np-1,Lamp,red\n", mapping={"SKU": "product_id", "title": "name"})

    assert "Not used: colour." in shop.said
    assert await shop.products("name") == {"p-1": "Lamp"}


async def test_json_lines_are_read_with_typed_values(shop):
    good = {"product_id": "p-1", "price": 1.5, "tags": ["a"], "in_stock": True, "withdrawn": False, "brand": None}
    bad = [
        {"product_id": "p-3", "withdrawn": "perhaps"},
        {"product_id": "p-4", "price": {"amount": 1}},
        {"product_id": "p-5", "created_at": 5},
        {"price": 1},
    ]
    text = "\n".join(json.dumps(line) for line in (good, *bad, *({"product_id": n} for n in (6, 7, 8, 9)))) + "\nnot json\n"

    report = await shop.run("products", text)

    assert (report.read, report.counts) == (10, {"new": 5, "refused": 5})
    assert [line for line, _ in shop.refusals()] == [2, 3, 4, 5, 10]
    assert (await shop.products("price", "tags", "in_stock", "brand"))["p-1"] == (1.5, ["a"], True, None)


def zipped(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("inner.csv", content)
    return stream.getvalue()


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress, bz2.compress, zipped])
async def test_files_may_be_compressed_under_any_name_and_start_with_a_byte_order_mark(shop, compress):
    report = await shop.run("products", compress(b"\xef\xbb\xbfproduct_id\np-1\n"), name="export.txt")

    assert report.counts == {"new": 1}


@pytest.mark.parametrize(
    "content", [b"product_id,name\np-1,Lamp\n,Desk\n", b'{"product_id": "p-1"}\n[]\n'], ids=["csv", "json"]
)
async def test_the_layout_of_standard_input_is_detected(shop, tmp_path, monkeypatch, content):
    path = tmp_path / "input"
    path.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with path.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        report = await shop.run_files("products", "-")

    assert report.counts == {"new": 1, "refused": 1}
    assert "Refused lines are listed in stdin.rejected.jsonl." in report.summary()
    assert (tmp_path / "stdin.rejected.jsonl").exists()


CUT = gzip.compress(b"product_id\n" + b"p-1\n" * 99, mtime=0)[:-12]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(CUT, "cut|broken|damaged", id="gzip-cut-off"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"product_id,product_id\np,q\n", "product_id twice", id="column-twice"),
        pytest.param(b"<!DOCTYPE html><html><body>404</body></html>", "HTML", id="page"),
        pytest.param(b"name\nLamp\n", "no column product_id, which products need", id="no-needed-column"),
        pytest.param(b"product_id,name\n,Lamp\n,Desk\n,Tent\np-1,Cup\n", "3 of 4 rows at the beginning", id="refused"),
    ],
)
async def test_of_a_file_that_is_not_understood_nothing_is_stored(shop, content, message):
    with pytest.raises(NotUnderstood, match=message):
        await shop.run("products", content)

    assert await shop.products() == {}
    assert await shop.repository.imports(1) == []


async def test_nothing_is_stored_if_over_half_of_the_lines_are_refused_only_later(shop):
    text = "product_id,name\n" + "".join(f"p-{n},Lamp\n" for n in range(1000)) + ",Lamp\n" * 1001

    with pytest.raises(NotUnderstood, match=r"1,001 of 2,001 lines would be refused") as caught:
        await shop.run("products", text)

    assert "1,001 x product_id: Required (lines 1002, 1003, 1004)" in str(caught.value)
    assert await shop.products() == {}


async def test_exactly_half_of_the_lines_may_be_refused(shop):
    report = await shop.run("products", "product_id,name\np-1,Lamp\n,Lamp\n")

    assert report.counts == {"new": 1, "refused": 1}


async def test_an_import_of_customers_may_say_who_objects_to_profiling(shop):
    lines = "canary-1,no\ncanary-2,yes\ncanary-3,\n"
    await shop.run("customers", f"customer_id,profiling\n{lines}")
    report = await shop.run("customers", "customer_id,profiling\ncanary-1,\ncanary-4,maybe\ncanary-2,true\n")

    assert report.counts == {"unchanged": 2, "refused": 1}
    assert await shop.rows("SELECT customer_id, profiling FROM customer_profiles ORDER BY customer_id") == [
        ("canary-1", 0), ("canary-2", 1), ("canary-3", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["products", "customers", "events"])
async def test_an_export_without_lines_changes_nothing(shop, kind):
    report = await shop.run(kind, "customer_id,product_id,name\n", format="own")

    assert (report.read, report.counts, report.exit_code) == (0, {}, 0)


async def test_dates_of_products_that_can_be_read_in_two_ways_are_left_out_with_a_notice(shop):
    report = await shop.run("products", "product_id,created_at\np-1,03/04/2026\n")

    assert report.counts == {"new": 1}
    assert "created_at is not read: its dates may be day/month/year or month/day/year; see --dates." in report.summary()


async def test_a_variant_that_only_its_parent_names_is_no_product(shop):
    header = "sku,attribute_set_code,product_type,product_online,categories,configurable_variations"
    report = await shop.run("products", f'{header}\nhoodie,D,configurable,1,,"sku=hoodie-s,size=S"\n')

    assert report.counts == {"new": 1}
    assert list(await shop.products()) == ["hoodie"]


async def test_a_missing_file_and_a_folder_are_unreadable(shop, tmp_path):
    for path, message in ((tmp_path / "no.csv", "No such file"), (tmp_path, "directory")):
        with pytest.raises(FileUnreadable, match=message):
            await shop.run_files("products", str(path))


async def test_a_file_named_twice_is_refused(shop):
    with pytest.raises(ConfigurationError, match="twice"):
        await shop.run_files("products", "a.csv", "a.csv")


async def test_many_rows_are_stored_in_batches(shop):
    text = "product_id\n" + "\n".join(f"p-{number}" for number in range(2500))
    sizes = []
    put = shop.repository.put_products

    class Store(type(shop.repository)):
        def __init__(self):
            self.__dict__ = shop.repository.__dict__

        async def put_products(self, changes, **options):
            sizes.append(len(changes))
            return await put(changes, **options)

    shop.store = Store()
    report = await shop.run("products", text)

    assert (report.counts, sizes) == ({"new": 2500}, [999, 999, 502])


async def test_files_of_one_command_may_have_different_formats(shop):
    table = "product_id;name;price\np-1;Lamp;2,50\n"
    records = [{"product_id": "p-2", "name": "Desk", "price": 3}]

    report = await shop.run("products", table, records)

    assert report.counts == {"new": 2}
    assert await shop.products("name", "price") == {"p-1": ("Lamp", 2.5), "p-2": ("Desk", 3.0)}


async def test_a_product_in_two_files_of_one_command_is_one(shop):
    report = await shop.run("products", "product_id,name\np-1,\n", "product_id,name\np-1,Lamp\n")

    assert report.counts == {"new": 1, "merged": 1}
    assert await shop.products("name") == {"p-1": "Lamp"}


async def test_the_refusals_of_an_earlier_import_are_removed(shop):
    await shop.run("products", "product_id,name\n,Tent\np-1,Lamp\n")
    assert shop.rejected()

    await shop.run("products", "product_id,name\np-1,Lamp\n")

    assert not (shop.folder / "file.csv.rejected.jsonl").exists()


async def test_an_import_is_recorded_with_its_counts(any_shop):
    report = await any_shop.run("products", "product_id,name\np-1,Lamp\n,Lamp\n")

    [record] = await any_shop.repository.imports(10)
    assert (record.import_id, record.kind, record.files) == (report.import_id, "products", ("file.csv",))
    assert record.finished_at is not None
    assert record.counts == {"new": 1, "refused": 1}


CATALOGUE = "product_id\n" + "".join(f"p-{number}\n" for number in range(10))


def first(n_products):
    return "product_id\n" + "".join(f"p-{number}\n" for number in range(n_products))


async def test_a_full_catalogue_withdraws_what_it_lacks(any_shop):
    await any_shop.run("products", CATALOGUE)

    report = await any_shop.run("products", first(8), full=True)

    withdrawn = await any_shop.products("withdrawn")
    assert sorted(product for product, is_withdrawn in withdrawn.items() if is_withdrawn) == ["p-8", "p-9"]
    assert "Withdrawn, as the files do not have them: 2 products." in report.summary()
    again = await any_shop.run("products", first(8), full=True)
    assert again.counts == {"unchanged": 8}
    assert "Withdrawn" not in again.summary()


async def test_a_full_catalogue_withdraws_more_than_a_fifth_only_if_confirmed(shop):
    await shop.run("products", CATALOGUE)

    with pytest.raises(NotUnderstood, match=r"would withdraw 3 of 10 products\. --yes confirms"):
        await shop.run("products", first(7) + "p-11\n", full=True)
    assert len(await shop.products()) == 10

    await shop.run("products", first(7), full=True, confirmed=True)
    assert sum((await shop.products("withdrawn")).values()) == 3


async def test_a_full_catalogue_with_refused_lines_withdraws_nothing(shop):
    await shop.run("products", CATALOGUE)

    report = await shop.run("products", first(9) + "p\x01\n", full=True)

    assert report.counts["refused"] > 0
    assert sum((await shop.products("withdrawn")).values()) == 0
    assert "Nothing was withdrawn, because lines were refused" in report.summary()


async def test_a_catalogue_withdraws_its_missing_products_over_many_pages(shop):
    await shop.run("products", first(2100))

    report = await shop.run("products", first(5), full=True, confirmed=True)

    assert "2,095 products" in report.summary()
    assert sum((await shop.products("withdrawn")).values()) == 2095


@pytest.mark.parametrize("kind", ["products", "events"])
async def test_a_dry_run_stores_nothing_and_counts_the_same(any_shop, kind):
    await any_shop.run("products", "product_id,name\np-1,Lamp\n")
    text = {
        "products": "product_id,name\np-1,Desk\np-2,Cup\n,Pen\n",
        "events": "customer_id,product_id,occurred_at\nc-1,p-1,2026-01-02\nc-1,p-1,2026-01-02\nc-1,p-2,2026-01-02\n",
    }[kind]
    store, any_shop.store = any_shop.store, any_shop.store.rehearsal()

    tried = await any_shop.run(kind, text, dry_run=True)

    assert not (any_shop.folder / "file.csv.rejected.jsonl").exists()
    assert "This was a dry run: nothing was stored." in tried.summary(stored=False)
    assert await any_shop.products("name") == {"p-1": "Lamp"}
    assert await any_shop.events() == []
    assert [record.kind for record in await any_shop.repository.imports(9)] == ["products"]
    any_shop.store = store
    assert (await any_shop.run(kind, text)).counts == tried.counts


async def test_progress_without_a_terminal_is_an_occasional_line_with_the_rate_and_the_time_left(monkeypatch):
    clock = iter([0.0, 1.0, 10.0, 10.0, 20.0])
    monkeypatch.setattr("infra.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress.begin("Reading a", 10)
        progress.reach(1)
        progress.expect(20)
        progress.reach(5, lines=500)
        progress.begin("Storing", None)
        progress.reach(7)

    assert stream.getvalue().splitlines() == [
        "Reading a", "Reading a: 25%, 50 lines a second, 30 s left", "Storing", "Storing: 7",
    ]  # fmt: skip


def test_progress_on_a_terminal_is_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with progress_on(Terminal()) as progress:
        progress.begin("Reading", 2)
        progress.expect(4)
        progress.reach(1)
        progress.reach(2, lines=7)

    assert isinstance(progress, BarProgress)
