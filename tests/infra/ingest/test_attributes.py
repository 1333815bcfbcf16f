"""Attributes in files: columns such as `attributes.colour`, mapped columns, and objects of JSON records."""

import re

import pytest

from infra.cli import run
from infra.ingest import NotUnderstood
from infra.ingest.attributes import AttributeReader
from infra.ingest.lines import RowRefused

CSV = "product_id,Attributes.colour,attributes.Size in cm,note\nlamp,red,42,x\nrope,,n/a,y\n"


async def test_columns_become_attributes_and_others_stay_unused(any_shop):
    await any_shop.run("products", CSV)

    assert await any_shop.products("attributes") == {"lamp": {"colour": "red", "Size in cm": "42"}, "rope": {}}
    assert re.search(r"  attributes\.colour +Attributes\.colour: red\n", any_shop.said)
    assert "Not used: note." in any_shop.said


async def test_an_empty_cell_clears_an_attribute_and_a_missing_column_leaves_it(shop):
    await shop.run("products", CSV)

    report = await shop.run("products", "product_id,attributes.colour\nlamp,\nrope,blue\n")

    assert await shop.products("attributes") == {"lamp": {"Size in cm": "42"}, "rope": {"colour": "blue"}}
    assert report.counts["changed"] == 2
    assert (await shop.run("products", "product_id,attributes.colour\nlamp,\nrope,blue\n")).counts["unchanged"] == 2


async def test_mapped_columns_and_constants_become_attributes(shop):
    await shop.run(
        "products",
        "product_id,Farbe\nlamp,rot\n",
        mapping={"Farbe": "attributes.colour"},
        constants={"attributes.season": "summer"},
    )

    assert await shop.products("attributes") == {"lamp": {"colour": "rot", "season": "summer"}}


async def test_an_object_of_a_record_becomes_attributes_with_their_types(shop):
    records = [
        {"product_id": "lamp", "attributes": {"colour": "red", "size": 42, "weight": 1.5, "is_new": True, "old": None}},
        {"product_id": "tent", "attributes": None},
    ]

    await shop.run("products", records, name="file.jsonl")

    assert await shop.products("attributes") == {
        "lamp": {"colour": "red", "size": 42, "weight": 1.5, "is_new": True}, "tent": {},
    }  # fmt: skip
    assert "Not used" not in shop.said
    await shop.run("products", [{"product_id": "lamp", "attributes": {"size": 43}}], name="file.jsonl")
    assert (await shop.products("attributes"))["lamp"] == {"colour": "red", "size": 43, "weight": 1.5, "is_new": True}
    await shop.run("products", [records[1] | {"product_id": "lamp"}, records[0] | {"product_id": "hat"}], name="file.jsonl")
    assert (await shop.products("attributes"))["lamp"] == {}


async def test_flat_members_of_records_become_attributes(shop):
    await shop.run("products", [{"product_id": "rope", "attributes.length": 30}], name="file.jsonl")

    assert await shop.products("attributes") == {"rope": {"length": 30}}


async def test_a_column_with_json_objects_can_be_mapped(shop):
    content = 'product_id;extras\nlamp;{"colour": "red", "size": 42}\nrope;\nhat;none of it\n'

    report = await shop.run("products", content, mapping={"extras": "attributes"})

    assert await shop.products("attributes") == {"lamp": {"colour": "red", "size": 42}, "rope": {}}
    assert report.counts["refused"] == 1
    assert shop.rejected()[0]["reason"] == "Expected an object"


async def test_a_column_called_attributes_is_not_taken_for_them(shop):
    await shop.run("products", "product_id,attributes\nlamp,Colour: red\n")

    assert await shop.products("attributes") == {"lamp": {}}
    assert "Not used: attributes." in shop.said


@pytest.mark.parametrize(
    ("attributes", "field", "reason"),
    [
        ({"colours": ["red"]}, "attributes.colours", "Expected a text, a number, true or false"),
        ({"size": 1e16}, "attributes.size", "Expected `float` <= 1000000000000000.0"),
        ({'a"b': 1}, "attributes", 'A name: Expected printable text without `"`, `\\` and blanks at the ends'),
        ({"a" * 65: 1}, "attributes", "A name: Expected `str` of length <= 64"),
    ],
)
async def test_a_row_with_an_attribute_that_is_none_is_refused(shop, attributes, field, reason):
    good = {"product_id": "rope", "attributes": {"size": 1}}

    await shop.run("products", [good, {"product_id": "lamp", "attributes": attributes}], name="file.jsonl")

    assert await shop.products("attributes") == {"rope": {"size": 1}}
    (rejected,) = shop.rejected("file.jsonl")
    assert (rejected["field"], rejected["reason"]) == (field, reason)


def test_a_number_of_a_table_that_is_none_is_refused():
    with pytest.raises(RowRefused, match="Expected a finite number"):
        AttributeReader(frozenset())({"attributes.size": float("nan")})


async def test_long_texts_are_cut_as_names_are(shop):
    await shop.run("products", f"product_id,attributes.text\nlamp,{'a' * 300}\n")

    assert (await shop.products("attributes"))["lamp"]["text"] == "a" * 199 + "…"


async def test_names_are_read_again_where_there_are_too_many_to_remember(shop, monkeypatch):
    monkeypatch.setattr("infra.ingest.attributes.MAX_REMEMBERED", 1)

    await shop.run("products", [{"product_id": "rope", "attributes": {"a": 1, "b": 2, "c": 3}}] * 2, name="file.jsonl")

    assert await shop.products("attributes") == {"rope": {"a": 1, "b": 2, "c": 3}}


async def test_two_columns_of_one_attribute_are_not_understood(shop):
    with pytest.raises(NotUnderstood, match=r"attributes\.a two columns"):
        await shop.run("products", "product_id,x,y\nlamp,1,2\n", mapping={"x": "attributes.a", "y": "attributes.a"})


async def test_a_bar_separates_tags_also_within_one(shop):
    await shop.run("products", [{"product_id": "rope", "tags": ["new|sale", "new"]}], name="file.jsonl")

    assert await shop.products("tags") == {"rope": ["new", "sale"]}


def test_only_products_have_attributes(capsys, tmp_path):
    assert run(["import", "events", str(tmp_path / "x.csv"), "--map", "x=attributes.colour"]) == 1
    assert "events have no field attributes.colour" in capsys.readouterr().err
