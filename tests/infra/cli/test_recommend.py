"""`python main.py recommend` explains each product of a list in sentences about the customer."""

import pytest

from domain.records.recommendations import Reason
from infra.cli import run
from infra.cli.recommend import Explainer, Past

PAST = Past(names={"p-1": "Nordhut 2-person tent", "p-2": "Trailhead gas stove"}, bought=frozenset({"p-1"}))


def sentences(*reasons, first_name="Canary"):
    explainer = Explainer(first_name, "Premium", PAST)
    return explainer.sentences(Reason(source=source, share=share, **cause) for source, share, cause in reasons)


@pytest.mark.parametrize(
    ("source", "cause", "sentence"),
    [
        ("bought_together", {"product_id": "p-1"}, "Because Canary bought Nordhut 2-person tent"),
        ("viewed_together", {"product_id": "p-2"}, "Because Canary viewed Trailhead gas stove"),
        ("bought_together", {"product_id": "p-9"}, "Because Canary viewed p-9"),
        ("bought_together", {}, "Because of products that Canary bought or viewed"),
        ("similar_product", {"product_id": "p-2"}, "Similar to Trailhead gas stove"),
        ("similar_product", {}, "Similar to products that Canary bought or viewed"),
        ("segment_trend", {}, "Popular with Premium customers"),
        ("category_interest", {"category": "outdoor/camping"}, "Interested in outdoor/camping"),
        ("category_interest", {}, "Interested in this category"),
        ("price_fit", {}, "Fits the usual price of Premium customers"),
        ("new", {}, "New in the shop"),
        ("popular", {}, "Popular in the shop"),
        ("rule", {"rule": "Spring"}, "Because of the rule Spring"),
        ("in_season", {}, "In season"),
    ],
    ids=[
        "bought-product", "viewed-product", "product-outside-the-history", "unnamed-products", "similar-product",
        "similar-to-unnamed-products", "segment", "category", "unnamed-category", "price", "new", "popular",
        "rule", "own-source",
    ],
)  # fmt: skip
def test_each_reason_is_a_sentence_with_its_share(source, cause, sentence):
    assert sentences((source, 0.5, cause)) == [f"{sentence} (50%)"]


def test_a_customer_without_a_first_name_is_this_customer():
    reason = ("bought_together", 1.0, {"product_id": "p-1"})

    assert sentences(reason, first_name=None) == ["Because this customer bought Nordhut 2-person tent (100%)"]


def test_only_the_two_largest_reasons_are_shown():
    assert sentences(("new", 0.2, {}), ("popular", 0.5, {}), ("segment_trend", 0.3, {})) == [
        "Popular in the shop (50%)",
        "Popular with Premium customers (30%)",
    ]


def test_reasons_about_one_product_are_added_up():
    assert sentences(
        ("new", 0.4, {}),
        ("bought_together", 0.35, {"product_id": "p-1"}),
        ("viewed_together", 0.25, {"product_id": "p-1"}),
    ) == ["Because Canary bought Nordhut 2-person tent (60%)", "New in the shop (40%)"]


def test_unnamed_products_are_others_of_the_largest_named_product():
    assert sentences(
        ("bought_together", 0.5, {}),
        ("bought_together", 0.1, {"product_id": "p-2"}),
        ("viewed_together", 0.2, {"product_id": "p-1"}),
        ("viewed_together", 0.15, {}),
        ("popular", 0.05, {}),
    ) == ["Because Canary bought Nordhut 2-person tent and others (85%)", "Because Canary viewed Trailhead gas stove (10%)"]


@pytest.mark.names_a_customer
def test_the_table_has_names_categories_prices_and_sentences(shop, capsys, monkeypatch):
    (shop / "customers.csv").write_text("customer_id,first_name\nc-1,Canary [red]\n")
    for kind in ("products", "customers", "events"):
        assert run(["import", kind, f"{kind}.csv"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "100")

    assert run(["recommend", "c-1"]) == 0

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "c-1: personalised, segment Regular"
    assert any(line.startswith("1  Stove") and "Because Canary [red] bought Tent" in line for line in lines)
    assert any(line.startswith("outdoor, 29.00 EUR") for line in lines)


@pytest.mark.names_a_customer
def test_a_product_that_was_only_viewed_is_not_named_as_bought(shop, capsys):
    (shop / "views.csv").write_text("customer_id,product_id,event_type\nc-9,p-1,view\n")
    assert run(["import", "products", "products.csv"]) == 0
    assert run(["import", "events", "views.csv", "--create-products"]) == 0
    capsys.readouterr()

    assert run(["recommend", "c-9"]) == 0

    assert "bought" not in capsys.readouterr().out


@pytest.mark.names_a_customer
def test_products_without_category_and_price_are_shown(shop, capsys):
    (shop / "bare.csv").write_text("product_id\nbare\n")
    assert run(["import", "products", "products.csv", "bare.csv"]) == 0
    assert run(["import", "events", "events.csv"]) == 0

    assert run(["recommend", "c-1"]) == 0

    assert "bare" in capsys.readouterr().out


@pytest.mark.parametrize("length", ["0", "101", "ten"])
def test_a_wrong_length_is_explained(capsys, length):
    with pytest.raises(SystemExit):
        run(["recommend", "ann", "--limit", length])

    assert "argument --limit: expected a whole number from 1 to 100" in capsys.readouterr().err


@pytest.mark.names_a_customer
@pytest.mark.parametrize("customer_id", ["SKU 12/3", "[bold]#1001[/x]", "gid://shopify/Customer/123", "Größe-42"])
def test_a_customer_is_named_with_the_id_as_it_is(tmp_path, monkeypatch, capsys, customer_id):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/shop.db")
    (tmp_path / "customers.csv").write_text(f"customer_id\n{customer_id}\n")
    (tmp_path / "products.csv").write_text("product_id\n[red]SKU 12/3\n")
    assert run(["import", "customers", str(tmp_path / "customers.csv")]) == 0
    assert run(["import", "products", str(tmp_path / "products.csv")]) == 0

    assert run(["recommend", customer_id]) == 0

    output = capsys.readouterr().out
    assert f"{customer_id}: catalogue, segment Regular" in output
    assert "[red]SKU 12/3" in output
