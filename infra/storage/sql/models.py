"""Read the data for training, and write trained models."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from domain.errors import ModelNotFound, TrainingRunning
from domain.ports.training import TrainingEvent
from domain.ranking.model import UNTRAINED, Model, NeighbourLists, ProductActivity, TunedConfig
from domain.records.currencies import Currencies
from domain.records.customers import Segment
from domain.records.products import Product
from domain.records.values import to_microseconds
from infra.storage.sql.catalogue import PRODUCT_COLUMNS, product_from
from infra.storage.sql.customers import MAY_BE_USED
from infra.storage.sql.events import item_total
from infra.storage.sql.removals import COUNTED
from infra.storage.sql.statements import Steps, executemany, one, one_or_none, rows

WRITE_BATCH = 1000
READ_BATCH = 20_000
KEPT_MODELS = 5
_DROPPED_AT_ONCE = 300
_NEWEST_FIRST = "trained_at DESC, model_id DESC"
_OBJECTED = "customer_id IN (SELECT customer_id FROM customer_profiles WHERE profiling = 0)"
_encode = msgspec.msgpack.Encoder().encode
_CONFIG_MEMBERS = TunedConfig.__struct_encode_fields__
"""Stored models have the members of `config` among their own, as in the first release."""


def signing_key() -> Steps[bytes]:
    return bytes((yield from one("SELECT signing_key FROM shop_state"))[0])


def write_signing_key(key: bytes) -> Steps[None]:
    yield from rows("UPDATE shop_state SET signing_key = :key", key=key)


def current_id() -> Steps[str]:
    return (yield from one("SELECT model_id FROM shop_state"))[0]


def read_model(model_id: str) -> Steps[Model]:
    row = yield from one_or_none("SELECT model FROM recommendation_models WHERE model_id = :model_id", model_id=model_id)
    return UNTRAINED if row is None else unpack_model(row[0])


def read_all() -> Steps[list[Model]]:
    """Read all models, newest first."""
    found = yield from rows(f"SELECT model FROM recommendation_models ORDER BY {_NEWEST_FIRST}")
    return [unpack_model(packed) for (packed,) in found]


def count_rows(newest_event_at: int) -> Steps[tuple[int, int, int]]:
    """Count the products, the events that training uses, and those newer than `newest_event_at`; order items one by one.

    Newer removals count too: the model has not learned what they take back.
    """
    n_products, n_interactions, n_items, n_newer_interactions, n_newer_items = yield from one(
        "SELECT (SELECT COUNT(*) FROM product_catalog),"
        # By differences: the events of all customers are counted without looking at their customers.
        f" (SELECT COUNT(*) FROM browsing_history WHERE {COUNTED})"
        f" - (SELECT COUNT(*) FROM browsing_history WHERE {COUNTED} AND {_OBJECTED}),"
        f" (SELECT COUNT(*) FROM purchase_history) - (SELECT COUNT(*) FROM purchase_history WHERE {_OBJECTED}),"
        " (SELECT COUNT(*) FROM browsing_history WHERE occurred_at > :newest_event_at)"
        f" - (SELECT COUNT(*) FROM browsing_history WHERE {_OBJECTED} AND occurred_at > :newest_event_at),"
        " (SELECT COUNT(*) FROM purchase_history WHERE occurred_at > :newest_event_at)"
        f" - (SELECT COUNT(*) FROM purchase_history WHERE {_OBJECTED} AND occurred_at > :newest_event_at)",
        newest_event_at=newest_event_at,
    )
    return n_products, n_interactions + n_items, n_newer_interactions + n_newer_items


def interactions_after(event_id: str) -> Steps[tuple[str, list[TrainingEvent]]]:
    """Read the next batch of interactions after `event_id`; return the last id and the batch."""
    found = yield from rows(
        "SELECT e.event_id, e.customer_id, p.product_index, e.event_type, e.occurred_at FROM browsing_history e"
        " JOIN product_catalog p ON p.product_id = e.product_id WHERE e.event_id > :event_id"
        f" AND e.{COUNTED} AND e.{MAY_BE_USED} ORDER BY e.event_id LIMIT :n",
        event_id=event_id,
        n=READ_BATCH,
    )
    events = [
        TrainingEvent(
            customer_id=customer_id,
            product_index=index,
            event_type=event_type,
            occurred_at=occurred_at,
            order_id=None,
            spent=0.0,
        )
        for _, customer_id, index, event_type, occurred_at in found
    ]
    return (found[-1][0] if found else event_id), events


def order_items_after(order_id: str, line: int, *, currencies: Currencies) -> Steps[tuple[str, int, list[TrainingEvent]]]:
    """Read the next batch of order items after a line; return the last line and the batch."""
    found = yield from rows(
        "SELECT e.order_id, e.line, e.customer_id, p.product_index, e.occurred_at, e.quantity,"
        " e.unit_price, e.currency FROM purchase_history e"
        " JOIN product_catalog p ON p.product_id = e.product_id WHERE (e.order_id, e.line) > (:order_id, :line)"
        f" AND e.{MAY_BE_USED} ORDER BY e.order_id, e.line LIMIT :n",
        order_id=order_id,
        line=line,
        n=READ_BATCH,
    )
    events = [
        TrainingEvent(
            customer_id=customer_id,
            product_index=index,
            event_type="purchase",
            occurred_at=occurred_at,
            order_id=order,
            spent=item_total(quantity, unit_price) * (currencies.rate_of(currency) or 0.0),
        )
        for order, _, customer_id, index, occurred_at, quantity, unit_price, currency in found
    ]
    if found:
        order_id, line = found[-1][:2]
    return order_id, line, events


def products_after(index: int, *, currencies: Currencies) -> Steps[list[Product]]:
    found = yield from rows(
        f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index > :index ORDER BY p.product_index LIMIT :n",
        index=index,
        n=READ_BATCH,
    )
    return [product_from(row, currencies) for row in found]


def assigned_segments() -> Steps[dict[str, Segment]]:
    return dict((yield from rows(f"SELECT customer_id, segment FROM customer_segments WHERE {MAY_BE_USED}")))


def lock(holder: str, *, now: datetime, seconds: int) -> Steps[None]:
    taken = yield from rows(
        "UPDATE shop_state SET training_holder = :holder, training_until = :until"
        " WHERE training_holder IS NULL OR training_holder = :holder OR training_until < :now RETURNING slot",
        holder=holder,
        until=to_microseconds(now + timedelta(seconds=seconds)),
        now=to_microseconds(now),
    )
    if not taken:
        raise TrainingRunning("Another training is running.")


def unlock(holder: str) -> Steps[None]:
    yield from rows("UPDATE shop_state SET training_holder = NULL WHERE training_holder = :holder", holder=holder)


def write_neighbours(model_id: str, lists: Sequence[NeighbourLists]) -> Steps[None]:
    yield from executemany(
        "INSERT INTO product_neighbours (model_id, product_index, bought_together, viewed_together, similar_product,"
        " complements) VALUES (?, ?, ?, ?, ?, ?)",
        [(model_id, *msgspec.structs.astuple(neighbours)) for neighbours in lists],
    )


def write_trends(model_id: str, trends: Sequence[tuple[str, bytes]]) -> Steps[None]:
    yield from executemany(
        "INSERT INTO product_trends (model_id, category, products) VALUES (?, ?, ?)",
        [(model_id, category, products) for category, products in trends],
    )


def write_activity(model_id: str, activity: Sequence[ProductActivity]) -> Steps[None]:
    yield from executemany(
        "INSERT INTO product_activity (model_id, measure, age_days, products) VALUES (?, ?, ?, ?)",
        [(model_id, *msgspec.structs.astuple(day)) for day in activity],
    )


def switch_to(model: Model) -> Steps[None]:
    """Write a model, whose lists are written already, and make it current."""
    yield from rows(
        "INSERT INTO recommendation_models (model_id, trained_at, model) VALUES (:model_id, :trained_at, :model)",
        model_id=model.model_id,
        trained_at=model.trained_at,
        model=pack_model(model),
    )
    yield from rows("UPDATE shop_state SET model_id = :model_id", model_id=model.model_id)


def use(model_id: str) -> Steps[None]:
    """Make a stored model current; raise ModelNotFound."""
    used = yield from rows(
        "UPDATE shop_state SET model_id = :model_id"
        " WHERE EXISTS (SELECT 1 FROM recommendation_models WHERE model_id = :model_id) RETURNING slot",
        model_id=model_id,
    )
    if not used:
        raise ModelNotFound(model_id)


def drop_old() -> Steps[int]:
    """Delete a batch of rows of a model that is neither kept nor in use, or half-written; return how many."""
    newest = yield from rows(f"SELECT model_id FROM recommendation_models ORDER BY {_NEWEST_FIRST} LIMIT {KEPT_MODELS}")
    kept = {(yield from current_id()), *(model_id for (model_id,) in newest)}
    for table, key in (
        ("product_neighbours", "product_index"),
        ("product_trends", "category"),
        ("product_activity", "measure, age_days"),
        ("recommendation_models", "trained_at"),
    ):
        for model_id in (yield from _models_in(table)):
            if model_id not in kept:
                deleted = yield from rows(
                    f"DELETE FROM {table} WHERE (model_id, {key}) IN"
                    f" (SELECT model_id, {key} FROM {table} WHERE model_id = :model_id LIMIT :n) RETURNING 1",
                    model_id=model_id,
                    n=_DROPPED_AT_ONCE,
                )
                return len(deleted)
    return 0


def _models_in(table: str) -> Steps[list[str]]:
    """Return the ids of all models with rows in a table, by one search of the index each instead of a scan."""
    found, last = list[str](), ""
    while last := (yield from one(f"SELECT MIN(model_id) FROM {table} WHERE model_id > :last", last=last))[0]:
        found.append(last)
    return found


def pack_model(model: Model) -> bytes:
    """Encode a model as it is stored."""
    config = dict(zip(_CONFIG_MEMBERS, msgspec.structs.astuple(model.config), strict=True))
    flat: dict[str, object] = {}
    for name, value in msgspec.structs.asdict(model).items():
        flat |= config if name == "config" else {name: value}
    return _encode(flat)


def unpack_model(packed: bytes) -> Model:
    members = msgspec.msgpack.decode(packed)
    members["config"] = {name: members.pop(name) for name in _CONFIG_MEMBERS if name in members}
    return msgspec.convert(members, Model)
