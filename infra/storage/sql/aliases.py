"""Other ids of products: their storage, and the merging of products that events created under such an id."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct

from domain.records.products import ProductChange
from infra.storage.sql.catalogue import RAISE_LISTED, RAISE_REGROUPED
from infra.storage.sql.customers import raise_versions
from infra.storage.sql.removals import StoredInteraction, settle_new
from infra.storage.sql.statements import Row, Steps, executemany, one, rows

MAX_ALIAS_ROWS = 999
"""One row of a transaction is left for the version of the catalogue."""

MAX_MERGED_EVENTS = 250
"""Each event may also raise the version of its customer, and change what a removal takes back, twice."""

_CREATED_BY_EVENTS = (
    "(p.name = p.product_id AND p.category IS NULL AND p.brand IS NULL AND p.price IS NULL AND p.tags IS NULL"
    " AND p.attributes IS NULL AND p.url IS NULL AND p.image_url IS NULL AND p.variant_of IS NULL"
    " AND p.in_stock = 1 AND p.withdrawn <> 1"
    " AND NOT EXISTS (SELECT 1 FROM product_aliases own WHERE own.product_id = p.product_id))"
)
EVENT_KEYS = {"browsing_history": ("event_id",), "purchase_history": ("order_id", "line")}


class AliasPlan(Struct, frozen=True, kw_only=True):
    """What to write: aliases that go and that come, by product.

    `refused` are products with an alias that belongs to another product. `taken` are aliases, with their products, that are
    ids of changed products from now on, although their products keep or never listed them.
    """

    gone: dict[str, str]
    added: dict[str, str]
    refused: list[tuple[str, str]]
    taken: dict[str, str]

    @property
    def changed(self) -> set[str]:
        """The products whose aliases change."""
        return {*self.gone.values(), *self.added.values()}


class WrittenAliases(Struct, frozen=True, kw_only=True):
    """The products whose aliases changed, how many aliases of each belong to other products, and whether all is written."""

    changed: set[str]
    ignored: dict[str, int]
    is_complete: bool


def is_affected(changes: Sequence[ProductChange]) -> Steps[bool]:
    """Return whether changes name aliases, or products whose id is an alias until now."""
    if any(change.aliases is not UNSET for change in changes):
        return True
    ids = [change.product_id for change in changes]
    return bool((yield from rows("SELECT 1 FROM product_aliases WHERE alias IN (:ids) LIMIT 1", ids=ids)))


def put(changes: Sequence[ProductChange]) -> Steps[WrittenAliases]:
    """Write the aliases of products that are stored, MAX_ALIAS_ROWS of them at most: the same call continues.

    The id of a product of the catalogue is no alias, and of several products the first keeps an alias.
    """
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    plan = yield from planned(changes)
    is_complete = yield from write(plan, n_rows=MAX_ALIAS_ROWS)
    ignored: dict[str, int] = {}
    for product_id, _ in plan.refused:
        ignored[product_id] = ignored.get(product_id, 0) + 1
    return WrittenAliases(changed=plan.changed, ignored=ignored, is_complete=is_complete)


def planned(changes: Sequence[ProductChange]) -> Steps[AliasPlan]:
    """Compare the aliases of products with the stored ones."""
    wanted: dict[str, dict[str, None]] = {
        change.product_id: dict.fromkeys(change.aliases or ()) for change in changes if change.aliases is not UNSET
    }
    own_ids = {change.product_id for change in changes}
    claimed = {alias for aliases in wanted.values() for alias in aliases}
    owners = dict((yield from rows(
        "SELECT alias, product_id FROM product_aliases WHERE product_id IN (:products) OR alias IN (:claimed)",
        products=list(wanted), claimed=list(claimed | own_ids),
    )))  # fmt: skip
    described = own_ids | (yield from _described(claimed - own_ids))
    kept = {
        alias: owner
        for alias, owner in owners.items()
        if alias not in described and (owner not in wanted or alias in wanted[owner])
    }
    added: dict[str, str] = {}
    refused: list[tuple[str, str]] = []
    for product_id, aliases in wanted.items():
        for alias in aliases:
            if alias in described or kept.get(alias, product_id) != product_id or alias in added:
                if alias != product_id:
                    refused.append((product_id, alias))
            elif alias not in kept:
                added[alias] = product_id
    taken = {alias: owners[alias] for alias in own_ids & owners.keys() if alias in wanted.get(owners[alias], {alias: None})}
    return AliasPlan(
        gone={alias: owners[alias] for alias in owners.keys() - kept.keys()}, added=added, refused=refused, taken=taken
    )


def is_merging_needed() -> Steps[bool]:
    """Return whether any product has an alias as its id."""
    return bool(
        (yield from rows("SELECT 1 FROM product_aliases a JOIN product_catalog p ON p.product_id = a.alias LIMIT 1"))
    )


def is_any_event_left() -> Steps[bool]:
    """Return whether any event names an alias as its product."""
    for table in EVENT_KEYS:
        if (yield from rows(f"SELECT 1 FROM {table} e JOIN product_aliases a ON a.alias = e.product_id LIMIT 1")):
            return True
    return False


def move_events(table: str, after: Row | None) -> Steps[Row | None]:
    """Move the next events after the key `after` whose product is an alias; return the last key, None at the end."""
    keys = EVENT_KEYS[table]
    names = ", ".join(f"e.{key}" for key in keys)
    where = "" if after is None else f" WHERE ({names}) > ({', '.join(f':{key}' for key in keys)})"
    found = yield from rows(
        f"SELECT {names}, e.customer_id, a.product_id FROM {table} e JOIN product_aliases a ON a.alias = e.product_id{where}"
        f" ORDER BY {names} LIMIT {MAX_MERGED_EVENTS}",
        **dict(zip(keys, after or (), strict=False)),
    )
    yield from executemany(
        f"UPDATE {table} SET product_id = ? WHERE {' AND '.join(f'{key} = ?' for key in keys)}",
        [(row[-1], *row[: len(keys)]) for row in found],
    )
    yield from raise_versions({row[-2] for row in found})
    if table == "browsing_history":
        moved = yield from rows(
            "SELECT customer_id, product_id, event_type, occurred_at FROM browsing_history WHERE event_id IN (:event_ids)",
            event_ids=[row[0] for row in found],
        )
        yield from settle_new(StoredInteraction(*row) for row in moved)
    return tuple(found[-1][: len(keys)]) if found else None


def drop_merged() -> Steps[int]:
    """Delete products whose id is an alias, MAX_ALIAS_ROWS at most; no event may name them any more."""
    found = yield from rows(
        "DELETE FROM product_catalog WHERE product_id IN (SELECT p.product_id FROM product_aliases a"
        f" JOIN product_catalog p ON p.product_id = a.alias ORDER BY p.product_id LIMIT {MAX_ALIAS_ROWS})"
        " RETURNING product_id"
    )
    if found:
        yield from raise_catalogue_version(RAISE_LISTED + RAISE_REGROUPED)
    return len(found)


def raise_catalogue_version(also: str = "") -> Steps[Any]:
    return (yield from rows(f"UPDATE shop_state SET catalogue_version = catalogue_version + 1{also}"))


def _described(product_ids: set[str]) -> Steps[set[str]]:
    """Return which ids are of products that the catalogue describes, which is more than events do."""
    if not product_ids:
        return set()
    result = yield from rows(
        f"SELECT p.product_id FROM product_catalog p WHERE p.product_id IN (:product_ids) AND NOT {_CREATED_BY_EVENTS}",
        product_ids=list(product_ids),
    )
    return {product_id for (product_id,) in result}


def write(plan: AliasPlan, *, n_rows: int) -> Steps[bool]:
    """Write at most `n_rows` of a plan; return whether that is all of it."""
    deletions = [(alias,) for alias in sorted(plan.gone)[:n_rows]]
    insertions = sorted(plan.added.items())[: n_rows - len(deletions)]
    yield from executemany("DELETE FROM product_aliases WHERE alias = ?", deletions)
    yield from executemany("INSERT INTO product_aliases (alias, product_id) VALUES (?, ?)", insertions)
    if deletions or insertions:
        yield from raise_catalogue_version()
    return len(deletions) + len(insertions) == len(plan.gone) + len(plan.added)
