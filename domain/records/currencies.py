"""Money of several currencies, made comparable by the rates that the shop set."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from msgspec import Struct

from domain.records.values import from_units

NO_RATES: Mapping[str, float] = {}

MAX_UNITS = 10**15
"""More ten-thousandths than any price has."""


class Currencies(Struct, frozen=True, kw_only=True):
    """The shop's own currency, and the worth of one unit of other currencies in it."""

    own: str = "EUR"
    rates: Mapping[str, float] = NO_RATES

    def rate_of(self, currency: str) -> float | None:
        """Return the worth of one unit of a currency in the shop's own, None where it is unknown."""
        return 1.0 if currency == self.own else self.rates.get(currency)

    def total_units(self, sums: Iterable[tuple[str, int]]) -> int:
        """Add up exact sums per currency, in ten-thousandths of the shop's currency; money without a rate does not count."""
        # Each rate multiplies one integer and is rounded once: the result depends neither on the order nor on the database.
        return sum(
            units if currency == self.own else round(units * self.rates.get(currency, 0.0)) for currency, units in sums
        )

    def price_ranges(self, *, lowest: float | None, highest: float | None) -> dict[str, tuple[int, int]]:
        """Return the smallest and the largest price, in ten-thousandths of each currency, that lie between two prices.

        `lowest` and `highest` are in the shop's currency and inclusive. The bounds agree with `Product.comparable_price`.
        """
        return {
            currency: _units_between(lowest, highest, rate=rate) for currency, rate in {**self.rates, self.own: 1.0}.items()
        }


def _units_between(lowest: float | None, highest: float | None, *, rate: float) -> tuple[int, int]:
    def comparable(units: int) -> float:
        return from_units(units) * rate

    # A search instead of a division, whose rounding could leave out a price at the very edge.
    prices = range(MAX_UNITS)
    first = 0 if lowest is None else bisect_left(prices, lowest, key=comparable)
    last = MAX_UNITS if highest is None else bisect_right(prices, highest, key=comparable) - 1
    return first, last
