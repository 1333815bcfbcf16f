"""The groups of variants, derived from the parents that the shop names."""

from collections.abc import Mapping

from domain.records.products import top_parent
from infra.storage.sql.statements import Steps, executemany, rows

# The signs keep SQLite from the index by age, which would read all newer products instead of one group.
_NEWER = "+q.in_stock = 1 AND +q.withdrawn = 0 AND (+q.created_at, +q.product_index) > (p.created_at, p.product_index)"
NEWEST_OF_GROUP = (
    # A shop without variants is told by one look instead of two for each product.
    "(NOT EXISTS (SELECT 1 FROM product_catalog v WHERE v.variant_group > '') OR"
    " (NOT EXISTS (SELECT 1 FROM product_catalog q"
    f" WHERE q.variant_group = COALESCE(p.variant_group, p.product_id) AND {_NEWER})"
    f" AND NOT EXISTS (SELECT 1 FROM product_catalog q WHERE q.product_id = p.variant_group AND {_NEWER})))"
)
"""The condition that no available product of the group of `p` is newer, because a list has one product of a group."""


def groups_of(parents: Mapping[str, str | None]) -> Steps[dict[str, str | None]]:
    """Return the groups of products that get new `parents`, and of all stored products below them."""
    chains: dict[str, str | None] = dict(parents)
    above = list(parents)
    while above:
        below = yield from rows(
            "SELECT product_id, variant_of FROM product_catalog WHERE variant_of IN (:above)", above=above
        )
        above = [product_id for product_id, _ in below if product_id not in chains]
        chains = dict(below) | chains
    below_or_moved = list(chains)
    while missing := sorted({parent for parent in chains.values() if parent} - chains.keys()):
        found = yield from rows(
            "SELECT product_id, variant_of FROM product_catalog WHERE product_id IN (:missing)", missing=missing
        )
        # An unknown parent is the name of a group.
        chains |= dict.fromkeys(missing) | dict(found)
    return {product_id: top_parent(product_id, chains) for product_id in below_or_moved}


def write_groups(groups: Mapping[str, str | None]) -> Steps[None]:
    """Write the groups of products whose other columns stay."""
    yield from executemany(
        "UPDATE product_catalog SET variant_group = ? WHERE product_id = ?",
        [(group, product_id) for product_id, group in groups.items()],
    )
