"""Settings from environment variables, and the errors of invalid ones."""

from datetime import date
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from domain.records.api_keys import ApiKey
from infra.settings import EXPECTED, Settings, is_loopback, read_settings

A, B = ("a" * 64, "b" * 64)


def test_an_empty_environment_gives_the_defaults():
    settings = read_settings({})

    assert settings == Settings()
    assert (settings.database_path, settings.host, settings.port) == (Path("shop.db"), "127.0.0.1", 8000)


def test_every_setting_can_be_set():
    environment = {
        "DATABASE_URL": "sqlite:////data/shop.db", "HOST": "0.0.0.0", "PORT": "80", "WORKERS": "4", "LOG_LEVEL": "ERROR",
        "LOG_REQUESTS": "1",
        "CURRENCY": "CHF", "CURRENCY_RATES": "USD=0.92,GBP=1.17,CHF=1",
        "REUSE_SECONDS": "60", "TRAIN_AFTER_EVENTS": "1000", "ALLOW_EPHEMERAL_SQLITE": "1",
        "DATABASE_POOL_SIZE": "3", "DATABASE_STATEMENT_CACHE_SIZE": "0",
        "API_KEYS": f"backend:{A},storefront:{B}:web:2027-01-31",
        "RATE_LIMIT_PER_SECOND": "50", "EVENT_RETENTION_DAYS": "730", "GUEST_RETENTION_DAYS": "7",
        "AUDIT_RETENTION_DAYS": "3650", "ATTRIBUTION_DAYS": "14", "CORS_ORIGINS": "https://a.example,http://b:8080",
        "DOCS": "0", "ADDRESS_LIMIT_PER_SECOND": "5", "BROWSER_LIMIT_PER_SECOND": "7",
        "TRUSTED_PROXIES": "10.0.0.7,2001:db8::/32",
        "IMAGE_HOSTS": "images.shop.example,*.cdn.example:8443", "UPLOAD_MAX_BYTES": "5",
    }  # fmt: skip

    settings = read_settings(environment | {"PATH": "/bin"})

    assert set(environment) == set(EXPECTED)
    assert settings.database_path == Path("/data/shop.db")
    assert (settings.port, settings.workers, settings.currency, settings.reuse_seconds) == (80, 4, "CHF", 60)
    assert settings.rates == {"USD": 0.92, "GBP": 1.17, "CHF": 1.0}
    assert settings.keys == (
        ApiKey(key_hash=A, scope="backend", name="backend-aaaaaaaa"),
        ApiKey(key_hash=B, scope="storefront", name="web", expires_on=date(2027, 1, 31)),
    )
    assert settings.origins == {b"https://a.example", b"http://b:8080"}
    assert settings.picture_hosts == ("images.shop.example", "*.cdn.example:8443")


def test_an_empty_variable_counts_as_absent():
    assert read_settings({"PORT": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"), ("PORT", "70000"), ("WORKERS", "0"), ("CURRENCY", "euro"), ("LOG_LEVEL", "loud"),
        ("REUSE_SECONDS", "-1"), ("TRAIN_AFTER_EVENTS", "1.5"), ("ALLOW_EPHEMERAL_SQLITE", "yes"),
        ("DATABASE_URL", "mysql://user:secret@host"), ("RATE_LIMIT_PER_SECOND", "0.5"), ("EVENT_RETENTION_DAYS", "-1"),
        ("GUEST_RETENTION_DAYS", "month"), ("ATTRIBUTION_DAYS", "91"), ("ATTRIBUTION_DAYS", "-1"),
        ("API_KEYS", "secret"), ("API_KEYS", f"backend:{A},"), ("API_KEYS", f"backend:{A}\n"), ("API_KEYS", f"other:{A}"),
        ("API_KEYS", ",".join(f"backend:{n:064x}" for n in range(9))), ("API_KEYS", f"backend:{A},storefront:{A}"),
        ("API_KEYS", f"backend:{A}:erp,storefront:{B}:erp"), ("API_KEYS", f"backend:{A}:local"),
        ("API_KEYS", f"backend:{A}:"),
        ("API_KEYS", f"backend:{A}:ERP"), ("API_KEYS", f"backend:{A}:erp:2027-02-29"),
        ("API_KEYS", f"backend:{A}:{'n' * 33}"),
        ("API_KEYS", f"backend:{A}:backend-bbbbbbbb,backend:{B}"), ("API_KEYS", f"backend:{A}:2027-01-31:erp"),
        ("AUDIT_RETENTION_DAYS", "-1"), ("IMAGE_HOSTS", "https://a"), ("IMAGE_HOSTS", "a.example; script-src *"),
        ("IMAGE_HOSTS", "*"), ("UPLOAD_MAX_BYTES", "0"),
        *(("CURRENCY_RATES", value) for value in (
            "usd=1", "USD=-1", "USD=0.0", "USD=nan", "USD=1e999", "USD=1,USD=2", "USD", "USD=1,", "USD=inf",
        )),
        ("CORS_ORIGINS", "*"), ("CORS_ORIGINS", "https://a.example/path"), ("CORS_ORIGINS", "a.example"),
    ],
)  # fmt: skip
def test_the_error_of_an_invalid_setting_has_its_name_and_valid_values(name, value):
    with pytest.raises(ConfigurationError) as caught:
        read_settings({name: value})

    assert str(caught.value).startswith(f"{name} must be {EXPECTED[name]}")
    assert "secret" not in str(caught.value)


def test_a_rate_of_the_own_currency_is_1_or_absent():
    assert read_settings({"CURRENCY": "USD", "CURRENCY_RATES": "EUR=1.09"}).rates == {"EUR": 1.09}
    with pytest.raises(ConfigurationError, match="CURRENCY_RATES must be without USD"):
        read_settings({"CURRENCY": "USD", "CURRENCY_RATES": "USD=0.92"})


def test_a_scope_may_have_eight_keys():
    keys = ",".join(f"{scope}:{n:0>64x}:{scope}-{n}" for scope in ("backend", "storefront") for n in range(8))
    settings = read_settings({"API_KEYS": keys.replace("storefront:00", "storefront:ff")})

    assert [key.scope for key in settings.keys] == ["backend"] * 8 + ["storefront"] * 8


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.0.2.1", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_loopback_addresses_are_recognised(host, expected):
    assert is_loopback(host) == expected
