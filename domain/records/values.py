r"""Types of single fields that messages share: ids, text, money, instants.

The patterns work in Python and in ECMA 262, because the OpenAPI document contains them. `(?![\s\S])` is the end of the
text in both; `$` would accept a trailing newline in Python. Only Python can name single characters above U+FFFF, so
`PUBLISHED_PATTERNS` has forms of the patterns of ids for the document, which lack those characters.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta

_END = r"(?![\s\S])"
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_PRINTABLE = rf"[^{_CONTROL}]*{_END}"
_FORMAT = (
    r"\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufeff\ufff9-\ufffb"
)
"""Invisible characters: Unicode's category Cf."""
_FORMAT_ABOVE_FFFF = (
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_SURROGATES = r"\ud800-\udfff"


def _id_pattern(reserved: str, *, refused: str) -> str:
    """Return the pattern of printable texts, none of the `reserved`, without blanks at the ends and two blanks in a row."""
    return rf"^(?!(?:{reserved}){_END}|\s)(?![\s\S]*\s(?:\s|{_END}))[^{_CONTROL}{_FORMAT}{refused}]+{_END}"


# Clients and proxies resolve dot segments, so no path can name such an id.
_NO_IDS = r"\.\.?"
_NO_CUSTOMER_IDS = (
    rf"{_NO_IDS}|process-browsing|process-purchase|record-impressions|for-page|buy-again|recently-viewed|why-not"
)

MAX_ID_LENGTH = 128
ID_PATTERN = _id_pattern(_NO_IDS, refused=_FORMAT_ABOVE_FFFF + _SURROGATES)
CUSTOMER_ID_PATTERN = _id_pattern(_NO_CUSTOMER_IDS, refused=_FORMAT_ABOVE_FFFF + _SURROGATES)
PUBLISHED_PATTERNS = {
    ID_PATTERN: _id_pattern(_NO_IDS, refused=""),
    CUSTOMER_ID_PATTERN: _id_pattern(_NO_CUSTOMER_IDS, refused=""),
}
MAX_CATEGORY_LENGTH = 200
CATEGORY_PATTERN = rf"^(?=.*\S){_PRINTABLE}"

_ID_DESCRIPTION = (
    "Printable text such as `#1001`, `SKU 12/3` or `gid://shopify/Product/123`, without invisible characters, blanks at the "
    "ends, and two blanks in a row; compared code point by code point"
)
Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH, pattern=ID_PATTERN, description=_ID_DESCRIPTION)]
CustomerId = Annotated[
    str, Meta(min_length=1, max_length=MAX_ID_LENGTH, pattern=CUSTOMER_ID_PATTERN, description=_ID_DESCRIPTION)
]
EMAIL_PATTERN = rf"^[^@\s{_CONTROL}]+@[^@\s{_CONTROL}]+{_END}"

Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^(?=.*\S){_PRINTABLE}")]
Phone = Annotated[str, Meta(min_length=3, max_length=32, pattern=rf"^(?=.*\S){_PRINTABLE}")]
PostalCode = Annotated[str, Meta(min_length=1, max_length=16, pattern=rf"^(?=.*\S){_PRINTABLE}")]
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=EMAIL_PATTERN)]
COUNTRY_PATTERN = rf"^[A-Z]{{2}}{_END}"
CURRENCY_PATTERN = rf"^[A-Z]{{3}}{_END}"
Country = Annotated[str, Meta(pattern=COUNTRY_PATTERN, description="ISO 3166-1 alpha-2")]
Currency = Annotated[str, Meta(pattern=CURRENCY_PATTERN, description="ISO 4217")]
CategoryPath = Annotated[
    str, Meta(min_length=1, max_length=MAX_CATEGORY_LENGTH, pattern=CATEGORY_PATTERN, description="Levels separated by /")
]
ATTRIBUTE_NAME_PATTERN = rf'^(?!\s)(?![\s\S]*\s{_END})[^{_CONTROL}"\\]+{_END}'
TAG_PATTERN = rf"^(?=.*\S)[^{_CONTROL}|]*{_END}"
AttributeName = Annotated[str, Meta(min_length=1, max_length=64, pattern=ATTRIBUTE_NAME_PATTERN)]
MAX_NUMBER = 1e15
AttributeValue = bool | Annotated[float, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)] | Text
Tag = Annotated[str, Meta(min_length=1, max_length=200, pattern=TAG_PATTERN, description="Printable text without `|`")]
Url = Annotated[str, Meta(min_length=1, max_length=2000, pattern=rf"^(?=.*\S){_PRINTABLE}")]
Money = Annotated[float, Meta(ge=0, le=1e9, description="At most 4 decimals")]
Quantity = Annotated[int, Meta(ge=1, le=100_000)]
MAX_RECOMMENDATION_ID_LENGTH = 1000
"""More than the id of any list has: a placement of 64 characters above U+FFFF alone takes 342."""
RecommendationId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_RECOMMENDATION_ID_LENGTH,
        description="The `recommendation_id` of a list; one that this shop did not answer counts as none",
    ),
]
Instant = Annotated[datetime, Meta(tz=True)]

_ID_MESSAGE = (
    "Expected printable text without invisible characters, without blanks at the ends or two in a row, and no reserved path "
    "name (`.`, `..`"
)
_MESSAGES = {
    ID_PATTERN: f"{_ID_MESSAGE})",
    CUSTOMER_ID_PATTERN: (
        f"{_ID_MESSAGE}, `process-browsing`, `process-purchase`, `record-impressions`, `for-page`, `buy-again`,"
        " `recently-viewed`, `why-not`)"
    ),
    ATTRIBUTE_NAME_PATTERN: 'Expected printable text without `"`, `\\` and blanks at the ends',
    TAG_PATTERN: "Expected printable text without `|`",
    CATEGORY_PATTERN: "Expected printable text that is not only spaces",
    EMAIL_PATTERN: "Expected an e-mail address",
    COUNTRY_PATTERN: "Expected two capital letters (ISO 3166-1)",
    CURRENCY_PATTERN: "Expected three capital letters (ISO 4217)",
}
_READABLE = {f"Expected `str` matching regex {pattern!r}": message for pattern, message in _MESSAGES.items()}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
"""Microseconds of a day; numeric instants are in microseconds."""

MONEY_UNITS = 10_000
MAX_CLOCK_SKEW = timedelta(minutes=5)


def readable_message(message: str) -> str:
    """Replace a message of msgspec that shows a pattern by one that a person understands."""
    return _READABLE.get(message, message)


def to_microseconds(instant: datetime) -> int:
    """Return the microseconds from 1970 UTC to an aware `instant`, exact for every year of datetime."""
    return (instant - EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the UTC instant `microseconds` after 1970."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_units(amount: float) -> int:
    """Return an amount as the integer of ten-thousandths that storage keeps."""
    return round(amount * MONEY_UNITS)


def from_units(units: int) -> float:
    """Return stored ten-thousandths as the number of the API."""
    return units / MONEY_UNITS


def check_money(amount: float | None) -> None:
    """Raise ValueError if `amount` has more than 4 decimals."""
    if amount is not None and round(amount, 4) != amount:
        raise ValueError("Expected at most 4 decimals")


def check_instant(instant: datetime | None) -> None:
    """Raise ValueError if `instant` is before 1970."""
    if instant is not None and instant < EPOCH:
        raise ValueError("Expected an instant of 1970 or later")
