"""Products, as transactions and readings on one connection."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET

from domain.fields import from_units, to_microseconds, to_units
from domain.ports import Outcome
from domain.products import Product, ProductChange
from domain.recommendations import ListRequest
from infra.sqlite.cache import Cache

PRODUCT_COLUMNS = (
    "p.product_index, p.product_id, p.name, p.category, p.brand, p.price, p.currency, p.url, p.image_url,"
    " p.created_at, p.in_stock AND NOT p.withdrawn"
)
_STORED = (
    "name", "category", "brand", "price", "currency", "tags", "in_stock", "withdrawn", "url", "image_url", "created_at",
)  # fmt: skip
_AVAILABLE = "p.in_stock AND NOT p.withdrawn"


def product_from(row: Sequence[Any]) -> Product:
    """Make the product of a row that begins with PRODUCT_COLUMNS."""
    price = row[5]
    return Product(
        product_index=row[0],
        product_id=row[1],
        name=row[2],
        category=row[3],
        brand=row[4],
        price=None if price is None else from_units(price),
        currency=row[6],
        url=row[7],
        image_url=row[8],
        created_at=row[9],
        available=bool(row[10]),
    )


def put(connection: sqlite3.Connection, changes: Sequence[ProductChange], *, now: datetime, currency: str) -> list[Outcome]:
    """Upsert products in the order given, and raise the catalogue's version once if any of them changed."""
    stored = _stored(connection, [change.product_id for change in changes])
    outcomes: list[Outcome] = []
    touched: dict[str, dict[str, Any]] = {}
    created: list[str] = []
    for change in changes:
        before = stored.get(change.product_id)
        after = _merged(change, before or _fresh(change.product_id, now=now, currency=currency), currency=currency)
        if before is None:
            created.append(change.product_id)
        if before != after:
            stored[change.product_id] = touched[change.product_id] = after
        outcomes.append(Outcome(status="new" if before is None else "unchanged" if before == after else "changed"))
    if touched:
        _write(connection, touched, created)
    return outcomes


def create_bare(connection: sqlite3.Connection, product_ids: Iterable[str], *, now: datetime, currency: str) -> None:
    """Add products that are known by nothing but their id."""
    put(connection, [ProductChange(product_id=product_id) for product_id in product_ids], now=now, currency=currency)


def version_of(connection: sqlite3.Connection) -> int:
    return connection.execute("SELECT catalogue_version FROM shop_state").fetchone()[0]


def by_index(connection: sqlite3.Connection, indexes: Collection[int], *, version: int, cache: Cache) -> list[Product]:
    """Return the products at `indexes`, in that order; those that do not exist are missing."""
    held, missing = cache.by_index.under(version, indexes)
    if missing:
        held.update((product.product_index, product) for product in _read(connection, "product_index", missing))
    return [held[index] for index in indexes if index in held]


def by_id(connection: sqlite3.Connection, product_ids: Collection[str], *, version: int, cache: Cache) -> dict[str, Product]:
    """Return a dictionary with the products called `product_ids` at least."""
    held, missing = cache.by_id.under(version, product_ids)
    if missing:
        held.update((product.product_id, product) for product in _read(connection, "product_id", missing))
    return held


def newest_of(connection: sqlite3.Connection, categories: Sequence[str], *, n: int, version: int, cache: Cache) -> list[int]:
    """List the indexes of the `n` newest available products of each category, newest first."""
    wanted = [(category, n) for category in categories]
    held, missing = cache.newest.under(version, wanted)
    for category, _ in missing:
        rows = connection.execute(
            f"SELECT p.product_index FROM product_catalog p WHERE {_AVAILABLE} AND p.category = ?"
            " ORDER BY p.created_at DESC, p.product_index DESC LIMIT ?",
            (category, n),
        )
        held[category, n] = [index for (index,) in rows]
    return [index for key in wanted for index in held[key]]


def newest_admitted(connection: sqlite3.Connection, request: ListRequest, *, n: int) -> list[int]:
    """List the indexes of the newest available products that pass the filters of `request`, newest first."""
    where, parameters = _filters(request)
    rows = connection.execute(
        f"SELECT p.product_index FROM product_catalog p WHERE {where}"
        " ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
        {**parameters, "n": n},
    )
    return [index for (index,) in rows]


def _read(connection: sqlite3.Connection, column: str, values: Sequence[int | str]) -> list[Product]:
    rows = connection.execute(
        f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.{column} IN (SELECT value FROM json_each(?))",
        (json.dumps(values),),
    )
    return [product_from(row) for row in rows]


def _filters(request: ListRequest) -> tuple[str, dict[str, Any]]:
    conditions = [_AVAILABLE]
    parameters: dict[str, Any] = {}
    if request.category is not None:
        # A range instead of LIKE, so that the index serves it; "0" is the character after "/".
        conditions.append("(p.category = :category OR (p.category >= :category || '/' AND p.category < :category || '0'))")
        parameters["category"] = request.category
    if request.min_price is not None:
        conditions.append("p.price >= :min_price")
        parameters["min_price"] = to_units(request.min_price)
    if request.max_price is not None:
        conditions.append("p.price <= :max_price")
        parameters["max_price"] = to_units(request.max_price)
    if request.exclude:
        conditions.append("p.product_id NOT IN (SELECT value FROM json_each(:exclude))")
        parameters["exclude"] = json.dumps(sorted(request.exclude))
    return " AND ".join(conditions), parameters


def _stored(connection: sqlite3.Connection, product_ids: list[str]) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        f"SELECT product_id, {', '.join(_STORED)} FROM product_catalog WHERE product_id IN (SELECT value FROM json_each(?))",
        (json.dumps(product_ids),),
    )
    return {row[0]: dict(zip(_STORED, row[1:], strict=True)) for row in rows}


def _fresh(product_id: str, *, now: datetime, currency: str) -> dict[str, Any]:
    empty = dict.fromkeys(_STORED)
    return empty | {
        "name": product_id,
        "currency": currency,
        "in_stock": 1,
        "withdrawn": 0,
        "created_at": to_microseconds(now),
    }


def _merged(change: ProductChange, before: dict[str, Any], *, currency: str) -> dict[str, Any]:
    given = {name: value for name in _STORED if (value := getattr(change, name)) is not UNSET}
    cleared = {"name": change.product_id, "currency": currency, "in_stock": 1, "withdrawn": 0}
    after = before | {name: _column(name, value) for name, value in given.items()}
    for name, default in cleared.items():
        if after[name] is None:
            after[name] = default
    if after["created_at"] is None:
        after["created_at"] = before["created_at"]
    return after


def _column(name: str, value: Any) -> Any:
    if value is None:
        return None
    match name:
        case "price":
            return to_units(value)
        case "tags":
            return "|".join(value) or None
        case "in_stock" | "withdrawn":
            return int(value)
        case "created_at":
            return to_microseconds(value)
        case _:
            return value


def _write(connection: sqlite3.Connection, touched: dict[str, dict[str, Any]], created: list[str]) -> None:
    (first_index,) = connection.execute(
        "UPDATE shop_state SET catalogue_version = catalogue_version + 1, next_product_index = next_product_index + ?"
        " RETURNING next_product_index",
        (len(created),),
    ).fetchone()
    indexes = {product_id: first_index - len(created) + place for place, product_id in enumerate(created)}
    changed = [product_id for product_id in touched if product_id not in indexes]
    connection.executemany(
        f"INSERT INTO product_catalog (product_id, product_index, {', '.join(_STORED)})"
        f" VALUES (?, ?, {', '.join('?' * len(_STORED))})",
        [(product_id, index, *touched[product_id].values()) for product_id, index in indexes.items()],
    )
    connection.executemany(
        f"UPDATE product_catalog SET {', '.join(f'{name} = ?' for name in _STORED)} WHERE product_id = ?",
        [(*touched[product_id].values(), product_id) for product_id in changed],
    )
