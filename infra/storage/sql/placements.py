"""Add up what lists led to, by kind, placement and arm. Nothing is counted before a report asks."""

from collections.abc import Sequence

from domain.records.currencies import Currencies
from domain.records.periods import Period
from domain.records.placements import PlaceTotals, RevenueSums, ShownSums, Totals
from domain.records.values import DAY, MONEY_UNITS, from_units, to_microseconds
from infra.storage.sql.customer_activity import SUM_STEP
from infra.storage.sql.list_references import decode_place
from infra.storage.sql.removals import COUNTED
from infra.storage.sql.statements import Row, Steps, rows

MAX_PLACES = 1000
"""Whoever asks for a list chooses its placement, so a page may make up any number of them."""

_IN_PERIOD = "occurred_at >= :begin AND occurred_at < :end AND list_nonce IS NOT NULL"
_CLICKS = f"browsing_history WHERE {_IN_PERIOD} AND {COUNTED}"

_SHOWN = f"""
SELECT list_place, CAST(SUM(n) AS BIGINT), COUNT(*), CAST(SUM(c) AS BIGINT), CAST(SUM(n * n) AS BIGINT),
 CAST(SUM(c * c) AS BIGINT), CAST(SUM(n * c) AS BIGINT)
FROM (
 SELECT i.list_place, i.list_nonce, COUNT(*) AS n, COUNT(k.list_nonce) AS c
 FROM list_impressions i LEFT JOIN (
  SELECT DISTINCT b.list_nonce, p.product_index FROM (SELECT list_nonce, product_id FROM {_CLICKS}) b
  JOIN product_catalog p ON p.product_id = b.product_id
 ) k ON k.list_nonce = i.list_nonce AND k.product_index = i.product_index
 WHERE i.shown_at >= :begin AND i.shown_at < :end GROUP BY i.list_place, i.list_nonce
) lists GROUP BY list_place ORDER BY 2 DESC, list_place LIMIT {MAX_PLACES + 1}
"""

_CLICKED = f"""
SELECT list_place, COUNT(*) FROM (SELECT DISTINCT list_place, list_nonce, product_id FROM {_CLICKS}) clicks
GROUP BY list_place ORDER BY 2 DESC, list_place LIMIT {MAX_PLACES + 1}
"""

_BOUGHT = f"""
WITH clicked AS (
 SELECT o.order_id, o.line, b.list_place,
  ROW_NUMBER() OVER (PARTITION BY o.order_id, o.line ORDER BY b.occurred_at DESC, b.list_nonce DESC) AS recency
 FROM browsing_history b JOIN purchase_history o ON o.customer_id = b.customer_id AND o.product_id = b.product_id
  AND o.occurred_at >= b.occurred_at AND o.occurred_at <= b.occurred_at + :window
 WHERE b.occurred_at >= :clicks_begin AND b.occurred_at < :end AND b.list_nonce IS NOT NULL AND b.{COUNTED}
  AND o.occurred_at >= :begin AND o.occurred_at < :end AND o.list_nonce IS NULL
), counted AS (
 SELECT order_id, line, list_place FROM clicked WHERE recency = 1
 UNION ALL SELECT order_id, line, list_place FROM purchase_history WHERE {_IN_PERIOD}
), orders AS (
 SELECT c.list_place, i.order_id, i.currency,
  CAST(COALESCE(SUM(i.quantity * i.unit_price / {SUM_STEP}), 0) AS BIGINT) AS quotient,
  CAST(COALESCE(SUM(i.quantity * i.unit_price % {SUM_STEP}), 0) AS BIGINT) AS remainder
 FROM counted c JOIN purchase_history i ON i.order_id = c.order_id AND i.line = c.line
 GROUP BY c.list_place, i.order_id, i.currency
), amounts AS (
 SELECT list_place, currency, quotient, remainder,
  (CAST(quotient AS DOUBLE PRECISION) * {SUM_STEP} + remainder) / {MONEY_UNITS} AS amount FROM orders
)
SELECT list_place, currency, COUNT(*), CAST(SUM(quotient) AS BIGINT), CAST(SUM(remainder) AS BIGINT),
 SUM(amount * amount), MAX(amount)
FROM amounts GROUP BY list_place, currency ORDER BY 3 DESC, list_place, currency LIMIT {MAX_PLACES + 1}
"""


_SUMS = ("impressions", "lists", "clicked", "squares", "clicked_squares", "products")
"""The columns of _SHOWN after the place."""


def totals(period: Period, *, attribution_days: int, currencies: Currencies) -> Steps[Totals]:
    """Return the totals of all places; money in currencies without a rate does not count."""
    begin, end, window = to_microseconds(period.begins_at), to_microseconds(period.ends_at), attribution_days * DAY
    shown = yield from rows(_SHOWN, begin=begin, end=end)
    clicked = yield from rows(_CLICKED, begin=begin, end=end)
    bought = yield from rows(_BOUGHT, begin=begin, end=end, clicks_begin=begin - window, window=window)
    shown_at = {place: ShownSums(**dict(zip(_SUMS, sums, strict=True))) for place, *sums in shown}
    clicks_at: dict[str, int] = dict(tuple(row) for row in clicked)
    orders_at: dict[str, int] = {}
    for place, _, n_orders, *_ in bought:
        orders_at[place] = orders_at.get(place, 0) + n_orders
    revenue_at = _revenue(bought, currencies)
    return Totals(
        places=[
            PlaceTotals(
                place=decode_place(place),
                shown=shown_at.get(place, ShownSums()),
                clicks=clicks_at.get(place, 0),
                orders=orders_at.get(place, 0),
                revenue=revenue_at.get(place, RevenueSums()),
            )
            for place in {**shown_at, **clicks_at, **orders_at}
        ],
        is_complete=max(len(shown), len(clicked), len(bought)) <= MAX_PLACES,
    )


def _revenue(bought: Sequence[Row], currencies: Currencies) -> dict[str, RevenueSums]:
    """Return the sums over orders in the currency of the shop, by place."""
    revenue_at: dict[str, RevenueSums] = {}
    for place, currency, _, quotient, remainder, squares, largest in bought:
        if (rate := currencies.rate_of(currency)) is not None:
            units = currencies.total_units([(currency, quotient * SUM_STEP + remainder)])
            before = revenue_at.get(place, RevenueSums())
            revenue_at[place] = RevenueSums(
                total=before.total + from_units(units),
                squares=before.squares + squares * rate * rate,
                largest=max(before.largest, largest * rate),
            )
    return revenue_at
