"""Settings from environment variables."""

import ipaddress
import os
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from domain.errors import ConfigurationError
from domain.records.api_keys import ApiKey, KeyScope
from domain.records.audit import LOCAL
from domain.records.values import Currency
from infra.keys import parse_entry

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

MAX_KEYS_PER_SCOPE = 8
"""Enough for each server of a shop to have a name in the audit; a request is compared with all of them."""
KEY_NAME = "[a-z0-9-]{1,32}"
_KEY = rf"(?:{'|'.join(get_args(KeyScope))}):[0-9a-f]{{64}}(?::{KEY_NAME}(?::\d{{4}}-\d{{2}}-\d{{2}})?)?"
_RATE = r"[A-Z]{3}=\d{1,10}(?:\.\d{1,12})?"
_IMAGE_HOST = r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?"
_ORIGIN = r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")
_TEXT = r"(?:[^\s@:/?#%,\[\]\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|{_TEXT}*)(?::\d{{1,5}})?"
_DATABASE_URL = re.compile(
    rf"""
    sqlite:///.+
    | postgres(?:ql)?://
      (?:(?:{_TEXT}|,)*(?::(?:{_TEXT}|[,:])*)?@)?      # user and password
      {_HOST}(?:,{_HOST})*
      (?:/(?:{_TEXT}|[,:])*)?                          # database
      (?:\?(?:[^\s@\#%]|%[0-9A-Fa-f]{{2}})*)?           # options
    """,
    re.VERBOSE | re.DOTALL,
)
"""Special characters of a password must be %-encoded. Otherwise a part of it would be taken for the host or the database:
both are shown, and name servers are asked for the host."""


def _comma_separated(entry: str) -> str:
    return rf"^(?:{entry}(?:,{entry})*)?(?![\s\S])"


def _split(text: str) -> list[str]:
    return text.split(",") if text else []


class Settings(Struct, frozen=True, kw_only=True, rename="upper"):
    """All settings with their defaults. The environment variable of a setting is its name in capitals."""

    database_url: str = "sqlite:///shop.db"
    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    log_level: LogLevel = "INFO"
    log_requests: Literal[0, 1] = 0
    currency: Currency = "EUR"
    currency_rates: Annotated[str, Meta(pattern=_comma_separated(_RATE))] = ""
    reuse_seconds: Annotated[int, Meta(ge=0, le=86_400 * 365)] = 3600
    train_after_events: Annotated[int, Meta(ge=0)] = 0
    allow_ephemeral_sqlite: Literal[0, 1] = 0
    database_pool_size: Annotated[int, Meta(ge=1, le=1000)] | None = None
    database_statement_cache_size: Annotated[int, Meta(ge=0, le=10_000)] = 100
    api_keys: Annotated[str, Meta(pattern=_comma_separated(_KEY))] = ""
    rate_limit_per_second: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    event_retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    guest_retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 30
    audit_retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    attribution_days: Annotated[int, Meta(ge=0, le=90)] = 7
    cors_origins: Annotated[str, Meta(pattern=_comma_separated(_ORIGIN))] = ""
    docs: Literal[0, 1] = 1
    address_limit_per_second: Annotated[int, Meta(ge=0, le=1_000_000)] = 50
    browser_limit_per_second: Annotated[int, Meta(ge=0, le=1_000_000)] = 20
    trusted_proxies: str = ""
    image_hosts: Annotated[str, Meta(pattern=_comma_separated(_IMAGE_HOST))] = ""
    upload_max_bytes: Annotated[int, Meta(ge=1, le=1 << 40)] = 200_000_000

    def __repr__(self) -> str:
        """Show no value: some contain passwords and keys, and tracebacks or debuggers print representations."""
        return "Settings(...)"

    def __post_init__(self) -> None:
        if not is_database_url(self.database_url):
            raise ValueError("not a URL of a database")
        keys = self.keys
        n_different = min(len({key.key_hash for key in keys}), len({key.name for key in keys} - {LOCAL}))
        if n_different < len(keys) or any(n > MAX_KEYS_PER_SCOPE for n in Counter(key.scope for key in keys).values()):
            raise ValueError("a duplicate key or name, the name of another actor, or too many keys of one scope")
        if len(self.rates) < len(_split(self.currency_rates)) or not all(self.rates.values()):
            raise ValueError("a duplicate currency, or a rate of 0")
        _ = self.proxies

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """Return the API keys; raise ValueError for an expiry that is no date."""
        return tuple(map(parse_entry, _split(self.api_keys)))

    @property
    def rates(self) -> dict[str, float]:
        """Return the worth of one unit of each other currency in the shop's own."""
        pairs = (entry.split("=") for entry in _split(self.currency_rates))
        return {currency: float(rate) for currency, rate in pairs}

    @property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Return the networks whose `X-Forwarded-For` counts; raise ValueError for other text."""
        return tuple(ipaddress.ip_network(entry) for entry in _split(self.trusted_proxies))

    @property
    def strangers_per_second(self) -> int:
        """Return how many requests without a valid key one address may send per second; 0 for no limit."""
        return self.address_limit_per_second

    @property
    def per_browser(self) -> int:
        """Return how many requests per second the tokens of one customer may send; 0 for no limit."""
        return self.browser_limit_per_second

    @property
    def origins(self) -> frozenset[bytes]:
        return frozenset(origin.encode() for origin in _split(self.cors_origins))

    @property
    def picture_hosts(self) -> tuple[str, ...]:
        """Return the hosts whose pictures the dashboard shows, `*.` before one for all below it."""
        return tuple(_split(self.image_hosts))

    @property
    def is_postgres(self) -> bool:
        return self.database_url.startswith(_POSTGRES)

    @property
    def database_path(self) -> Path:
        """Return the path of the SQLite file: relative after three slashes, absolute after four."""
        return Path(self.database_url.removeprefix(_SQLITE))


EXPECTED = {
    "DATABASE_URL": (
        "sqlite:///FILE (four slashes for an absolute path) or postgresql://..., with special characters of user and "
        "password %-encoded"
    ),
    "HOST": "the address to listen on",
    "PORT": "a whole number from 0 to 65535",
    "WORKERS": "a whole number from 1 to 64",
    "LOG_LEVEL": "one of " + ", ".join(get_args(LogLevel)),
    "LOG_REQUESTS": "0 or 1",
    "CURRENCY": "a currency code of three capital letters (ISO 4217)",
    "CURRENCY_RATES": (
        "the worth of one unit of other currencies in CURRENCY, each above 0 and named once, like USD=0.92,GBP=1.17"
    ),
    "REUSE_SECONDS": "a whole number of seconds, 0 or more",
    "TRAIN_AFTER_EVENTS": "a whole number of events, or 0 to disable training in the background",
    "ALLOW_EPHEMERAL_SQLITE": "0 or 1",
    "DATABASE_POOL_SIZE": "a whole number of connections from 1 to 1000",
    "DATABASE_STATEMENT_CACHE_SIZE": "a whole number of statements; 0 behind a pooler in transaction mode",
    "API_KEYS": (
        "backend:SHA256, storefront:SHA256 or viewer:SHA256, optionally followed by :NAME or :NAME:YYYY-MM-DD,"
        " comma-separated, at most eight of each, with different names other than local (`python main.py new-key`)"
    ),
    "RATE_LIMIT_PER_SECOND": "a whole number of requests, or 0 for no limit",
    "EVENT_RETENTION_DAYS": "a whole number of days, or 0 to keep events until their customer is erased",
    "GUEST_RETENTION_DAYS": "a whole number of days, or 0 to keep guests until they are erased",
    "AUDIT_RETENTION_DAYS": "a whole number of days, or 0 to keep all entries",
    "ATTRIBUTION_DAYS": "a whole number of days from 0 to 90",
    "CORS_ORIGINS": "a comma-separated list of origins like https://shop.example",
    "DOCS": "0 or 1",
    "ADDRESS_LIMIT_PER_SECOND": "a whole number of requests, or 0 for no limit",
    "BROWSER_LIMIT_PER_SECOND": "a whole number of requests, or 0 for no limit",
    "TRUSTED_PROXIES": "a comma-separated list of addresses or networks like 10.0.0.7,192.0.2.0/24",
    "IMAGE_HOSTS": "a comma-separated list of hosts in small letters like images.shop.example,*.cdn.example",
    "UPLOAD_MAX_BYTES": "a whole number of bytes from 1",
}
_SECRET = frozenset({"DATABASE_URL", "API_KEYS"})
"""Settings whose invalid values are not printed, since they may contain a password or a key."""


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return whether `host` is a loopback address or `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_database_url(url: str) -> bool:
    """Return whether `url` is a valid `DATABASE_URL`."""
    return _DATABASE_URL.fullmatch(url) is not None


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment; raise ConfigurationError with the variable and its valid values.

    An empty variable counts as absent.
    """
    given = {name: environment[name] for name in EXPECTED if environment.get(name)}
    for name, value in given.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            # A value with @ or ? may be the URL of a database in the wrong variable.
            actual = "" if name in _SECRET or re.search("[@?]", value) else f", not {value!r}"
            raise ConfigurationError(f"{name} must be {EXPECTED[name]}{actual}.") from error
    settings = msgspec.convert(given, Settings, strict=False)
    if settings.rates.get(settings.currency, 1.0) != 1.0:
        raise ConfigurationError(f"CURRENCY_RATES must be without {settings.currency}: it is the shop's own currency.")
    return settings
