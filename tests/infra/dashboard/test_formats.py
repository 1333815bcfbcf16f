"""Numbers, instants, pictures and texts as pages show them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from domain.records.product_updates import ProductDetails
from infra.dashboard import texts
from infra.dashboard.formats import ago, money, number
from infra.dashboard.tiles import tile_of, web_address
from tests.conftest import NOW

ROOM = Path(texts.__file__).parent


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(1234.5, "EUR", "€1,234.50"), (3, "CHF", "3.00 CHF"), (3, None, "3.00"), (None, "EUR", "")],
)
def test_money(amount, currency, shown):
    assert money(amount, currency) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "just now"), (-9, "just now"), (61, "1 min ago"), (7200, "2 h ago"), (999_999, "11 d ago")]
)
def test_how_long_ago(seconds, shown):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == shown
    assert number(1234) == "1,234"


def product(name="Acme tent", image_url=None, category="a/b"):
    return ProductDetails(
        product_id="p-1", name=name, category=category, brand=None, price=None, currency="EUR", tags=[], attributes={},
        variant_of=None, aliases=[], in_stock=True, withdrawn=False, url=None, image_url=image_url, created_at=NOW, views=0,
        orders=0, customers=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "is_shown"),
    [
        ("/images/a.jpg", True), ("https://a.example/x.jpg", True), ("https://x.cdn.example/x.jpg", True),
        ("https://cdn.example/x.jpg", False), ("http://a.example/x.jpg", False), ("https://b.example/x.jpg", False),
        ("//a.example/x.jpg", False), ("/\\a.example/x.jpg", False), ("javascript:alert(1)", False),
        ("data:image/svg+xml,x", False), ("https://a.example@b.example/", False), ("https://[", False), (None, False),
        ("https://a.example:444/x.jpg", False),
    ],
)  # fmt: skip
def test_a_picture_is_shown_if_its_host_is_known(url, is_shown):
    tile = tile_of(product(image_url=url), ("a.example", "*.cdn.example"))

    assert tile.picture == (url if is_shown else None)


def test_a_tile_has_initials_of_the_last_words_and_the_colour_of_the_category():
    one, other = tile_of(product("Nordhut 2-person tent"), ()), tile_of(product("x", category=None), ())

    assert (one.initials, other.initials, tile_of(product("..."), ()).initials) == ("PT", "X", "")
    assert one.hue == tile_of(product("lamp"), ()).hue != other.hue


@pytest.mark.parametrize(
    ("url", "is_one"),
    [("https://a.example/b", True), ("http://a.example", True), ("ftp://a", False), ("a", False), (None, False)],
)
def test_only_addresses_of_the_web_are_linked(url, is_one):
    assert web_address(url) == (url if is_one else None)


def test_texts_escape_what_fills_their_gaps_and_know_one_from_many():
    assert texts.text("customers.found", n=1) == "One customer found"
    assert texts.text("customers.found", n=2) == "2 customers found"
    assert texts.text("page.signed_in", key="<i>") == "Signed in with the key <b>&lt;i&gt;</b>"
    assert texts.plain("data.erased") == "The person was erased."


def test_every_text_that_a_template_names_exists():
    named = {
        key for file in (ROOM / "templates").glob("*.html") for key in re.findall(r"\bt\('(\w+\.\w+)'[,)]", file.read_text())
    }

    assert len(named) > 100
    for key in named:
        page, _, name = key.partition(".")
        assert name in texts.all_texts()[page], key
