"""What an evaluation reads from files."""

import pytest

from domain.errors import ConfigurationError
from domain.records.currencies import Currencies
from domain.records.interactions import EVENT_TYPES
from infra.ingest.evaluation_files import (
    IdMap,
    check_mapping,
    read_log,
    read_products,
    read_ranking,
    read_segments,
    unlisted_product,
)

RECORDS = """\
{"customer_id": "a", "product_id": "q", "rank": 2}
{"customer_id": "a", "product_id": "p", "rank": 1}
{"customer_id": "b", "product_id": "x", "rank": 1}
"""
CURRENCIES = Currencies(own="EUR", rates={"USD": 0.5})


def test_money_counts_by_the_rate_of_its_currency(tmp_path):
    events, catalogue = tmp_path / "events.csv", tmp_path / "products.csv"
    events.write_text(
        "customer_id,product_id,event_type,quantity,unit_price,currency\n"
        "a,p,purchase,2,10,\nb,p,purchase,2,10,USD\nc,p,purchase,2,10,CHF\n"
    )
    catalogue.write_text("product_id,price,currency\np,10,\nq,10,USD\nr,10,CHF\n")

    log = read_log([str(events)], customers=IdMap(), products=IdMap(), currencies=CURRENCIES)
    products = read_products(str(catalogue), IdMap(), currencies=CURRENCIES)

    assert log.spent.tolist() == [20.0, 10.0, 0.0]
    assert [product.comparable_price for product in products] == [10.0, 5.0, None]


def test_events_are_numbered_in_the_sequence_of_their_appearance_and_returns_left_out(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "customer_id,email,product_id,event_type,occurred_at,order_id,quantity\n"
        "a,,p,view,2026-01-02,,\n,canary@example.com,q,purchase,,o-1,2\na,,p,purchase,,,\n"
        "a,,p,refund,,o-1,\na,,p,buy,,o-2,-1\n,,p,view,,,\n"
    )

    log = read_log([str(path)], customers=IdMap(), products=IdMap(), currencies=CURRENCIES)

    assert log.customer_ids == ["a", "canary@example.com"]
    assert (log.customers.tolist(), log.products.tolist()) == ([0, 1, 0], [0, 1, 0])
    assert log.occurred_at.tolist() == [1_767_312_000_000_000, 0, 0]
    assert log.orders[0] == 0
    assert len(set(log.orders.tolist())) == 3


def test_lines_that_name_no_customer_are_counted(tmp_path, capsys):
    path = tmp_path / "events.csv"
    path.write_text("customer_id,product_id\n0,p\nguest,p\n1,p\n")

    log = read_log([str(path)], customers=IdMap(), products=IdMap(), currencies=CURRENCIES)

    assert log.customer_ids == ["1"]
    assert f"{path}: 2 lines left out that name no customer" in capsys.readouterr().err


def test_removals_and_what_they_take_back_are_left_out(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "customer_id,product_id,event_type,occurred_at\n"
        "a,p,remove_from_cart,2026-01-03\na,p,cart,2026-01-01\na,p,cart,2026-01-02\na,p,wishlist,2026-01-02\n"
        "b,p,cart,2026-01-02\na,p,view,2026-01-04\n"
    )

    log = read_log([str(path)], customers=IdMap(), products=IdMap(), currencies=CURRENCIES)

    events = zip(log.customers.tolist(), (EVENT_TYPES[code] for code in log.event_types.tolist()), strict=True)
    assert list(events) == [(0, "cart"), (0, "wishlist"), (1, "cart"), (0, "view")]
    assert log.occurred_at[0] == 1_767_225_600_000_000


def test_products_of_several_lines_are_one_and_bad_lines_are_told(tmp_path, capsys):
    path = tmp_path / "products.csv"
    path.write_text("product_id,name,price,created_at,variant_of\np,,,2026-01-02,\np,Lamp,3,,\nq,,,,p\nr,,cheap,,\n")

    first, second = read_products(str(path), IdMap(), currencies=CURRENCIES)

    assert (first.name, first.price, first.created_at, first.variant_of) == ("Lamp", 3.0, 1_767_312_000_000_000, None)
    assert (second.product_index, second.name, second.variant_of) == (1, "q", "p")
    assert f"{path}: 1 of 4 lines left out.\n  1 x price: " in capsys.readouterr().err


def test_segments_are_read_where_they_are_given(tmp_path):
    path = tmp_path / "customers.jsonl"
    path.write_text('{"customer_id": "a", "segment": "premium"}\n{"customer_id": "b"}\n')

    assert read_segments(str(path), currencies=CURRENCIES) == {"a": "Premium"}


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("customer_id,product_id,rank\na,q,2\na,p,1\nb,x,1\nz,p,1\n", {}),
        ("who,product id,Rank\na,q,2\na,p,1\nb,x,1\n", {"who": "customer_id"}),
        (RECORDS, {}),
    ],
    ids=["own", "renamed", "json-lines"],
)  # fmt: skip
def test_rankings_are_read_best_first(tmp_path, text, mapping):
    path = tmp_path / "ranking"
    path.write_text(text)

    ranked = read_ranking(str(path), customers={"a": 0, "b": 1}, products={"p": 5, "q": 6}, mapping=mapping)

    assert ranked == {0: [5, 6], 1: [-1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id,product_id\na,p\n", "has no column rank; see --map"),
        ("customer_id,product_id,rank\na,p,first\n", r"Line 2 of .*: rank: Expected a whole number"),
        ('{"customer_id": "a", "product_id": "q", "rank": 2}\n{"bad\n{"customer_id": "a"}\n', r"Line 2 of .*: Not a JSON"),
        ("customer_id,product_id,rank\nz,p,1\n", "names no customer of the events"),
    ],
    ids=["no-column", "no-number", "unreadable", "strangers"],
)
def test_a_ranking_that_cannot_be_read_is_explained(tmp_path, text, message):
    path = tmp_path / "ranking"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=message):
        read_ranking(str(path), customers={"a": 0}, products={})


def test_a_file_without_usable_lines_and_an_unknown_field_are_explained(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("customer_id,product_id\na,\n")

    with pytest.raises(ConfigurationError, match=r"has no usable line\. 1 x product_id: Required \(line 2\)"):
        read_log([str(path)], customers=IdMap(), products=IdMap(), currencies=CURRENCIES)
    with pytest.raises(ConfigurationError, match="does not read: colour"):
        check_mapping({"x": "colour", "y": "rank"})


def test_a_product_of_which_only_the_id_is_known():
    product = unlisted_product("p", 7, available=False)

    assert (product.product_index, product.name, product.available, product.price) == (7, "p", False, None)
