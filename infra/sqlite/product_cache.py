"""Products that were read before, kept while the catalogue stays as it is."""

import json
import sqlite3
from collections.abc import Collection

from domain.products import Product
from infra.sqlite.catalogue import PRODUCT_COLUMNS, product_from

MOST_PRODUCTS = 50_000


class ProductCache:
    """Products by index, for one version of the catalogue; shared by the threads of a process's readers.

    A reader may hold an older version than another for a moment: each works on the products of its own version.
    """

    def __init__(self) -> None:
        self._held: tuple[int, dict[int, Product]] = (-1, {})

    def products(
        self, connection: sqlite3.Connection, indexes: Collection[int], *, catalogue_version: int
    ) -> dict[int, Product]:
        """Return the products at `indexes`, in that order; those that do not exist are missing."""
        held = self._of(catalogue_version)
        unread = [index for index in indexes if index not in held]
        if unread:
            rows = connection.execute(
                f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE p.product_index IN (SELECT value FROM json_each(?))",
                (json.dumps(unread),),
            )
            held.update((row[0], product_from(row)) for row in rows)
        return {index: held[index] for index in indexes if index in held}

    def _of(self, version: int) -> dict[int, Product]:
        held_version, held = self._held
        if held_version != version or len(held) > MOST_PRODUCTS:
            held = {}
            self._held = (version, held)
        return held
