"""The products of the catalogue."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.ports.ingest import Outcome
from domain.ports.repository import CatalogueChanges
from domain.records.attributes import MAX_ATTRIBUTES, unpack_attributes
from domain.records.currencies import Currencies
from domain.records.products import Product, ProductChange
from domain.records.recommendations import ListRequest
from domain.records.values import from_units
from infra.storage.sql import variants
from infra.storage.sql.filters import AVAILABLE, filters
from infra.storage.sql.product_columns import STORED, merged, new_columns
from infra.storage.sql.statements import Row, Steps, executemany, insert_new, one, rows

UNLISTED = 2
"""The value of `withdrawn` of a product that only events have named so far."""
PRODUCT_COLUMNS = (
    "p.product_index, p.product_id, p.name, p.category, p.brand, p.price, p.currency, p.url, p.image_url,"
    f" p.variant_group, p.created_at, {AVAILABLE}, p.tags, p.attributes"
)
_LISTED = ("in_stock", "withdrawn", "created_at")
_GROUPED = ("category", "variant_group")
MAX_UPDATE_STATEMENTS = 8
MAX_CHANGES = 2000
"""More changes than that are not read one by one."""
_INSERT = (
    f"INSERT INTO product_catalog (product_id, product_index, changed_in, {', '.join(STORED)})"
    f" VALUES (?, ?, ?, {', '.join('?' * len(STORED))})"
)
PAGE_ROWS = 1000
TOO_MANY_ATTRIBUTES = f"Expected at most {MAX_ATTRIBUTES} attributes, with those that the product has"
RAISE_LISTED = ", listed_in = catalogue_version + 1"
RAISE_REGROUPED = ", regrouped_in = catalogue_version + 1"


def product_from(row: Row, currencies: Currencies) -> Product:
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
        rate=currencies.rate_of(row[6]),
        variant_of=row[9],
        created_at=row[10],
        available=bool(row[11]),
        packed_tags=row[12],
        packed_attributes=row[13],
    )


def put(changes: Sequence[ProductChange], *, now: datetime, currency: str) -> Steps[list[Outcome]]:
    """Create or change products in order, and raise the version of the catalogue once if any of them changed."""
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    stored = yield from _stored_columns([change.product_id for change in changes])
    kept = dict(stored)
    outcomes: list[Outcome] = []
    written: dict[str, dict[str, Any]] = {}
    created: list[str] = []
    moved: dict[str, str | None] = {}
    for change in changes:
        before = stored.get(change.product_id)
        # Of an unlisted product nothing is known, so it is as new as one that is not stored.
        described = None if before is None or before["withdrawn"] == UNLISTED else before
        known = described or new_columns(change.product_id, now=now, currency=currency)
        after = merged(change, known, currency=currency)
        if change.attributes and len(unpack_attributes(after["attributes"])) > MAX_ATTRIBUTES:
            outcomes.append(Outcome(status="refused", field="attributes", reason=TOO_MANY_ATTRIBUTES))
            continue
        if before is None:
            created.append(change.product_id)
        if before != after:
            stored[change.product_id] = written[change.product_id] = after
            if after["variant_of"] != (before or {}).get("variant_of"):
                moved[change.product_id] = after["variant_of"]
        outcomes.append(Outcome(status="new" if described is None else "unchanged" if before == after else "changed"))
    groups = yield from variants.groups_of(moved)
    for product_id in moved:
        written[product_id]["variant_group"] = groups.pop(product_id)
    yield from variants.write_groups(groups)
    if written:
        befores = {product_id: kept[product_id] for product_id in written.keys() & kept.keys()}
        yield from _write(
            written,
            created,
            befores,
            is_listing=bool(created) or _differ(_LISTED, befores, written),
            is_regrouping=bool(groups) or _differ(_GROUPED, befores, written),
        )
    return outcomes


def changes_after(version: int, currencies: Currencies) -> Steps[CatalogueChanges]:
    """Read the products that changed after a version of the catalogue."""
    current, listed_in, regrouped_in = yield from one("SELECT catalogue_version, listed_in, regrouped_in FROM shop_state")
    products: list[Product] | None = None
    if regrouped_in <= version:
        changed = yield from rows(
            f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.changed_in > :version LIMIT {MAX_CHANGES + 1}",
            version=version,
        )
        if len(changed) <= MAX_CHANGES:
            products = [product_from(row, currencies) for row in changed]
    return CatalogueChanges(version=current, listed_in=listed_in, products=products)


def create_from_ids(product_ids: Iterable[str], *, now: datetime, currency: str) -> Steps[None]:
    """Create products of which only the id is known."""
    yield from put([ProductChange(product_id=product_id) for product_id in product_ids], now=now, currency=currency)


def insert_unlisted(product_ids: Sequence[str], *, first_index: int, now: datetime, currency: str) -> Steps[None]:
    """Create products that only events name, with consecutive indexes; no list changes."""
    columns = {product_id: new_columns(product_id, now=now, currency=currency) for product_id in product_ids}
    yield from insert_new(
        _INSERT,
        [
            (product_id, index, 0, *(values | {"withdrawn": UNLISTED}).values())
            for index, (product_id, values) in enumerate(columns.items(), start=first_index)
        ],
    )


def by_index(indexes: Sequence[int], currencies: Currencies) -> Steps[list[Product]]:
    """Read the products with these indexes."""
    result = yield from rows(
        f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index IN (:indexes)", indexes=list(indexes)
    )
    return [product_from(row, currencies) for row in result]


def products_after(index: int, currencies: Currencies) -> Steps[list[Product]]:
    """Read the next products after an index."""
    found = yield from rows(
        f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index > :index ORDER BY p.product_index"
        f" LIMIT {PAGE_ROWS}",
        index=index,
    )
    return [product_from(row, currencies) for row in found]


def listed_after(product_id: str) -> Steps[list[str]]:
    """Read the next ids, after one of them, of products that are not withdrawn."""
    found = yield from rows(
        "SELECT product_id FROM product_catalog WHERE withdrawn = 0 AND product_id > :product_id ORDER BY product_id"
        f" LIMIT {PAGE_ROWS}",
        product_id=product_id,
    )
    return [listed for (listed,) in found]


def category_paths() -> Steps[list[str]]:
    """Read the categories of all products."""
    found = yield from rows("SELECT DISTINCT category FROM product_catalog WHERE category IS NOT NULL ORDER BY category")
    return [path for (path,) in found]


def newest_of(categories: Sequence[str], n: int) -> Steps[dict[str, list[int]]]:
    """Return the indexes of the `n` newest available products of each category itself, newest first."""
    found: dict[str, list[int]] = {}
    for category in categories:
        result = yield from rows(
            f"SELECT p.product_index FROM product_catalog p WHERE {AVAILABLE} AND p.category = :category"
            f" AND {variants.NEWEST_OF_GROUP} ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
            category=category,
            n=n,
        )
        found[category] = [index for (index,) in result]
    return found


def newest_admitted(request: ListRequest, n: int, currencies: Currencies) -> Steps[list[int]]:
    """Return the indexes of the `n` newest available products that pass the filters of `request`, newest first."""
    where, parameters = filters(request, currencies)
    result = yield from rows(
        f"SELECT p.product_index FROM product_catalog p WHERE {where} AND {variants.NEWEST_OF_GROUP}"
        " ORDER BY p.created_at DESC, p.product_index DESC LIMIT :n",
        **parameters,
        n=n,
    )
    return [index for (index,) in result]


def _stored_columns(product_ids: list[str]) -> Steps[dict[str, dict[str, Any]]]:
    result = yield from rows(
        f"SELECT product_id, {', '.join(STORED)} FROM product_catalog WHERE product_id IN (:product_ids)",
        product_ids=product_ids,
    )
    return {row[0]: dict(zip(STORED, row[1:], strict=True)) for row in result}


def _differ(
    names: Collection[str], befores: Mapping[str, Mapping[str, Any]], afters: Mapping[str, Mapping[str, Any]]
) -> bool:
    return any(before[name] != afters[product_id][name] for product_id, before in befores.items() for name in names)


def _write(
    columns: dict[str, dict[str, Any]],
    created: list[str],
    befores: Mapping[str, Mapping[str, Any]],
    *,
    is_listing: bool,
    is_regrouping: bool,
) -> Steps[None]:
    next_index, version = yield from one(
        "UPDATE shop_state SET catalogue_version = catalogue_version + 1, next_product_index = next_product_index + :n"
        f"{RAISE_LISTED * (is_listing or is_regrouping)}{RAISE_REGROUPED * is_regrouping}"
        " RETURNING next_product_index, catalogue_version",
        n=len(created),
    )
    indexes = {product_id: index for index, product_id in enumerate(created, start=next_index - len(created))}
    yield from executemany(
        _INSERT,
        [(product_id, index, version, *columns[product_id].values()) for product_id, index in indexes.items()],
    )
    # SQLite writes every index of which a column is set, whether the value changes or not.
    for names, product_ids in _changed_names(befores, columns).items():
        yield from executemany(
            f"UPDATE product_catalog SET changed_in = ?{''.join(f', {name} = ?' for name in names)} WHERE product_id = ?",
            [(version, *[columns[product_id][name] for name in names], product_id) for product_id in product_ids],
        )


def _changed_names(
    befores: Mapping[str, Mapping[str, Any]], afters: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, ...], list[str]]:
    """Return the products by the names of the columns that change; in one statement if there would be many."""
    found: dict[tuple[str, ...], list[str]] = {}
    for product_id, before in befores.items():
        after = afters[product_id]
        found.setdefault(tuple(name for name in STORED if before[name] != after[name]), []).append(product_id)
    if len(found) > MAX_UPDATE_STATEMENTS:
        any_of_them = {name for names in found for name in names}
        return {tuple(name for name in STORED if name in any_of_them): list(befores)}
    return found
