"""What customers did in a period, customer by customer, for the report of an experiment."""

from itertools import groupby

from domain.records.currencies import Currencies
from domain.records.experiment_reports import CustomerOutcome, OutcomePage
from domain.records.periods import Period
from domain.records.values import from_units, to_microseconds
from infra.storage.sql.customer_activity import SUM_STEP
from infra.storage.sql.customers import EXPERIMENT_KEY
from infra.storage.sql.statements import Steps, rows

PAGE_CUSTOMERS = 500
"""So many take 1 ms of the event loop to be added to their arms."""

_IN_PERIOD = "e.customer_id = c.customer_id AND e.occurred_at >= :begin AND e.occurred_at < :end"
# Both indexes by customer have all that the two minimums need.
_PAGE = f"""
WITH page AS (
 SELECT p.customer_id, {EXPERIMENT_KEY} AS experiment_key FROM customer_profiles p WHERE p.customer_id > :after
 ORDER BY p.customer_id LIMIT :n
), seen AS (
 SELECT c.customer_id, c.experiment_key,
  (SELECT MIN(e.occurred_at) FROM browsing_history e WHERE {_IN_PERIOD}) AS browsed_at,
  (SELECT MIN(e.occurred_at) FROM purchase_history e WHERE {_IN_PERIOD}) AS bought_at
 FROM page c
)
SELECT s.customer_id, s.experiment_key, s.browsed_at, s.bought_at, o.currency, COUNT(o.order_id),
 CAST(COALESCE(SUM(o.quantity * o.unit_price / {SUM_STEP}), 0) AS BIGINT),
 CAST(COALESCE(SUM(o.quantity * o.unit_price % {SUM_STEP}), 0) AS BIGINT)
FROM seen s LEFT JOIN purchase_history o ON o.customer_id = s.customer_id AND o.occurred_at < :end
 AND o.occurred_at > CASE WHEN s.browsed_at IS NULL OR s.bought_at < s.browsed_at THEN s.bought_at ELSE s.browsed_at END
GROUP BY s.customer_id, s.experiment_key, s.browsed_at, s.bought_at, o.currency ORDER BY s.customer_id
"""


def page(period: Period, after: str, currencies: Currencies) -> Steps[OutcomePage]:
    """Read the next customers after one; those without an event in the period only move the page on."""
    found = yield from rows(
        _PAGE,
        begin=to_microseconds(period.begins_at),
        end=to_microseconds(period.ends_at),
        after=after,
        n=PAGE_CUSTOMERS,
    )
    outcomes: list[CustomerOutcome] = []
    n_customers = 0
    for (_, key, browsed_at, bought_at), lines in groupby(found, key=lambda row: row[:4]):
        n_customers += 1
        if key is None or (browsed_at is None and bought_at is None):
            continue
        sums = [row[4:] for row in lines if row[5]]
        units = currencies.total_units([
            (currency, quotient * SUM_STEP + remainder) for currency, _, quotient, remainder in sums
        ])  # fmt: skip
        outcomes.append(CustomerOutcome(experiment_key=key, ordered=bool(sums), revenue=from_units(units)))
    return OutcomePage(outcomes=outcomes, last=found[-1][0] if n_customers == PAGE_CUSTOMERS else None)
