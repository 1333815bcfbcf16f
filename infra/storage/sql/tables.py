"""The tables that a copy of a shop reads and writes, page by page in the order of their keys."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from infra.storage.sql.statements import Row, Steps, executemany, one, one_or_none, rows

PAGE_ROWS = 1000


class Table(Struct, frozen=True):
    """A table with its primary key and its other columns."""

    name: str
    keys: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.keys + self.others

    def page(self, after: Row | None) -> Steps[Sequence[Row]]:
        """Read the next page of rows after the key `after`."""
        keys = ", ".join(self.keys)
        where = "" if after is None else f" WHERE ({keys}) > ({', '.join(f':{key}' for key in self.keys)})"
        return (
            yield from rows(
                f"SELECT {', '.join(self.columns)} FROM {self.name}{where} ORDER BY {keys} LIMIT {PAGE_ROWS}",
                **dict(zip(self.keys, after or (), strict=False)),
            )
        )

    def last_key(self) -> Steps[Row | None]:
        order = ", ".join(f"{key} DESC" for key in self.keys)
        return (yield from one_or_none(f"SELECT {', '.join(self.keys)} FROM {self.name} ORDER BY {order} LIMIT 1"))

    def count(self) -> Steps[int]:
        return (yield from one(f"SELECT COUNT(*) FROM {self.name}"))[0]

    def put(self, page: Sequence[Row]) -> Steps[None]:
        """Insert rows, or replace those with the same keys."""
        yield from executemany(
            f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({', '.join('?' * len(self.columns))})"
            f" ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET"
            f" {', '.join(f'{name} = excluded.{name}' for name in self.others)}",
            [tuple(row) for row in page],
        )


COPIED_TABLES = (
    Table("product_catalog", ("product_index",), (
        "product_id", "name", "category", "brand", "price", "currency", "tags", "in_stock", "withdrawn", "url", "image_url",
        "created_at", "variant_of", "variant_group", "changed_in",
        "attributes",
    )),
    Table("product_aliases", ("alias",), ("product_id",)),
    Table("customer_profiles", ("customer_id",), (
        "email", "email_key", "first_name", "last_name", "phone", "created_at", "version", "is_guest", "profiling",
        "experiment_key",
    )),
    Table("merged_guests", ("guest_id",), (
        "customer_id", "merged_at", "browsing", "purchases", "returns", "addresses",
    )),
    Table("customer_addresses", ("customer_id", "address_id"), (
        "position", "kind", "line1", "line2", "city", "region", "postal_code", "country", "is_default",
    )),
    Table("customer_segments", ("customer_id",), ("segment",)),
    Table("browsing_history", ("event_id",), (
        "customer_id", "product_id", "event_type", "dwell_seconds", "occurred_at", "digest", "import_id", "list_place",
        "list_nonce",
    )),
    Table("purchase_history", ("order_id", "line"), (
        "customer_id", "product_id", "quantity", "unit_price", "currency", "occurred_at", "digest",
        "import_id", "list_place", "list_nonce",
    )),
    Table("order_amendments", ("customer_id", "order_id"), (
        "occurred_at", "currency", "digest", "import_id", "bought", "returned", "lists",
    )),
    Table("order_returns", ("customer_id", "return_id"), (
        "occurred_at", "digest", "import_id", "content", "orders",
    )),
    Table("import_changes", ("customer_id", "import_id", "order_id"), ("occurred_at", "before_import_id", "before")),
    Table("list_impressions", ("list_nonce", "product_index"), ("list_place", "shown_at")),
    Table("imports", ("import_id",), ("started_at", "finished_at", "kind", "files", "options", "counts")),
    Table("erased_customers", ("id_hash",), ("is_finished",)),
    Table("audit_log", ("entry_id",), ("at", "actor", "action", "subject", "outcome")),
    Table("api_keys", ("key_id",), ("name", "scope", "expires_on", "last_used_at")),
    Table("shop_rules", ("rule_id",), ("content", "saved_at", "position")),
    Table("shop_experiments", ("experiment_id",), ("content", "saved_at", "position")),
    Table("recommendation_models", ("model_id",), ("trained_at", "model")),
    Table("product_neighbours", ("model_id", "product_index"), (
        "bought_together", "viewed_together", "similar_product", "complements",
    )),
    Table("product_trends", ("model_id", "category"), ("products",)),
    Table("product_activity", ("model_id", "measure", "age_days"), ("products",)),
)  # fmt: skip
"""All tables except the stored lists, which are computed again, the sessions of the dashboard, and `shop_state`, which is
written last."""


class ShopState(Struct, frozen=True):
    """Values that exist once per shop; an empty shop has the defaults."""

    catalogue_version: int = 0
    next_product_index: int = 0
    model_id: str = "untrained"
    erasure_key: bytes | None = None
    listed_in: int = 0
    regrouped_in: int = 0
    rules_version: int = 0


_STATE = ShopState.__struct_fields__


def read_state() -> Steps[ShopState]:
    return ShopState(*(yield from one(f"SELECT {', '.join(_STATE)} FROM shop_state")))


def write_state(state: ShopState) -> Steps[None]:
    values = ", ".join(f"{name} = :{name}" for name in _STATE)
    yield from rows(f"UPDATE shop_state SET {values}", **msgspec.structs.asdict(state))
