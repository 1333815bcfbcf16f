"""Products of the catalogue."""

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


def put(changes: Sequence[ProductChange], *, now: datetime, currency: str) -> Steps[list[Outcome]]:
    """Upsert products in the order given, and raise the catalogue's version once if any of them changed."""
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    stored = yield from _stored([change.product_id for change in changes])
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
        yield from _write(touched, created)
    return outcomes


def create_bare(product_ids: Iterable[str], *, now: datetime, currency: str) -> Steps[None]:
    """Add products that are known by nothing but their id."""
    yield from put([ProductChange(product_id=product_id) for product_id in product_ids], now=now, currency=currency)


def version() -> Steps[int]:
    return (yield from one("SELECT catalogue_version FROM shop_state"))[0]


def by_index(indexes: Collection[int], *, version: int, cache: Cache) -> Steps[list[Product]]:
    """Return the products at `indexes`, in that order; those that do not exist are missing."""
    held, missing = cache.by_index.under(version, indexes)
    if missing:
        found = yield from rows(
            f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index IN (:missing)", missing=missing
        )
        held.update((row[0], product_from(row)) for row in found)
        cache.by_id.add(version, {row[1]: held[row[0]] for row in found})
    return [held[index] for index in indexes if index in held]


def by_id(product_ids: Collection[str], *, version: int, cache: Cache) -> Steps[dict[str, Product]]:
    """Return a dictionary with the products called `product_ids` at least."""
    held, missing = cache.by_id.under(version, product_ids)
    if missing:
        found = yield from rows(
            f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_id IN (:missing)", missing=missing
        )
        held.update((row[1], product_from(row)) for row in found)
        cache.by_index.add(version, {row[0]: held[row[1]] for row in found})
    return held


def newest_of(categories: Sequence[str], *, n: int, version: int, cache: Cache) -> Steps[list[int]]:
    """List the indexes of the `n` newest available products of each category, newest first."""
    wanted = [(category, n) for category in categories]
    held, missing = cache.newest.under(version, wanted)
    for category, _ in missing:
        found = yield from rows(
            f"SELECT p.product_index FROM product_catalog p WHERE {AVAILABLE} AND p.category = :category"
            " ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
            category=category,
            n=n,
        )
        held[category, n] = [index for (index,) in found]
    return [index for key in wanted for index in held[key]]


def newest_admitted(request: ListRequest, *, n: int) -> Steps[list[int]]:
    """List the indexes of the newest available products that pass the filters of `request`, newest first."""
    where, parameters = filters(request)
    found = yield from rows(
        f"SELECT p.product_index FROM product_catalog p WHERE {where}"
        " ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
        **parameters,
        n=n,
    )
    return [index for (index,) in found]


def filters(request: ListRequest) -> tuple[str, dict[str, Any]]:
    """Write the filters of a request as conditions on available products `p`, with their parameters."""
    conditions = [AVAILABLE]
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
        conditions.append("p.product_id NOT IN (:exclude)")
        parameters["exclude"] = sorted(request.exclude)
    return " AND ".join(conditions), parameters


def _stored(product_ids: list[str]) -> Steps[dict[str, dict[str, Any]]]:
    found = yield from rows(
        f"SELECT product_id, {', '.join(_STORED)} FROM product_catalog WHERE product_id IN (:product_ids)",
        product_ids=product_ids,
    )
    return {row[0]: dict(zip(_STORED, row[1:], strict=True)) for row in found}


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


def _write(touched: dict[str, dict[str, Any]], created: list[str]) -> Steps[None]:
    (first_index,) = yield from one(
        "UPDATE shop_state SET catalogue_version = catalogue_version + 1, next_product_index = next_product_index + :n"
        " RETURNING next_product_index",
        n=len(created),
    )
    indexes = {product_id: first_index - len(created) + place for place, product_id in enumerate(created)}
    changed = [product_id for product_id in touched if product_id not in indexes]
    yield from executemany(
        f"INSERT INTO product_catalog (product_id, product_index, {', '.join(_STORED)})"
        f" VALUES (?, ?, {', '.join('?' * len(_STORED))})",
        [(product_id, index, *touched[product_id].values()) for product_id, index in indexes.items()],
    )
    yield from executemany(
        f"UPDATE product_catalog SET {', '.join(f'{name} = ?' for name in _STORED)} WHERE product_id = ?",
        [(*touched[product_id].values(), product_id) for product_id in changed],
    )
