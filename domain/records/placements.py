"""What lists led to, by kind, placement and arm: sums that a storage adds up, and the report that shows them."""

from datetime import datetime

from msgspec import Struct

from domain.records.list_references import Place


class ShownSums(Struct, frozen=True, kw_only=True):
    """Sums over lists of which products were seen.

    A list has n products that were seen, c of which were clicked: `squares` is the sum of n², `clicked_squares` of c²,
    and `products` of n·c.
    """

    lists: int = 0
    impressions: int = 0
    clicked: int = 0
    squares: int = 0
    clicked_squares: int = 0
    products: int = 0


class RevenueSums(Struct, frozen=True, kw_only=True):
    """Sums over the amounts of orders in the currency of the shop: of them, of their squares, and the largest of them."""

    total: float = 0.0
    squares: float = 0.0
    largest: float = 0.0


class PlaceTotals(Struct, frozen=True, kw_only=True):
    """What happened at a place in a period. `clicks` counts each product of each list once."""

    place: Place
    shown: ShownSums = ShownSums()
    clicks: int = 0
    orders: int = 0
    revenue: RevenueSums = RevenueSums()


class Totals(Struct, frozen=True, kw_only=True):
    """The totals of all places; not `is_complete` if there are too many of them."""

    places: list[PlaceTotals]
    is_complete: bool


class Estimate(Struct, frozen=True, kw_only=True):
    """A value with the bounds of its 95 % interval; `high` is null where there is nothing to derive it from."""

    value: float
    low: float
    high: float | None


class PlaceReport(Struct, frozen=True, kw_only=True):
    """What lists of a kind, at a placement, in an arm of an experiment, led to.

    `impressions` are products that were seen, and `lists` the lists that they belong to. `clicks` counts each product of
    each list once. `click_rate` is the share of the impressions that were clicked, null without impressions. `orders` came
    after a list, not necessarily because of it; `revenue` is what was paid in them for the products of the lists.
    """

    kind: str
    placement: str | None
    arm: str | None
    impressions: int
    lists: int
    clicks: int
    click_rate: Estimate | None
    orders: Estimate
    revenue: Estimate


class PlacementReport(Struct, frozen=True, kw_only=True):
    """What lists led to between two instants, the second one excluded; revenue is in `currency`.

    An order counts up to `attribution_days` after a click. `is_complete` is false if there are more than 1,000 places, of
    which the report then has those with most impressions, clicks and orders.
    """

    begins_at: datetime
    ends_at: datetime
    attribution_days: int
    currency: str
    is_complete: bool
    places: list[PlaceReport]
