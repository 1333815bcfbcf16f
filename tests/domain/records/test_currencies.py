"""Money of several currencies by the rates of the shop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking.catalogue import Catalogue
from domain.records.currencies import Currencies
from domain.records.recommendations import ListRequest
from domain.records.values import from_units
from tests.domain.shop import product

CURRENCIES = Currencies(own="EUR", rates={"USD": 0.92, "JPY": 0.0061})


def test_the_own_currency_counts_as_it_is_and_one_without_a_rate_not_at_all():
    assert [CURRENCIES.rate_of(currency) for currency in ("EUR", "USD", "CHF")] == [1.0, 0.92, None]
    assert Currencies(own="USD", rates={"USD": 2.0}).rate_of("USD") == 1.0


def test_a_rate_is_applied_once_to_the_sum_of_a_currency():
    # 3 x 0.92 is 2.76 ten-thousandths of a euro; three rounded products would be 3 x 1.
    assert CURRENCIES.total_units([("EUR", 10), ("USD", 3), ("CHF", 1_000_000)]) == 10 + 3
    assert CURRENCIES.total_units([]) == 0


def test_sums_in_the_own_currency_are_exact_beyond_the_precision_of_floating_point():
    assert CURRENCIES.total_units([("EUR", 2**60 + 1), ("CHF", 1)]) == 2**60 + 1


@pytest.mark.parametrize(
    ("price", "rate", "comparable"), [(50.0, 1.0, 50.0), (50.0, 0.5, 25.0), (50.0, None, None), (None, 0.5, None)]
)
def test_a_price_is_comparable_at_its_rate(price, rate, comparable):
    assert product(1, price=price, rate=rate).comparable_price == comparable


def admits(one, *, lowest, highest):
    request = ListRequest(min_price=lowest, max_price=highest)
    return len(Catalogue([one]).admitted(np.array([one.product_index]), request)) == 1


def test_a_price_filter_compares_in_the_currency_of_the_shop():
    admitted = {
        rate: admits(product(1, price=50.0, rate=rate), lowest=20, highest=30) for rate in (0.3, 0.5, 0.7, 1.0, None)
    }
    assert admitted == {0.3: False, 0.5: True, 0.7: False, 1.0: False, None: False}


AMOUNTS = st.none() | st.floats(0, 1e9)


@given(AMOUNTS, AMOUNTS, st.floats(1e-9, 1e9), st.integers(0, 10**13), st.sampled_from(["EUR", "USD"]), st.integers(-1, 1))
def test_the_ranges_of_prices_agree_with_the_filter(lowest, highest, rate, units, currency, offset):
    currencies = Currencies(own="EUR", rates={"USD": rate})
    first, last = currencies.price_ranges(lowest=lowest, highest=highest)[currency]

    # Also at the edges of the range, where rounding matters.
    for price in (units, *(min(max(edge + offset, 0), 10**13) for edge in (first, last))):
        one = product(1, price=from_units(price), rate=currencies.rate_of(currency))
        assert (first <= price <= last) == admits(one, lowest=lowest, highest=highest)
