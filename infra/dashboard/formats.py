"""Numbers, money and instants as pages show them; instants are in UTC."""

from datetime import UTC, datetime, timedelta

from infra.dashboard.texts import plain

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
_STEPS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))


def number(value: float) -> str:
    return f"{value:,}"


def money(amount: float | None, currency: str | None) -> str:
    """Return an amount with its currency, empty for an unknown one."""
    if amount is None:
        return ""
    sign = _SIGNS.get(currency or "")
    return f"{sign}{amount:,.2f}" if sign else f"{amount:,.2f} {currency or ''}".strip()


def whole_money(amount: float, currency: str | None) -> str:
    """Return an amount without its cents, for sums."""
    return money(round(amount), currency).replace(".00", "", 1)


def per_hundred(share: float) -> str:
    """Return a share as so many of a hundred."""
    return f"{100 * share:.1f}"


def ago(instant: datetime, now: datetime) -> str:
    """Return how long ago an instant was, in its largest whole unit."""
    for unit, length in _STEPS:
        if (n := (now - instant) // length) > 0:
            return plain(f"time.{unit}", n=n)
    return plain("time.now")


def day(instant: datetime) -> str:
    return f"{instant.astimezone(UTC).day} {instant.astimezone(UTC):%b %Y}"


def minute(instant: datetime) -> str:
    return f"{day(instant)}, {clock(instant)}"


def clock(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%H:%M}"
