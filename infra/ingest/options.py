"""The options of an import."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Kind = Literal["products", "customers", "events", "orders"]
Guests = Literal["skip", "per-order", "keep"]

NOTHING: Mapping[str, str] = {}


class ImportOptions(Struct, frozen=True, kw_only=True):
    """What to import; what is None is detected.

    `mapping` renames columns, theirs to ours; `constants` sets our fields to a value; `event_names` are event types, theirs
    to ours. `guests` says what becomes of events without a customer. `full` says that the files are the whole catalogue.
    `confirmed` lets it withdraw many products. `currency` is that of the shop, which signs such as $ then mean.
    `lists_refused` writes `FILE.rejected.jsonl`; None does so unless nothing is stored. It has at most `max_listed`.
    """

    kind: Kind
    paths: tuple[str, ...]
    format: str | None = None
    mapping: Mapping[str, str] = NOTHING
    constants: Mapping[str, str] = NOTHING
    event_names: Mapping[str, str] = NOTHING
    dates: Literal["dmy", "mdy", "ymd"] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    category_separator: str | None = None
    nulls: tuple[str, ...] = ()
    guests: Guests = "skip"
    create_products: bool = False
    full: bool = False
    dry_run: bool = False
    lists_refused: bool | None = None
    max_listed: int | None = None
    confirmed: bool = False
    show_values: bool = False
    currency: str = "EUR"
    retention_days: int = 0
