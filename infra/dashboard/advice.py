"""What weakens the lists of a shop, in the words of its owner, each with the page of the next step."""

from collections.abc import Mapping

from markupsafe import Markup
from msgspec import Struct

from domain.records.data_health import DataHealth, DataProblem, DataProblemName
from infra.dashboard.pages import path_of
from infra.dashboard.texts import text

_LACKING = f"{path_of('products')}?lacking="
_PATHS: Mapping[DataProblemName, str] = {
    "no_products": path_of("data"),
    "no_views": path_of("keys"),
    "no_orders": path_of("keys"),
    "single_item_orders": path_of("data"),
    "products_without_category": f"{_LACKING}category",
    "products_without_price": f"{_LACKING}price",
    "products_without_picture": f"{_LACKING}picture",
    "products_without_name": path_of("data"),
    "unlisted_products": path_of("data"),
    "products_without_events": path_of("products"),
    "customers_without_events": path_of("data"),
    "guests_only": path_of("data"),
    "products_of_one_age": path_of("data"),
    "weights_at_zero": "#model",
    "refused_lines": path_of("data"),
}
"""The page of the next step; without one, the step is a command."""


class Advice(Struct, frozen=True, kw_only=True):
    """A fact with its consequence, and the next step with its page, None for a command."""

    fact: Markup
    consequence: Markup
    step: Markup
    path: str | None


def advice_of(health: DataHealth) -> list[Advice]:
    """Return the problems of a shop, most useful first."""
    return [_advise(problem) for problem in health.problems]


def _advise(problem: DataProblem) -> Advice:
    name = problem.problem
    never = "_never" if name in {"no_views", "no_orders"} and problem.last_at is None else ""
    return Advice(
        fact=text(f"health.{name}{never}", n=problem.count, all=problem.of or 0),
        consequence=text(f"health.{name}_means"),
        step=text(f"health.{name}_step"),
        path=_PATHS.get(name),
    )
