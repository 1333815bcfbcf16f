"""Stored orders as a whole: what was bought, what went back, and the lines that are left."""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from domain.records.amendments import AmendedOrder, BoughtOrder, Line, Quantities
from domain.records.interactions import Purchase, content_digest
from domain.records.values import MONEY_UNITS, from_microseconds
from infra.storage.sql.import_run import ImportRun
from infra.storage.sql.known_products import KnownProduct, find, find_or_create
from infra.storage.sql.list_references import columns_of, decode_lists, encode_lists, lists_of_lines
from infra.storage.sql.statements import Row, Steps, executemany, rows

_LINES = (
    "order_id, line, customer_id, product_id, quantity, unit_price, currency, occurred_at, digest, import_id, list_place,"
    " list_nonce"
)
_AMENDMENT = "customer_id, order_id, occurred_at, currency, digest, import_id, bought, returned, lists"
_OWN = ""
"""The cause of what went back as the lines of the order itself say; no return has this id."""
_ADJUSTED = "\n"
"""The cause of what the shop said later of all causes together; no id contains a line feed."""

encode = msgspec.json.Encoder().encode
_decode_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
_decode_returned = msgspec.json.Decoder(dict[str, Quantities]).decode


class StoredOrder(AmendedOrder, frozen=True, kw_only=True):
    """An order of the database, and the number of its lines in `purchase_history`."""

    n_lines: int


def lines_of(
    order: Purchase, known: dict[str, KnownProduct], *, currency: str
) -> list[Line]:  # fmt: skip
    """Return the lines of an order in `currency`; a price that it does not say is that of the catalogue, if it is known."""
    return [
        (
            known[item.product_id].product_id,
            item.quantity,
            # `to_units`, without the time of a call for each of millions of items.
            _catalogue_price(known[item.product_id], currency) if (price := item.unit_price) is None
            else round(price * MONEY_UNITS),
        )
        for item in order.items
    ]  # fmt: skip


def bought_order(
    order: Purchase, known: dict[str, KnownProduct], *, customer_id: str, returned: Quantities, run: ImportRun
) -> BoughtOrder:
    """Return an order of a file, which has an id, as it is stored for `customer_id`."""
    currency = order.currency or run.currency
    return BoughtOrder(
        customer_id=customer_id,
        order_id=order.order_id or "",
        occurred_at=run.instant_of(order),
        currency=currency,
        digest=content_digest(order),
        import_id=run.import_id,
        lines=tuple(lines_of(order, known, currency=currency)),
        returned=returned,
    )


def read(order_ids: Collection[str]) -> Steps[dict[str, StoredOrder]]:
    """Read orders, also those of which nothing is left."""
    found = yield from rows(
        f"SELECT {_LINES} FROM purchase_history WHERE order_id IN (:order_ids) ORDER BY order_id, line",
        order_ids=list(order_ids),
    )
    lines: dict[str, list[Row]] = {}
    for row in found:
        lines.setdefault(row[0], []).append(row)
    orders = {order_id: _as_bought(of_order) for order_id, of_order in lines.items()}
    amended = yield from rows(
        f"SELECT {_AMENDMENT} FROM order_amendments WHERE order_id IN (:order_ids)", order_ids=list(order_ids)
    )
    for row in amended:
        orders[row[1]] = _as_amended(row, n_lines=len(lines.get(row[1], ())))
    return orders


def of_customer(customer_id: str) -> Steps[list[AmendedOrder]]:
    """Read the orders of a customer of which something went back, as bought."""
    found = yield from rows(
        f"SELECT {_AMENDMENT} FROM order_amendments WHERE customer_id = :customer_id", customer_id=customer_id
    )
    return [_as_amended(row, n_lines=0) for row in found]


def write(after: AmendedOrder, before: StoredOrder | None) -> Steps[None]:
    """Store an order with what is left of it, in place of what is stored of it; the caller must raise the versions."""
    bought = after.bought
    known = yield from find(after.product_ids())
    if gone := {line[0] for line in bought.lines} - known.keys():
        known |= yield from find_or_create(gone, now=from_microseconds(bought.occurred_at), currency=bought.currency)
    names = {sent_id: product.product_id for sent_id, product in known.items()}
    left, lists = after.left(names), after.lists(names)
    yield from executemany(
        f"INSERT INTO purchase_history ({_LINES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (order_id, line)"
        " DO UPDATE SET customer_id = excluded.customer_id, product_id = excluded.product_id,"
        " quantity = excluded.quantity, unit_price = excluded.unit_price, currency = excluded.currency,"
        " occurred_at = excluded.occurred_at, digest = excluded.digest, import_id = excluded.import_id,"
        " list_place = excluded.list_place, list_nonce = excluded.list_nonce",
        [
            (bought.order_id, number, bought.customer_id, *line, bought.currency, bought.occurred_at, bought.digest,
             bought.import_id, *columns_of(lists.get(line[0])))
            for number, line in enumerate(left)
        ],
    )  # fmt: skip
    if before is not None:
        yield from _forget(before, n_kept=len(left), keeps_amendment=is_same_customer(after, before) and after.is_amended)
    if after.is_amended:
        yield from rows(
            f"INSERT INTO order_amendments ({_AMENDMENT}) VALUES (:customer_id, :order_id, :occurred_at, :currency, :digest,"
            " :import_id, :bought, :returned, :lists) ON CONFLICT (customer_id, order_id) DO UPDATE SET"
            " occurred_at = excluded.occurred_at, currency = excluded.currency, digest = excluded.digest,"
            " import_id = excluded.import_id, bought = excluded.bought, returned = excluded.returned,"
            " lists = excluded.lists",
            customer_id=bought.customer_id,
            order_id=bought.order_id,
            occurred_at=bought.occurred_at,
            currency=bought.currency,
            digest=bought.digest,
            import_id=bought.import_id,
            bought=encode(bought.lines).decode(),
            returned=_encoded_causes(after),
            lists=encode_lists(bought.lists),
        )


def delete(order: StoredOrder) -> Steps[None]:
    """Delete an order with what is known of its returns."""
    yield from _forget(order, n_kept=0, keeps_amendment=False)


def n_rows(after: AmendedOrder | None, before: StoredOrder | None) -> int:
    """Return how many rows at most change with an order: its lines, amendments, customers, and what was before."""
    return max(len(after.bought.lines) if after else 0, before.n_lines if before else 0) + 6


def customers_of(orders: Iterable[AmendedOrder | None]) -> set[str]:
    return {order.bought.customer_id for order in orders if order is not None}


def is_same_customer(one: AmendedOrder, other: AmendedOrder) -> bool:
    return one.bought.customer_id == other.bought.customer_id


def _catalogue_price(product: KnownProduct, currency: str) -> int | None:
    return product.price if product.currency == currency else None


def decode_amendment(bought: str, returned: str) -> tuple[tuple[Line, ...], dict[str, Quantities], Quantities]:
    """Return the lines as bought, what went back by cause, and what the shop said later of all causes together."""
    causes = _decode_returned(returned)
    adjusted = causes.pop(_ADJUSTED, {})
    return _decode_lines(bought), causes, adjusted


def _encoded_causes(order: AmendedOrder) -> str:
    causes = order.returns | {_OWN: order.bought.returned, _ADJUSTED: order.adjusted}
    # A return without products is the whole order.
    return encode({cause: items for cause, items in causes.items() if items or cause in order.returns}).decode()


def _forget(order: StoredOrder, *, n_kept: int, keeps_amendment: bool) -> Steps[None]:
    if order.n_lines > n_kept:
        yield from rows(
            "DELETE FROM purchase_history WHERE order_id = :order_id AND line >= :n_kept",
            order_id=order.bought.order_id,
            n_kept=n_kept,
        )
    if order.is_amended and not keeps_amendment:
        yield from rows(
            "DELETE FROM order_amendments WHERE customer_id = :customer_id AND order_id = :order_id",
            customer_id=order.bought.customer_id,
            order_id=order.bought.order_id,
        )


def _as_bought(lines: list[Row]) -> StoredOrder:
    order_id, _, customer_id, _, _, _, currency, occurred_at, digest, import_id, *_ = lines[0]
    return StoredOrder(
        bought=BoughtOrder(
            customer_id=customer_id,
            order_id=order_id,
            occurred_at=occurred_at,
            currency=currency,
            digest=digest,
            import_id=import_id,
            lines=tuple((row[3], row[4], row[5]) for row in lines),
            lists=lists_of_lines((row[3], row[-2], row[-1]) for row in lines),
        ),
        n_lines=len(lines),
    )


def _as_amended(row: Row, *, n_lines: int) -> StoredOrder:
    customer_id, order_id, occurred_at, currency, digest, import_id, bought, returned, lists = row
    lines, returns, adjusted = decode_amendment(bought, returned)
    own: Any = returns.pop(_OWN, {})
    return StoredOrder(
        bought=BoughtOrder(
            customer_id=customer_id,
            order_id=order_id,
            occurred_at=occurred_at,
            currency=currency,
            digest=digest,
            import_id=import_id,
            lines=lines,
            returned=own,
            lists=decode_lists(lists),
        ),
        returns=returns,
        adjusted=adjusted,
        n_lines=n_lines,
    )
