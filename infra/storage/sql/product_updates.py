"""Change products with their aliases, all or none, in one transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from domain.errors import InvalidField, InvalidFields, TooManyItems
from domain.ports.ingest import Outcome
from domain.records.product_updates import MAX_ALIASES_IN_ALL, UpdatedProducts
from domain.records.products import ProductChange
from infra.storage.sql import aliases, catalogue
from infra.storage.sql.aliases import AliasPlan
from infra.storage.sql.statements import Steps, rows


class Update(Struct, frozen=True, kw_only=True):
    """What became of the products, and whether an alias is the id of a product that is to be merged."""

    products: UpdatedProducts
    needs_merging: bool


def update(changes: Sequence[ProductChange], *, now: datetime, currency: str) -> Steps[Update]:
    """Create or change products; raise InvalidFields or TooManyItems, which rolls everything back."""
    outcomes = yield from catalogue.put(changes, now=now, currency=currency)
    invalid = list(_refusals(outcomes))
    changed: set[str] = set()
    needs_merging = False
    if (yield from aliases.is_affected(changes)):
        plan = yield from aliases.planned(changes)
        invalid += _conflicts(changes, plan)
        changed = plan.changed
        if not invalid:
            yield from _write_aliases(plan)
            needs_merging = yield from _is_product([alias for change in changes for alias in change.aliases or ()])
    if invalid:
        raise InvalidFields(*invalid)
    return Update(products=_counted(changes, outcomes, changed), needs_merging=needs_merging)


def _refusals(outcomes: Sequence[Outcome]) -> Iterator[InvalidField]:
    for position, outcome in enumerate(outcomes):
        if outcome.status == "refused":
            yield InvalidField(f"#/products/{position}/{outcome.field}", outcome.reason or "")


def _conflicts(changes: Sequence[ProductChange], plan: AliasPlan) -> Iterator[InvalidField]:
    refused = set(plan.refused)
    for position, change in enumerate(changes):
        if owner := plan.taken.get(change.product_id):
            yield InvalidField(
                f"#/products/{position}/product_id", f"This is an alias of the product {owner!r}; change it by its own id"
            )
        for place, alias in enumerate(change.aliases or ()):
            if (change.product_id, alias) in refused:
                yield InvalidField(f"#/products/{position}/aliases/{place}", "This is an id of another product")


def _write_aliases(plan: AliasPlan) -> Steps[None]:
    if not (yield from aliases.write(plan, n_rows=MAX_ALIASES_IN_ALL)):
        raise TooManyItems(f"A request may add and remove {MAX_ALIASES_IN_ALL:,} aliases.")


def _is_product(ids: list[str]) -> Steps[bool]:
    found = yield from rows("SELECT 1 FROM product_catalog WHERE product_id IN (:ids) LIMIT 1", ids=ids)
    return bool(found)


def _counted(changes: Sequence[ProductChange], outcomes: Sequence[Outcome], changed: set[str]) -> UpdatedProducts:
    statuses = [
        "changed" if outcome.status == "unchanged" and change.product_id in changed else outcome.status
        for change, outcome in zip(changes, outcomes, strict=True)
    ]
    return UpdatedProducts(**{status: statuses.count(status) for status in ("new", "changed", "unchanged")})
