"""What in the data of a shop weakens its lists, from counts: each problem with its effect and what to do about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import structs

from domain.ports.diagnosis import DataCounts, Share
from domain.ranking.model import UNTRAINED, SourceWeights
from domain.records.data_health import DataHealth, DataProblem, DataProblemName
from domain.records.values import DAY, from_microseconds, to_microseconds

MIN_SHARE = 0.01
"""A gap in fewer than one product in a hundred changes few lists."""
MAX_SINGLE_ITEM_SHARE = 0.8
"""Up to here, one order in five still shows what is bought together."""
MAX_UNTOUCHED_SHARE = 0.5
"""Catalogues have a long tail: products that nobody turned to are a problem once they are the majority."""
MAX_SILENT_SHARE = 0.5
"""Some customers register and leave: they are a problem once they are the majority."""
MAX_UNTRAINED_SHARE = 0.1
"""Trends are days to weeks long, and a tenth of all events is about that much in a shop of some months."""
VIEW_DAYS = 2
"""Small shops have visitors on most days: after two without a view, a page probably stopped sending them."""
ORDER_DAYS = 7
"""Small shops have days without an order, but hardly a week."""
MIN_COUNTED = 20
"""A share of fewer orders, customers or products says little."""
MIN_SPREAD_DAYS = 1
"""An import takes minutes: a whole catalogue of one day has the time of its import, not of its products."""

_DEFAULT = SourceWeights()
_LEARNED = _DEFAULT.bought_together + _DEFAULT.viewed_together
SILENCED: dict[DataProblemName, float] = {
    "no_products": 2 * _LEARNED,
    "untrained": _LEARNED + _DEFAULT.segment_trend + _DEFAULT.price_fit,
    "model_behind": _LEARNED,
    "unlisted_products": _LEARNED,
    "no_views": _DEFAULT.viewed_together,
    "no_orders": _DEFAULT.bought_together,
    "single_item_orders": _DEFAULT.bought_together,
    # Category, name and price have these shares of the similarity of two products.
    "products_without_category": _DEFAULT.category_interest + 0.4 * _DEFAULT.similar_product,
    "products_without_name": 0.3 * _DEFAULT.similar_product,
    "products_without_price": _DEFAULT.price_fit + 0.15 * _DEFAULT.similar_product,
    "customers_without_events": _DEFAULT.category_interest,
    # Content still finds these products.
    "products_without_events": _DEFAULT.similar_product,
    "guests_only": _DEFAULT.segment_trend,
    "products_of_one_age": _DEFAULT.new,
    "weights_at_zero": _DEFAULT.new,
    "refused_lines": _DEFAULT.new,
    # Lists are the same, and look worse.
    "products_without_picture": 0.0,
}
"""The default weight of the sources that a problem silences; times the affected share, it orders the problems."""


class Found(NamedTuple):
    """A problem, and the share of the shop that it affects."""

    share: float
    problem: DataProblem


def data_health(counts: DataCounts, *, now: datetime) -> DataHealth:
    """Return the problems that a shop has, those that weaken its lists most first, ties in the order of the checks."""
    has_products = _n_listed(counts) > 0
    found = [*_of_training(counts), *_of_events(counts, now), *_of_rows(counts)] if has_products else [_no_products()]
    ordered = sorted(found, key=lambda one: -SILENCED[one.problem.problem] * one.share)
    return DataHealth(checked_at=now, problems=[one.problem for one in ordered])


def _n_listed(counts: DataCounts) -> int:
    return counts.unlisted.of - counts.unlisted.count


def _no_products() -> Found:
    return _whole("no_products", 0, "No list has a product.", "Import the catalogue with the command `import products`.")


def _of_training(counts: DataCounts) -> Iterator[Found]:
    model, n = counts.model, counts.n_untrained
    if model.model_id == UNTRAINED.model_id:
        if n:
            yield _whole(
                "untrained",
                n,
                "No model was trained: lists know content and the last events, but not what is bought together.",
                "Train with the command `train`, or set `TRAIN_AFTER_EVENTS`.",
            )
        return
    yield from _above(
        MAX_UNTRAINED_SHARE,
        Share(n, model.n_events + n),
        "model_behind",
        f"The model was trained on {from_microseconds(model.trained_at):%Y-%m-%d}, and has not learned from newer events.",
        "Train with the command `train`, or set `TRAIN_AFTER_EVENTS`.",
    )
    weights = structs.asdict(model.config.source_weights)
    weights = {**weights.pop("own"), **weights}
    zero = sorted(source for source, weight in weights.items() if not weight)
    if model.config.tuning.trials and zero:
        yield Found(
            len(zero) / len(weights),
            DataProblem(
                problem="weights_at_zero",
                count=len(zero),
                of=len(weights),
                effect=f"Tuning found that these sources do not improve lists, and gave them no weight: {', '.join(zero)}.",
                next_step="Improve what they need, such as categories or prices, and tune again with the command `train`.",
            ),
        )


def _of_events(counts: DataCounts, now: datetime) -> Iterator[Found]:
    age_of_views, age_of_orders = (
        None if newest_at is None else to_microseconds(now) - newest_at
        for newest_at in (counts.newest_view_at, counts.newest_order_at)
    )
    if age_of_views is None or age_of_views > VIEW_DAYS * DAY:
        step = "Check that product pages send `process-browsing`."
        yield _stopped("no_views", "view", age_of_views, now=now, next_step=step)
    if age_of_orders is None or age_of_orders > ORDER_DAYS * DAY:
        step = "Check that the checkout sends `process-purchase`."
        yield _stopped("no_orders", "order", age_of_orders, now=now, next_step=step)
    yield from _above(
        MAX_SINGLE_ITEM_SHARE,
        _enough(counts.single_item_orders),
        "single_item_orders",
        "Of the newest orders, so many have one item: what is bought together is hardly learned.",
        "Send an order as one, with all its items; in an import, name the column `order_id`.",
    )


def _stopped(name: DataProblemName, what: str, age: int | None, *, now: datetime, next_step: str) -> Found:
    """Return that no view or no order arrives, the last one of an `age` in microseconds, None if there is none."""
    if age is None:
        effect = f"No {what} is among the newest events: what {what}s would teach is missing in all lists."
        return _whole(name, 0, effect, next_step)
    last_at = now - timedelta(microseconds=age)
    effect = f"No {what} arrived since {last_at:%Y-%m-%d}: lists miss what customers do now."
    return Found(
        1.0, DataProblem(problem=name, count=age // DAY, of=None, effect=effect, next_step=next_step, last_at=last_at)
    )


def _of_rows(counts: DataCounts) -> Iterator[Found]:
    yield from _above(
        MIN_SHARE,
        counts.without_category,
        "products_without_category",
        "These products get no score from interests in categories, and are found less as similar.",
        "Add `category` to the catalogue, and import it again.",
    )
    yield from _above(
        MIN_SHARE,
        counts.without_price,
        "products_without_price",
        "These products pass no price filter, and whether they fit the usual prices of a segment is unknown.",
        "Add `price` to the catalogue, and import it again.",
    )
    yield from _above(
        MIN_SHARE,
        counts.without_name,
        "products_without_name",
        "These products have their id as their name: lists show it, and compare no words.",
        "Add `name` to the catalogue, and import it again.",
    )
    # A shop may have all its pictures elsewhere.
    if counts.without_picture.count < counts.without_picture.of:
        yield from _above(
            MIN_SHARE,
            counts.without_picture,
            "products_without_picture",
            "Customers see a gap in lists where these products have no picture.",
            "Add `image_url` to the catalogue, and import it again.",
        )
    yield from _above(
        MIN_SHARE,
        counts.unlisted,
        "unlisted_products",
        "Only events have named these products: no list shows them, and their events lead to nothing.",
        "Import them, or name the ids that events use as `aliases` of their products.",
    )
    yield from _above(
        0.0,
        counts.refused_lines,
        "refused_lines",
        "The last import refused these lines: what they say is missing.",
        "Mend them in the file, and import it again: `FILE.rejected.jsonl` and the dashboard name each with its reason.",
    )
    n_available = counts.touched.of
    # Few events cannot name most of a large catalogue.
    if counts.n_recent_events >= n_available:
        yield from _above(
            MAX_UNTOUCHED_SHARE,
            _enough(Share(n_available - counts.touched.count, n_available)),
            "products_without_events",
            "The newest events name none of these products: only content, category and age bring them into lists.",
            "Check that events use the ids of the catalogue; show new products on pages that customers open.",
        )
    yield from _above(
        MAX_SILENT_SHARE,
        _enough(counts.silent_customers),
        "customers_without_events",
        "Of the customers looked at, so many have no event: their lists are those of newcomers.",
        "Import past orders, and send events with the customer's id after the login.",
    )
    if not counts.silent_customers.of and counts.n_guests >= MIN_COUNTED:
        yield _whole(
            "guests_only",
            counts.n_guests,
            "All customers are guests: nobody is recognised after the retention of guests, and segments say little.",
            "Register customers, and merge their guests at the login: `customer/merge`.",
        )
    spread = counts.last_created_at - counts.first_created_at
    if _n_listed(counts) >= MIN_COUNTED and spread < MIN_SPREAD_DAYS * DAY:
        yield _whole(
            "products_of_one_age",
            _n_listed(counts),
            "All products are of one day: lists cannot tell new products from old ones.",
            "Add `created_at` to the catalogue, and import it again.",
        )


def _above(threshold: float, share: Share, name: DataProblemName, effect: str, next_step: str) -> Iterator[Found]:
    """Yield a problem if at least a `threshold` of things are affected."""
    if share.count and share.count >= threshold * share.of:
        problem = DataProblem(problem=name, count=share.count, of=share.of, effect=effect, next_step=next_step)
        yield Found(share.count / share.of, problem)


def _enough(share: Share) -> Share:
    """Return a share of at least MIN_COUNTED things, and that of nothing for fewer."""
    return share if share.of >= MIN_COUNTED else Share()


def _whole(name: DataProblemName, count: int, effect: str, next_step: str) -> Found:
    """Return a problem of the whole shop."""
    return Found(1.0, DataProblem(problem=name, count=count, of=count or None, effect=effect, next_step=next_step))
