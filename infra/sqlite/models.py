"""What training reads and writes."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from domain.errors import TrainingRunning
from domain.evidence import NeighbourLists, ShopSummary
from domain.fields import from_microseconds, to_microseconds
from domain.model import UNTRAINED, Model
from domain.ports import TrainingEvent
from domain.products import Product
from infra.sqlite.catalogue import PRODUCT_COLUMNS, product_from
from infra.sqlite.events import spent

BATCH = 1000
READ_BATCH = 20_000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Model).decode


def current_id(connection: sqlite3.Connection) -> str:
    return connection.execute("SELECT model_id FROM shop_state").fetchone()[0]


def read_model(connection: sqlite3.Connection, model_id: str) -> Model:
    row = connection.execute("SELECT model FROM recommendation_models WHERE model_id = ?", (model_id,)).fetchone()
    return UNTRAINED if row is None else _decode(row[0])


def summary(connection: sqlite3.Connection, model: Model) -> ShopSummary:
    """Tell how the shop stands; events are counted by the highest row number, which costs nothing."""
    n_products, n_interactions, n_items = connection.execute(
        "SELECT (SELECT COUNT(*) FROM product_catalog),"
        " (SELECT MAX(rowid) FROM browsing_history), (SELECT MAX(rowid) FROM purchase_history)"
    ).fetchone()
    return ShopSummary(
        n_products=n_products,
        n_events=(n_interactions or 0) + (n_items or 0),
        n_events_trained=model.n_events,
        model_id=model.model_id,
        trained_at=from_microseconds(model.trained_at) if model.trained_at else None,
    )


def interactions_after(connection: sqlite3.Connection, row: int) -> tuple[int, list[TrainingEvent]]:
    """Read the next batch of interactions after `row`; return the row to go on from."""
    rows = connection.execute(
        "SELECT e.rowid, e.customer_id, p.product_index, e.event_type, e.occurred_at FROM browsing_history e"
        " CROSS JOIN product_catalog p ON p.product_id = e.product_id WHERE e.rowid > ? ORDER BY e.rowid LIMIT ?",
        (row, READ_BATCH),
    ).fetchall()
    events = [
        TrainingEvent(
            customer_id=customer_id,
            product_index=index,
            event_type=event_type,
            occurred_at=occurred_at,
            order_id=None,
            spent=0.0,
        )
        for _, customer_id, index, event_type, occurred_at in rows
    ]
    return (rows[-1][0] if rows else row), events


def order_items_after(connection: sqlite3.Connection, row: int, *, currency: str) -> tuple[int, list[TrainingEvent]]:
    """Read the next batch of order items after `row`; return the row to go on from."""
    rows = connection.execute(
        "SELECT e.rowid, e.customer_id, p.product_index, e.occurred_at, e.order_id, e.quantity,"
        " CASE e.currency WHEN ? THEN e.unit_price END FROM purchase_history e"
        " CROSS JOIN product_catalog p ON p.product_id = e.product_id WHERE e.rowid > ? ORDER BY e.rowid LIMIT ?",
        (currency, row, READ_BATCH),
    ).fetchall()
    events = [
        TrainingEvent(
            customer_id=customer_id,
            product_index=index,
            event_type="purchase",
            occurred_at=occurred_at,
            order_id=order_id,
            spent=spent(quantity, unit_price),
        )
        for _, customer_id, index, occurred_at, order_id, quantity, unit_price in rows
    ]
    return (rows[-1][0] if rows else row), events


def products_after(connection: sqlite3.Connection, index: int) -> list[Product]:
    rows = connection.execute(
        f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index > ? ORDER BY p.product_index LIMIT ?",
        (index, READ_BATCH),
    )
    return [product_from(row) for row in rows]


def assigned_segments(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT customer_id, segment FROM customer_segments").fetchall())


def lock(connection: sqlite3.Connection, holder: str, *, now: datetime, seconds: int) -> None:
    taken = connection.execute(
        "UPDATE shop_state SET training_holder = ?, training_until = ?"
        " WHERE training_holder IS NULL OR training_holder = ? OR training_until < ?",
        (holder, to_microseconds(now + timedelta(seconds=seconds)), holder, to_microseconds(now)),
    )
    if taken.rowcount == 0:
        raise TrainingRunning("Another training is running.")


def unlock(connection: sqlite3.Connection, holder: str) -> None:
    connection.execute("UPDATE shop_state SET training_holder = NULL WHERE training_holder = ?", (holder,))


def write_neighbours(connection: sqlite3.Connection, model_id: str, lists: Sequence[NeighbourLists]) -> None:
    connection.executemany(
        "INSERT INTO product_neighbours (model_id, product_index, bought_together, viewed_together, similar_product)"
        " VALUES (?, ?, ?, ?, ?)",
        [(model_id, *msgspec.structs.astuple(neighbours)) for neighbours in lists],
    )


def write_trends(connection: sqlite3.Connection, model_id: str, trends: Sequence[tuple[str, bytes]]) -> None:
    connection.executemany(
        "INSERT INTO product_trends (model_id, category, products) VALUES (?, ?, ?)",
        [(model_id, category, products) for category, products in trends],
    )


def switch_to(connection: sqlite3.Connection, model: Model) -> None:
    """Make a model, whose lists are written, the current one."""
    connection.execute(
        "INSERT INTO recommendation_models (model_id, trained_at, model) VALUES (?, ?, ?)",
        (model.model_id, model.trained_at, _encode(model)),
    )
    connection.execute("UPDATE shop_state SET model_id = ?", (model.model_id,))


def drop_old(connection: sqlite3.Connection) -> int:
    """Delete up to a batch of rows of models that are not current, half-written ones too; return how many."""
    deleted = 0
    for table, key in (("product_neighbours", "product_index"), ("product_trends", "category")):
        deleted += connection.execute(
            f"DELETE FROM {table} WHERE (model_id, {key}) IN (SELECT model_id, {key} FROM {table}"
            " WHERE model_id <> (SELECT model_id FROM shop_state) LIMIT ?)",
            (BATCH,),
        ).rowcount
    connection.execute("DELETE FROM recommendation_models WHERE model_id <> (SELECT model_id FROM shop_state)")
    return deleted
