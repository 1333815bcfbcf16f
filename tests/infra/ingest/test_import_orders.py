"""Importing orders: taken as a whole, replaced, and what goes back of them; and products by their other ids."""

import pytest

from infra.ingest import NotUnderstood

HEADER = "order_id,customer_id,product_id,quantity,unit_price,occurred_at"
EXTRA = f"{HEADER},status,cancelled_at,refunded_amount,refunded_quantity,total"
CATALOGUE = "product_id,aliases\np,SKU-P|100\nq,SKU-Q\n"


@pytest.fixture
async def orders(any_shop):
    """Import lines of orders into a shop with the products p and q."""
    await any_shop.run("products", CATALOGUE)

    async def run(*texts, header=HEADER, kind="orders", **options):
        return await any_shop.run(kind, *(f"{header}\n{text}" for text in texts), **options)

    return run


async def test_lines_of_one_order_are_joined_across_lines_and_files(orders, any_shop):
    report = await orders("o-1,c-1,p,2,1.5,2026-01-03\no-2,c-2,p,1,,2026-01-05\n", "o-1,c-1,q,1,,2026-01-02\n")

    assert report.counts == {"new": 3}
    assert await any_shop.orders() == {
        "o-1": ("c-1", [("p", 2, 1.5), ("q", 1, None)]),
        "o-2": ("c-2", [("p", 1, None)]),
    }
    assert (await any_shop.times())["o-1"] == ("EUR", "2026-01-02 00:00:00")


async def test_orders_imported_again_change_nothing_in_any_sequence(orders):
    lines = ["o-1,c-1,p,2,1.5,2026-01-03\n", "o-1,c-1,q,1,,2026-01-03\n", "o-2,c-1,p,1,,2026-01-03\n"]
    await orders("".join(lines))

    again = await orders("".join(reversed(lines)))

    assert (again.counts, again.exit_code) == ({"seen_before": 3}, 0)


async def test_an_event_file_with_order_ids_and_no_types_is_a_file_of_orders(orders, any_shop):
    await orders("o-1,c-1,p,2,1.5,2026-01-03\n", kind="events")

    assert await any_shop.lines() == {"o-1": [("p", 2, 1.5)]}
    assert await any_shop.events() == []


async def test_one_refused_line_refuses_its_order_which_a_corrected_file_completes(orders, any_shop):
    good = "o-1,c-1,p,1,,2026-01-03\no-3,c-1,p,1,,2026-01-03\n"
    first = await orders(good + "o-1,c-1,q,many,,2026-01-03\no-2,c-1,q,1,,2026-01-03\n")

    assert first.counts == {"new": 2, "refused": 2}
    assert {(refused["line"], refused["field"], refused["reason"]) for refused in any_shop.rejected()} == {
        (2, "order_id", "Another line of this order is refused"),
        (4, "quantity", "Expected a whole number"),
    }
    assert sorted(await any_shop.orders()) == ["o-2", "o-3"]

    second = await orders(good + "o-1,c-1,q,3,,2026-01-03\no-2,c-1,q,1,,2026-01-03\n")

    assert second.counts == {"new": 2, "seen_before": 2}
    assert (await any_shop.lines())["o-1"] == [("p", 1, None), ("q", 3, None)]


async def test_a_refusal_by_the_store_is_reported_for_each_line_of_the_order(orders, any_shop):
    rest = "o-2,c-1,p,1,,2026-01-03\no-3,c-1,p,1,,2026-01-03\n"
    report = await orders("o-1,c-1,p,1,,2026-01-03\no-1,c-1,gone,1,,2026-01-03\n" + rest)

    assert report.counts == {"new": 2, "refused": 2}
    assert any_shop.refusals() == [(2, "product_id"), (3, "product_id")]


@pytest.mark.parametrize(
    ("second", "field"), [("c-2,q,EUR", "customer_id"), ("c-1,q,USD", "currency")], ids=["customers", "currencies"]
)
async def test_lines_of_one_order_that_contradict_each_other_are_all_refused(orders, any_shop, second, field):
    header = "order_id,customer_id,product_id,currency,occurred_at"
    text = f"o-1,c-1,p,EUR,2026-01-03\no-2,c-1,p,,2026-01-03\no-3,c-1,p,,2026-01-03\no-1,{second},2026-01-03\n"

    report = await orders(text, header=header)

    assert (report.counts, any_shop.refusals()) == ({"new": 2, "refused": 2}, [(2, field), (5, field)])


async def test_a_currency_in_the_first_line_alone_is_that_of_the_order(orders, any_shop):
    await orders("o-1,c-1,p,CHF,2026-01-03\no-1,,q,,\n", header="order_id,customer_id,product_id,currency,occurred_at")

    assert await any_shop.orders() == {"o-1": ("c-1", [("p", 1, None), ("q", 1, None)])}
    assert await any_shop.times() == {"o-1": ("CHF", "2026-01-03 00:00:00")}


async def test_an_order_has_at_most_a_thousand_lines(shop):
    longest = "".join(f"o-1,c-1,p{n},1,,2026-01-03\n" for n in range(1000))
    too_long = "".join(f"o-2,c-1,p{n},1,,2026-01-03\n" for n in range(2002))

    report = await shop.run("orders", f"{HEADER}\n{longest}{too_long}", create_products=True)

    assert report.counts == {"new": 1000, "refused": 2002}
    assert {field for _, field in shop.refusals()} == {"order_id"}
    assert {order_id: len(lines) for order_id, lines in (await shop.lines()).items()} == {"o-1": 1000}


async def test_an_order_that_comes_again_with_other_content_is_replaced(orders, any_shop):
    old = "o-1,c-1,p,2,1.5,2026-01-03\n"
    await orders(old)

    replaced = await orders("o-1,c-1,p,3,1.5,2026-01-03\no-1,c-1,q,1,9,2026-01-03\n")

    assert replaced.counts == {"replaced": 2}
    assert await any_shop.lines() == {"o-1": [("p", 3, 1.5), ("q", 1, 9.0)]}


async def test_a_line_without_a_quantity_is_left_out_and_counted(orders, any_shop):
    report = await orders("o-1,c-1,p,2,,2026-01-03\no-1,c-1,COUPON,0,,2026-01-03\n")

    assert report.counts == {"new": 1, "empty": 1}
    assert await any_shop.lines() == {"o-1": [("p", 2, None)]}


BOUGHT = "o-1,c-1,p,2,10,2026-01-03,paid,,,,25\no-1,c-1,q,1,5,2026-01-03,,,,,\n"
WHOLE = {"o-1": [("p", 2, 10.0), ("q", 1, 5.0)]}


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        pytest.param(BOUGHT.replace("paid", "cancelled"), {}, id="cancelled"),
        pytest.param(BOUGHT.replace("paid", "Refunded"), {}, id="refunded"),
        pytest.param(BOUGHT.replace("paid,", "paid,2026-01-04"), {}, id="cancelled-at"),
        pytest.param(BOUGHT.replace("paid,,,", "paid,,25,"), {}, id="whole-amount"),
        pytest.param(BOUGHT.replace("paid,,,,25", "paid,,25,,"), {}, id="whole-amount-without-a-total"),
        pytest.param(BOUGHT.replace("paid,,,", "paid,,-5,"), {"o-1": [("p", 2, 10.0)]}, id="amount-of-one-line"),
        pytest.param(BOUGHT.replace("paid,,,", "paid,,10,"), {"o-1": [("p", 1, 10.0), ("q", 1, 5.0)]}, id="one-piece"),
        pytest.param(BOUGHT.replace("paid,,,", "paid,,7,"), WHOLE, id="amount-of-nothing"),
        pytest.param(BOUGHT.replace("paid,,,,", "paid,,,1,"), {"o-1": [("p", 1, 10.0), ("q", 1, 5.0)]}, id="quantity"),
        pytest.param(BOUGHT + "o-1,c-1,p,-1,10,2026-01-04,,,,,\n", {"o-1": [("p", 1, 10.0), ("q", 1, 5.0)]}, id="negative"),
        pytest.param(BOUGHT.replace("paid", "strange"), WHOLE, id="unknown-status"),
    ],
)
async def test_what_went_back_of_an_order_is_taken_from_it(orders, any_shop, changed, left):
    first = await orders(changed, header=EXTRA)
    assert await any_shop.lines() == left

    again = await orders(changed, header=EXTRA)

    assert first.counts["new"] + first.counts["returned"] == first.read
    assert again.exit_code == 0
    assert {status for status, n_lines in again.counts.items() if n_lines} <= {"seen_before"}
    assert await any_shop.lines() == left


async def test_an_unknown_status_is_counted_and_taken_as_bought(orders):
    report = await orders(BOUGHT.replace("paid", "strange"), header=EXTRA)

    assert "Order statuses that are not known, taken as bought: strange 1." in report.summary()


async def test_an_old_file_never_revives_what_went_back(orders, any_shop):
    await orders(BOUGHT, header=EXTRA)
    await orders(BOUGHT.replace("paid", "cancelled"), header=EXTRA)
    assert await any_shop.orders() == {}

    old = await orders(BOUGHT, header=EXTRA)

    assert old.counts == {"seen_before": 2}
    assert await any_shop.orders() == {}


@pytest.mark.parametrize("first", ["order", "return"])
async def test_a_cancellation_takes_back_the_order_that_it_names(orders, any_shop, first):
    bought, back = "536379,c-1,p,2,10,2026-01-03\n", "C536379,c-1,p,-1,10,2026-01-04\n"

    report = await orders(bought + back if first == "order" else back + bought)

    assert report.counts == {"new": 1, "returned": 1}
    assert await any_shop.lines() == {"536379": [("p", 1, 10.0)]}
    again = await orders(bought + back)
    assert again.counts == {"seen_before": 2}
    assert await any_shop.lines() == {"536379": [("p", 1, 10.0)]}


async def test_a_cancellation_without_a_stored_order_takes_the_newest_purchases(orders, any_shop):
    bought = "o-1,c-1,p,2,10,2026-01-01\no-2,c-1,p,2,10,2026-01-02\no-3,c-1,p,2,10,2026-01-09\no-4,c-2,p,9,1,2026-01-02\n"

    report = await orders(bought + "C999,c-1,p,-3,10,2026-01-04\n")

    assert report.counts == {"new": 4, "returned": 1}
    assert await any_shop.lines() == {"o-1": [("p", 1, 10.0)], "o-3": [("p", 2, 10.0)], "o-4": [("p", 9, 1.0)]}


async def test_a_return_that_finds_no_purchase_is_counted_and_left_out(orders, any_shop):
    text = "C1,c-1,p,-1,10,2026-01-04\no-1,c-2,p,1,10,2026-01-01\n"

    report = await orders(text)

    assert report.counts == {"new": 1, "unmatched": 1}
    assert "1 returns without an order" in report.summary()
    assert await any_shop.lines() == {"o-1": [("p", 1, 10.0)]}


async def test_a_return_in_a_later_file_takes_back_a_stored_order(orders, any_shop):
    await orders("o-1,c-1,p,2,10,2026-01-03\n")
    back = "Co-1,c-1,p,-2,10,2026-01-05\n"

    assert (await orders(back)).counts == {"returned": 1}
    assert await any_shop.orders() == {}
    assert (await orders(back)).counts == {"seen_before": 1}


EVENT_HEADER = "customer_id,product_id,event_type,occurred_at,order_id,quantity"


@pytest.mark.parametrize(
    ("back", "left"),
    [
        ("c-1,,refund,2026-01-05,o-1,", {}),
        ("c-1,p,refund,2026-01-05,o-1,1", {"o-1": [("p", 1, None), ("q", 1, None)]}),
        ("c-1,p,return,2026-01-05,,2", {"o-1": [("q", 1, None)]}),
        ("c-1,p,purchase,2026-01-05,,-1", {"o-1": [("p", 1, None), ("q", 1, None)]}),
    ],
    ids=["order", "product-of-an-order", "product", "negative-purchase"],
)
async def test_events_that_take_back(orders, any_shop, back, left):
    bought = "c-1,p,purchase,2026-01-03,o-1,2\nc-1,q,purchase,2026-01-03,o-1,1\n"

    first = await orders(bought + back + "\n", header=EVENT_HEADER, kind="events")

    assert (first.counts, await any_shop.lines()) == ({"new": 2, "returned": 1}, left)
    again = await orders(bought + back + "\n", header=EVENT_HEADER, kind="events")
    assert (again.counts, await any_shop.lines()) == ({"seen_before": 3}, left)


async def test_returns_of_many_products_are_stored_in_several_steps(shop):
    bought = "".join(f"o-{n},c-1,p{n},1,1,2026-01-03\n" for n in range(120))
    back = "".join(f"Co-{n},c-1,p{n},-1,1,2026-01-04\n" for n in range(120))

    report = await shop.run("orders", f"{HEADER}\n{bought}{back}", create_products=True)

    assert report.counts == {"new": 120, "returned": 120}
    assert await shop.orders() == {}


async def test_an_undone_import_gives_back_what_it_replaced(orders, any_shop):
    await orders("o-1,c-1,p,2,1.5,2026-01-03\n")
    report = await orders("o-1,c-1,q,1,1,2026-01-03\no-2,c-1,q,1,1,2026-01-03\n")

    while await any_shop.repository.undo_import(report.import_id):
        pass

    assert await any_shop.lines() == {"o-1": [("p", 2, 1.5)]}


async def test_orders_name_products_by_their_other_ids(orders, any_shop):
    report = await orders("o-1,c-1,SKU-P,2,1.5,2026-01-03\no-1,c-1,100,1,1.5,2026-01-03\no-1,c-1,q,1,,2026-01-03\n")

    assert report.counts == {"new": 3}
    assert [product for product, *_ in (await any_shop.lines())["o-1"]] == ["p", "p", "q"]
    assert sorted(await any_shop.products()) == ["p", "q"]


async def test_a_catalogue_after_the_orders_joins_the_products_that_they_named_by_other_ids(any_shop):
    lines = f"{HEADER}\no-1,c-1,SKU-P,2,1.5,2026-01-03\no-2,c-1,SKU-Q,1,1,2026-01-03\n"
    view = "customer_id,product_id,occurred_at\nc-1,SKU-P,2026-01-02\n"
    await any_shop.run("orders", lines, create_products=True)
    await any_shop.run("events", view, create_products=True)
    assert sorted(await any_shop.products()) == ["SKU-P", "SKU-Q"]

    report = await any_shop.run("products", CATALOGUE)

    assert "merged: 2 products." in report.summary()
    assert sorted(await any_shop.products()) == ["p", "q"]
    assert await any_shop.lines() == {"o-1": [("p", 2, 1.5)], "o-2": [("q", 1, 1.0)]}
    assert [event[1] for event in await any_shop.events()] == ["p"]
    for kind, text in (("orders", lines), ("events", view), ("products", CATALOGUE)):
        again = await any_shop.run(kind, text, create_products=kind != "products")
        assert set(again.counts) <= {"seen_before", "unchanged"}
    assert sorted(await any_shop.products()) == ["p", "q"]


async def test_an_alias_that_is_the_id_of_another_product_is_left_out_with_a_notice(any_shop):
    report = await any_shop.run("products", "product_id,name,aliases\np,Lamp,q|r\nq,Desk,\n")
    again = await any_shop.run("products", "product_id,name,aliases\np,Lamp,q|r\nq,Desk,\n")

    assert await any_shop.aliases() == {"r": "p"}
    assert "Left out 1 that are ids of other products" in report.summary() + again.summary()
    assert sorted(await any_shop.products()) == ["p", "q"]


async def test_an_order_needs_its_id(any_shop):
    with pytest.raises(
        NotUnderstood, match=r'no column order_id, which orders need\. Did you mean `--map "number=order_id"'
    ):
        await any_shop.run("orders", "number,customer_id,product_id\n1,c-1,p\n", format="own")
