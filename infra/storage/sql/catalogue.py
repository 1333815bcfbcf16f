"""The products of the catalogue."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET

from domain.ports import Outcome
from domain.records.products import Product, ProductChange
from domain.records.recommendations import ListRequest
from domain.records.values import from_units, to_microseconds, to_units
from infra.storage.sql.cache import Cache
from infra.storage.sql.statements import Row, Steps, executemany, one, rows

AVAILABLE = "p.in_stock = 1 AND p.withdrawn = 0"
PRODUCT_COLUMNS = (
    "p.product_index, p.product_id, p.name, p.category, p.brand, p.price, p.currency, p.url, p.image_url,"
    f" p.created_at, {AVAILABLE}"
)
_STORED = (
    "name", "category", "brand", "price", "currency", "tags", "in_stock", "withdrawn", "url", "image_url", "created_at",
)  # fmt: skip


def product_from(row: Row) -> Product:
    """Return the product of a row that begins with PRODUCT_COLUMNS."""
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


def put(changes: Sequence[ProductChange], *, now: datetime, currency: str) -> Steps[list[Outcome]]:
    """Create or change products in order, and raise the version of the catalogue once if any of them changed."""
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    stored = yield from _stored_columns([change.product_id for change in changes])
    outcomes: list[Outcome] = []
    written: dict[str, dict[str, Any]] = {}
    created: list[str] = []
    for change in changes:
        before = stored.get(change.product_id)
        after = _merged(change, before or _new_columns(change.product_id, now=now, currency=currency), currency=currency)
        if before is None:
            created.append(change.product_id)
        if before != after:
            stored[change.product_id] = written[change.product_id] = after
        outcomes.append(Outcome(status="new" if before is None else "unchanged" if before == after else "changed"))
    if written:
        yield from _write(written, created)
    return outcomes


def create_from_ids(product_ids: Iterable[str], *, now: datetime, currency: str) -> Steps[None]:
    """Create products of which only the id is known."""
    yield from put([ProductChange(product_id=product_id) for product_id in product_ids], now=now, currency=currency)


def version() -> Steps[int]:
    return (yield from one("SELECT catalogue_version FROM shop_state"))[0]


def by_index(indexes: Collection[int], *, version: int, cache: Cache) -> Steps[list[Product]]:
    """Return the products with these indexes, in that order and without unknown ones."""
    cached, missing = cache.by_index.lookup(version, indexes)
    if missing:
        result = yield from rows(
            f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index IN (:missing)", missing=missing
        )
        cached.update((row[0], product_from(row)) for row in result)
        cache.by_id.add(version, {row[1]: cached[row[0]] for row in result})
    return [cached[index] for index in indexes if index in cached]


def by_id(product_ids: Collection[str], *, version: int, cache: Cache) -> Steps[dict[str, Product]]:
    """Return a dictionary that contains at least the products with these ids."""
    cached, missing = cache.by_id.lookup(version, product_ids)
    if missing:
        result = yield from rows(
            f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_id IN (:missing)", missing=missing
        )
        cached.update((row[1], product_from(row)) for row in result)
        cache.by_index.add(version, {row[0]: cached[row[1]] for row in result})
    return cached


def newest_of(categories: Sequence[str], *, n: int, version: int, cache: Cache) -> Steps[list[int]]:
    """Return the indexes of the `n` newest available products of each category, newest first."""
    keys = [(category, n) for category in categories]
    cached, missing = cache.newest.lookup(version, keys)
    for category, _ in missing:
        result = yield from rows(
            f"SELECT p.product_index FROM product_catalog p WHERE {AVAILABLE} AND p.category = :category"
            " ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
            category=category,
            n=n,
        )
        cached[category, n] = [index for (index,) in result]
    return [index for key in keys for index in cached[key]]


def newest_admitted(request: ListRequest, *, n: int) -> Steps[list[int]]:
    """Return the indexes of the `n` newest available products that pass the filters of `request`, newest first."""
    where, parameters = filters(request)
    result = yield from rows(
        f"SELECT p.product_index FROM product_catalog p WHERE {where}"
        " ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
        **parameters,
        n=n,
    )
    return [index for (index,) in result]


def filters(request: ListRequest) -> tuple[str, dict[str, Any]]:
    """Return the conditions on available products `p` that a request sets, as SQL, and their parameters."""
    conditions = [AVAILABLE]
    parameters: dict[str, Any] = {}
    if request.category is not None:
        # A range can use the index, LIKE cannot; "0" is the character after "/".
        conditions.append("(p.category = :category OR (p.category >= :category || '/' AND p.category < :category || '0'))")
        parameters["category"] = request.category
    if request.min_price is not None:
        conditions.append("p.price >= :min_price")
        parameters["min_price"] = to_units(request.min_price)
    if request.max_price is not None:
        conditions.append("p.price <= :max_price")
        parameters["max_price"] = to_units(request.max_price)
    if request.exclude:
        conditions.append("p.product_id NOT IN (:exclude)")
        parameters["exclude"] = sorted(request.exclude)
    return " AND ".join(conditions), parameters


def _stored_columns(product_ids: list[str]) -> Steps[dict[str, dict[str, Any]]]:
    result = yield from rows(
        f"SELECT product_id, {', '.join(_STORED)} FROM product_catalog WHERE product_id IN (:product_ids)",
        product_ids=product_ids,
    )
    return {row[0]: dict(zip(_STORED, row[1:], strict=True)) for row in result}


def _new_columns(product_id: str, *, now: datetime, currency: str) -> dict[str, Any]:
    return dict.fromkeys(_STORED) | {
        "name": product_id,
        "currency": currency,
        "in_stock": 1,
        "withdrawn": 0,
        "created_at": to_microseconds(now),
    }


def _merged(change: ProductChange, before: dict[str, Any], *, currency: str) -> dict[str, Any]:
    new_values = {name: value for name in _STORED if (value := getattr(change, name)) is not UNSET}
    defaults = {"name": change.product_id, "currency": currency, "in_stock": 1, "withdrawn": 0}
    after = before | {name: _to_stored(name, value) for name, value in new_values.items()}
    for name, default in defaults.items():
        if after[name] is None:
            after[name] = default
    if after["created_at"] is None:
        after["created_at"] = before["created_at"]
    return after


def _to_stored(name: str, value: Any) -> Any:
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


def _write(columns: dict[str, dict[str, Any]], created: list[str]) -> Steps[None]:
    (next_index,) = yield from one(
        "UPDATE shop_state SET catalogue_version = catalogue_version + 1, next_product_index = next_product_index + :n"
        " RETURNING next_product_index",
        n=len(created),
    )
    indexes = {product_id: index for index, product_id in enumerate(created, start=next_index - len(created))}
    changed = [product_id for product_id in columns if product_id not in indexes]
    yield from executemany(
        f"INSERT INTO product_catalog (product_id, product_index, {', '.join(_STORED)})"
        f" VALUES (?, ?, {', '.join('?' * len(_STORED))})",
        [(product_id, index, *columns[product_id].values()) for product_id, index in indexes.items()],
    )
    yield from executemany(
        f"UPDATE product_catalog SET {', '.join(f'{name} = ?' for name in _STORED)} WHERE product_id = ?",
        [(*columns[product_id].values(), product_id) for product_id in changed],
    )
