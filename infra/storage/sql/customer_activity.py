"""Sums over the events of a customer, for the activity in the profile and for the segment."""

from domain.ranking.model import Model
from domain.records.customers import Activity, PurchaseSummary, Segment, SegmentInputs
from domain.records.values import from_microseconds, from_units
from infra.storage.sql.statements import Row, Steps, one, one_or_none

SUM_STEP = 1_000_000_000
PURCHASE_SUMS = (
    # The amount is summed as quotient and remainder of SUM_STEP, because a single sum of large orders could exceed 64 bits.
    "SELECT COUNT(*) FILTER (WHERE line = 0),"
    f" CAST(SUM(CASE currency WHEN :currency THEN quantity * unit_price / {SUM_STEP} END) AS BIGINT),"
    f" CAST(SUM(CASE currency WHEN :currency THEN quantity * unit_price % {SUM_STEP} END) AS BIGINT), MAX(occurred_at)"
    " FROM purchase_history WHERE customer_id = :customer_id"
)


def segment_inputs(customer_id: str, *, model: Model, currency: str) -> Steps[SegmentInputs]:
    """Read the segment inputs of a customer; only orders in `currency` count towards the amount spent."""
    sums = yield from one(PURCHASE_SUMS, customer_id=customer_id, currency=currency)
    assigned = yield from one_or_none(
        "SELECT segment FROM customer_segments WHERE customer_id = :customer_id", customer_id=customer_id
    )
    return segment_inputs_from(sums, assigned=assigned[0] if assigned else None, model=model)


def segment_inputs_from(sums: Row, *, assigned: Segment | None, model: Model) -> SegmentInputs:
    """Return the segment inputs from a row of PURCHASE_SUMS."""
    n_orders, quotient, remainder, last_purchased_at = sums
    purchases = None
    if n_orders:
        spent = from_units((quotient or 0) * SUM_STEP + (remainder or 0))
        purchases = PurchaseSummary(orders=n_orders, spent=spent, last_purchased_at=last_purchased_at)
    return SegmentInputs(
        assigned=assigned, purchases=purchases, rule=model.segment_rule, reference_time=model.newest_event_at
    )


def activity(customer_id: str, purchases: PurchaseSummary | None) -> Steps[Activity]:
    views, carts, wishlists, last_browsed_at = yield from one(
        "SELECT COUNT(*) FILTER (WHERE event_type = 'view'), COUNT(*) FILTER (WHERE event_type = 'cart'),"
        " COUNT(*) FILTER (WHERE event_type = 'wishlist'), MAX(occurred_at)"
        " FROM browsing_history WHERE customer_id = :customer_id",
        customer_id=customer_id,
    )
    (items_bought,) = yield from one(
        "SELECT CAST(SUM(quantity) AS BIGINT) FROM purchase_history WHERE customer_id = :customer_id",
        customer_id=customer_id,
    )
    return Activity(
        views=views,
        carts=carts,
        wishlists=wishlists,
        orders=purchases.orders if purchases else 0,
        items_bought=items_bought or 0,
        spent=purchases.spent if purchases else 0.0,
        last_browsed_at=None if last_browsed_at is None else from_microseconds(last_browsed_at),
        last_purchased_at=from_microseconds(purchases.last_purchased_at) if purchases else None,
    )
