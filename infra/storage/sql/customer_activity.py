"""Sums over the events of a customer, for the activity in the profile and for the segment."""

from msgspec import Struct

from domain.ranking.model import Model
from domain.records.currencies import Currencies
from domain.records.customers import Activity, PurchaseSummary, Segment, SegmentInputs
from domain.records.values import from_microseconds, from_units
from infra.storage.sql.statements import Steps, one, rows

SUM_STEP = 1_000_000_000
_PURCHASES_BY_CURRENCY = (
    # The amount is summed as quotient and remainder of SUM_STEP, because a single sum of large orders could exceed 64 bits.
    "SELECT currency, COUNT(*) FILTER (WHERE line = 0),"
    f" CAST(SUM(quantity * unit_price / {SUM_STEP}) AS BIGINT), CAST(SUM(quantity * unit_price % {SUM_STEP}) AS BIGINT),"
    " MAX(occurred_at) FROM purchase_history WHERE customer_id = :customer_id GROUP BY currency"
)


class PurchaseTotals(Struct, frozen=True, kw_only=True):
    """The number of orders, the ten-thousandths spent by currency, and the microseconds of the last order."""

    orders: int = 0
    spent: dict[str, int] = {}
    last_purchased_at: int = 0

    def with_item(
        self, line: int, quantity: int, unit_price: int | None, currency: str, occurred_at: int
    ) -> "PurchaseTotals":
        """Add a line of an order; the first line, 0, stands for the order."""
        amount = self.spent.get(currency, 0) + quantity * (unit_price or 0)
        return PurchaseTotals(
            orders=self.orders + (line == 0),
            spent=self.spent | {currency: amount},
            last_purchased_at=max(self.last_purchased_at, occurred_at),
        )


NO_PURCHASES = PurchaseTotals()


def purchase_totals(customer_id: str) -> Steps[PurchaseTotals]:
    """Sum the purchases of a customer."""
    found = yield from rows(_PURCHASES_BY_CURRENCY, customer_id=customer_id)
    return PurchaseTotals(
        orders=sum(n_orders for _, n_orders, *_ in found),
        spent={currency: (quotient or 0) * SUM_STEP + (remainder or 0) for currency, _, quotient, remainder, _ in found},
        last_purchased_at=max((last for *_, last in found), default=0),
    )


def segment_inputs_from(
    totals: PurchaseTotals, *, assigned: Segment | None, model: Model, currencies: Currencies
) -> SegmentInputs:
    """Return the segment inputs of a customer; the amount spent is in the currency of the shop."""
    return SegmentInputs(
        assigned=assigned,
        purchases=purchase_summary(totals, currencies=currencies),
        rule=model.segment_rule,
        reference_time=model.newest_event_at,
    )


def purchase_summary(totals: PurchaseTotals, *, currencies: Currencies) -> PurchaseSummary | None:
    """Return recency, frequency and money in the currency of the shop, None without an order."""
    if not totals.orders:
        return None
    spent = from_units(currencies.total_units(totals.spent.items()))
    return PurchaseSummary(orders=totals.orders, spent=spent, last_purchased_at=totals.last_purchased_at)


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
