"""`new-key` makes keys, and `keys` lists them with their last use."""

import asyncio
import re
from datetime import UTC, date, datetime

import pytest

from domain.records.api_keys import ApiKey
from infra.cli import run
from infra.keys import hash_of, parse_entry
from infra.settings import Settings, read_settings
from infra.storage.opening import open_repository

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def made(capsys, *options):
    """Return a new key and what its entry says."""
    assert run(["new-key", *options]) == 0
    output = capsys.readouterr().out
    entry = re.search(r"\n  (\w+:\S+)\n$", output)[1]
    return re.search(r"Authorization: Bearer (\S{43})\n", output)[1], entry, read_settings({"API_KEYS": entry}).keys[0]


@pytest.mark.parametrize("scope", ["backend", "storefront"])
def test_a_new_key_is_printed_with_its_hash(capsys, scope):
    secret, entry, key = made(capsys, scope)

    assert entry == f"{scope}:{hash_of(secret)}"
    assert key == ApiKey(key_hash=hash_of(secret), scope=scope, name=f"{scope}-{hash_of(secret)[:8]}")


def test_a_new_key_may_have_a_name_and_a_last_day(capsys):
    _, entry, key = made(capsys, "backend", "--name", "erp", "--expires", "2099-01-31")

    assert entry == f"backend:{key.key_hash}:erp:2099-01-31"
    assert (key.name, key.expires_on) == ("erp", date(2099, 1, 31))
    assert made(capsys, "backend", "--name", "erp")[1].endswith(":erp")
    _, entry, key = made(capsys, "storefront", "--expires", datetime.now(UTC).date().isoformat())
    assert entry == f"storefront:{key.key_hash}:{key.name}:{key.expires_on}"


@pytest.mark.parametrize(
    "options",
    [["--name", "ERP"], ["--name", "local"], ["--name", "n" * 33], ["--expires", "2001-01-31"], ["--expires", "tomorrow"]],
)
def test_other_names_and_days_are_refused(capsys, options):
    with pytest.raises(SystemExit):
        run(["new-key", "backend", *options])

    assert "expected" in capsys.readouterr().err


def test_keys_are_listed_with_expiry_and_last_use(database, monkeypatch, capsys):
    entries = f"backend:{A}:erp:2099-01-31,backend:{B}:old:2001-01-31,storefront:{C}"
    url = f"sqlite:///{database}"

    async def use():
        async with open_repository(Settings(database_url=url)) as repository:
            keys = [parse_entry(entry) for entry in entries.split(",")]
            await repository.note_keys(keys)
            await repository.note_key_use(keys[0], now=datetime(2026, 11, 26, 10, 30, 59, tzinfo=UTC))

    asyncio.run(use())
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("API_KEYS", entries)

    assert run(["keys"]) == 0

    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "scope", "expires", "last", "use"]
    assert re.fullmatch(r"erp +backend +2099-01-31 \(\d+ days left\) +2026-11-26 10:30", lines[0])
    assert re.fullmatch(r"old +backend +2001-01-31 \(expired\) +never", lines[1])
    assert re.fullmatch(r"storefront-cccccccc +storefront +never +never", lines[2])


def test_a_shop_without_keys_is_told_how_to_make_one(database, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")

    assert run(["keys"]) == 0
    assert "new-key backend" in capsys.readouterr().out
