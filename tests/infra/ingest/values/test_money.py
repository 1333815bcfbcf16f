"""Money in the notations of exports; only a mark before three digits depends on the column."""

from decimal import Decimal

import pytest

from infra.ingest.values.currencies import currency_code
from infra.ingest.values.money import MoneyReader, decimal_mark


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("5", 5.0, None),
        ("0.99", 0.99, None),
        (".99", 0.99, None),
        ("5.", 5.0, None),
        (" 12.50 ", 12.5, None),
        ("+12.50", 12.5, None),
        ("34.0000", 34.0, None),
        ("1234.56789", 1234.5679, None),
        ("12,50", 12.5, None),
        ("0,125", 0.125, None),
        ("0.125", 0.125, None),
        ("1234,567", 1234.567, None),
        ("1,299.00", 1299.0, None),
        ("1.299,00", 1299.0, None),
        ("1,299,000", 1_299_000.0, None),
        ("1.299.000", 1_299_000.0, None),
        ("1.299.000,5", 1_299_000.5, None),
        ("1 299,00", 1299.0, None),
        ("1\N{NO-BREAK SPACE}299.00", 1299.0, None),
        ("1\N{NARROW NO-BREAK SPACE}299,00 €", 1299.0, "EUR"),
        ("1'299.50", 1299.5, None),
        ("CHF 1\N{RIGHT SINGLE QUOTATION MARK}299.50", 1299.5, "CHF"),
        ("1,00,000.00", 100_000.0, None),
        ("₹1,00,000", 100_000.0, "INR"),
        ("12,-", 12.0, None),
        ("12,\N{EN DASH} €", 12.0, "EUR"),
        ("12.--", 12.0, None),
        ("$1,299.00", 1299.0, "USD"),
        ("£5", 5.0, "GBP"),
        ("5 €", 5.0, "EUR"),
        ("¥500", 500.0, "JPY"),
        ("83.50 USD", 83.5, "USD"),
        ("USD83.50", 83.5, "USD"),
        ("83,50 eur", 83.5, "EUR"),
        ("$ 5.00 CAD", 5.0, "CAD"),
        ("CAD $5.00", 5.0, "CAD"),
        ("R$ 5,90", 5.9, "BRL"),
        ("5,90 zł", 5.9, "PLN"),
        ("Fr. 5.00", 5.0, "CHF"),
        ("1e-05", 0.0, None),
        ("1.5E+2", 150.0, None),
        ("-0.00", 0.0, None),
        (5, 5.0, None),
        (12.34567, 12.3457, None),
        (Decimal("12.50"), 12.5, None),
    ],
)
def test_an_amount_is_read_with_the_currency_it_names(text, amount, currency):
    assert MoneyReader(".")(text) == (amount, currency)


def test_three_digits_after_a_lone_mark_are_thousands_or_decimals_by_the_column():
    dot, comma = MoneyReader("."), MoneyReader(",")
    assert (dot("1,299")[0], dot("1.299")[0]) == (1299.0, 1.299)
    assert (comma("1,299")[0], comma("1.299")[0]) == (1.299, 1299.0)
    assert (comma("0.125")[0], comma("12.50")[0], comma("1,299.00")[0]) == (0.125, 12.5, 1299.0)


@pytest.mark.parametrize("value", ["-5", "5-", "(12.50)", "-$5", "$-5.00", "\N{MINUS SIGN}3", "- 3,00 €", -1, -0.01])
def test_a_price_below_zero_is_refused(value):
    with pytest.raises(ValueError, match=r"^Expected 0 or more$"):
        MoneyReader(".")(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", "abc", "NaN", "inf", "free", "12,5,6", "12 50", "5.00.00", "1.299,00.5", "1.234.56", "5 apples", "from 5"),
        *("12%", "12 - 15", "€5£", "\N{FULLWIDTH DIGIT ONE}", "kr 5", "1,29,9", "12,34,56", "1'29"),
        *(True, None, [5], float("nan"), float("inf"), Decimal("NaN"), 10**400),
    ],
)
def test_what_is_no_amount_is_refused_without_its_value(value):
    with pytest.raises(ValueError, match=r"^Expected (an amount of money|a finite number|a currency)") as refused:
        MoneyReader(".")(value)
    assert not value or str(value) not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["12,50", "1.299"], ","),
        (["12.50", "1,299"], "."),
        (["1.299,00 €", "7"], ","),
        (["$1,299.00"], "."),
        (["1.299.000"], ","),
        (["1,299,000"], "."),
        (["1,299"], "."),
        (["1.299"], "."),
        (["12,50", "9,99", "1.50"], ","),
        (["12,50", "1.50"], "."),
        (["abc", "", None, 5.0, "1.5E+2"], "."),
        ([], "."),
    ],
)
def test_the_decimal_mark_is_decided_by_the_whole_column(values, mark):
    assert decimal_mark(iter(values)) == mark


def test_a_sign_that_several_currencies_share_means_the_shop_s_own_if_it_is_among_them():
    assert currency_code("$") == "USD"
    assert currency_code("$", own="CAD") == "CAD"
    assert currency_code("$", own="EUR") == "USD"
    assert currency_code("kr", own="SEK") == "SEK"
    assert MoneyReader(",", own="DKK")("5,00 kr.") == (5.0, "DKK")
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_code("kr", own="EUR")


@pytest.mark.parametrize(("text", "code"), [("usd", "USD"), (" EUR ", "EUR"), ("€", "EUR"), ("Kč", "CZK"), ("US$", "USD")])
def test_a_currency_is_a_code_in_any_case_or_a_sign(text, code):
    assert currency_code(text) == code


@pytest.mark.parametrize("text", ["", "EURO!", "XXX", "Dollar"])
def test_an_unknown_currency_is_refused(text):
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_code(text)
