"""Feeds of RSS and Atom."""

import pytest

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources import Row
from infra.ingest.sources.row import TOO_LONG
from tests.infra.ingest.sources.reading import read

RSS = '<?xml version="1.0"?>\n<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>{}</channel></rss>'


def test_items_of_rss_become_records_of_local_names():
    found = read(
        RSS.format(
            "<item><g:id>1</g:id><title> Lamp &amp; shade </title><description><![CDATA[With <b>shade</b>]]></description>"
            "<g:product_type>A</g:product_type><g:product_type>B &gt; C</g:product_type><g:product_type>D</g:product_type>"
            "<g:shipping><g:price>4 EUR</g:price></g:shipping><g:price>10 EUR</g:price><g:gtin/></item>"
            "<item><g:id>2</g:id></item>"
        )
    )

    assert (found.layout, found.columns) == ("XML", None)
    assert found.rows == [
        Row(
            1,
            {
                "id": "1",
                "title": "Lamp & shade",
                "description": "With <b>shade</b>",
                "product_type": ["A", "B > C", "D"],
                "shipping": {"price": "4 EUR"},
                "price": "10 EUR",
                "gtin": "",
            },
        ),
        Row(2, {"id": "2"}),
    ]


def test_entries_of_atom_have_the_text_of_their_attributes_and_names_with_a_prefix_count():
    found = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="x"><entry><id>tag:1</id><g:id>1</g:id><title>Atom</title>'
        '<g:title>Lamp</g:title><link rel="alternate" href="https://shop/1"/><category term="Lamps"/></entry></feed>'
    )

    assert found.cells == [{"id": "1", "title": "Lamp", "link": "https://shop/1", "category": "Lamps"}]


def test_an_item_in_an_item_and_an_item_without_elements_are_no_faults():
    assert read(RSS.format("<item><item>x</item></item><item>text</item>")).cells == [{"item": "x"}, {}]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("<a>" + "x" * 1_000_001 + "</a><b>1</b>", id="text"),
        pytest.param("<a>1</a>" * 25_000, id="elements"),
        pytest.param("<a><b>x</b>" + "x" * 1_000_001 + "<c>1</c></a>", id="nested"),
    ],
)
def test_an_item_of_over_a_million_characters_is_refused_alone(content):
    found = read(RSS.format(f"<item>{content}</item><item><id>2</id></item>"))

    assert found.rows == [Row(1, None, TOO_LONG), Row(2, {"id": "2"})]


def test_a_long_feed_is_read():
    found = read(RSS.format("".join(f"<item><id>{number}</id></item>" for number in range(5000))))

    assert [row.cells["id"] for row in found.rows] == [str(number) for number in range(5000)]


def test_a_feed_cut_anywhere_is_not_understood():
    text = RSS.format("<item><g:id>1</g:id><t>&amp;<![CDATA[x]]></t></item>")

    for length in range(len(text)):
        with pytest.raises(NotUnderstood):
            read(text[:length])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><rss><item><id>&b;</id></item></rss>', "DOCTYPE", id="entities"),
        pytest.param('<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss/>', "DOCTYPE", id="external"),
        pytest.param("<rss><item><id>&b;</id></item></rss>", "undefined entity", id="undefined-entity"),
        pytest.param("<rss><item></rss>", "mismatched tag in line 1", id="mismatch"),
        pytest.param("<rss><channel/></rss>", "without the elements of RSS", id="no-items"),
        pytest.param("<rss><item><id>1</id>", "is cut off", id="cut"),
        pytest.param(b"<rss><item><id>\xc3\xbc\xff</id></item></rss>", "bytes that are not", id="bytes"),
        pytest.param("<rss><item>" + "<a>" * 200, "more than 100", id="depth"),
        pytest.param("<rss><item><a" + "x" * 6_000_000, "a name or a tag", id="long-tag"),
        pytest.param("<3 hearts\n1\n", "is not XML", id="not-xml"),
    ],
)
def test_other_xml_is_not_understood(text, message):
    with pytest.raises(NotUnderstood, match=message):
        read(text)
