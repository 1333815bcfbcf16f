"""What in the data of a shop weakens its lists."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

DataProblemName = Literal[
    "no_products",
    "untrained",
    "model_behind",
    "no_views",
    "no_orders",
    "single_item_orders",
    "products_without_category",
    "unlisted_products",
    "products_without_events",
    "customers_without_events",
    "products_without_name",
    "products_without_price",
    "products_without_picture",
    "guests_only",
    "products_of_one_age",
    "weights_at_zero",
    "refused_lines",
]


class DataProblem(Struct, frozen=True, kw_only=True):
    """Something that weakens lists: `count` of `of` are affected.

    Both are numbers of what the `problem` names: products, customers, orders, events, lines, sources; in a large shop those
    of a sample. `of` is null where there is nothing to count. `last_at` is the instant of the last view or order, where none
    arrived since; then `count` are days. `effect` says what the lists lack, and `next_step` what to do.
    """

    problem: DataProblemName
    count: int
    of: int | None
    effect: str
    next_step: str
    last_at: datetime | None = None


class DataHealth(Struct, frozen=True, kw_only=True):
    """What weakens lists, most useful first; nothing where all is well."""

    checked_at: datetime
    problems: list[DataProblem]
