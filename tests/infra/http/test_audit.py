"""Who sent a request is kept by the name of the key; keys expire, and their last use is known."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import main
from domain.errors import StoreBusy
from domain.records.audit import THE_QUEUE, AuditQuery
from domain.records.customers import CustomerChange, NewCustomer
from infra.http.app import create_app
from infra.http.auth import AuthenticatedRequest, actor_of
from infra.http.host import INTERNAL_SCOPE
from infra.http.key_use import KeyUses
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import Storage
from tests.conftest import NOW, client_of

ERP, WEB, OLD = "b" * 43, "s" * 43, "o" * 43
API_KEYS = f"backend:{hash_of(ERP)}:erp,storefront:{hash_of(WEB)}:web,backend:{hash_of(OLD)}:old:2026-11-30"
LAST_MOMENT = datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)


def bearer(key):
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
def keyed(database_url):
    return Settings(database_url=database_url, api_keys=API_KEYS)


async def acts(app, **query):
    entries = await (await app.storage.shop()).repository.audit_entries(AuditQuery(**query))
    return [(entry.actor, entry.action, entry.outcome) for entry in reversed(entries)]


async def read_export_and_erase(app, client, **headers):
    await (await app.storage.shop()).repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
    return [
        (await client.request(method, f"/customer/{path}/c-1", **headers)).status_code
        for method, path in [("GET", "get-profile"), ("GET", "export"), ("DELETE", "erase")] * 2
    ]


async def test_reads_exports_and_erasures_are_kept_with_the_name_of_the_key(keyed, written_at_once):
    app = create_app(*main.ENDPOINTS, settings=lambda: keyed)
    async with client_of(app) as client:
        statuses = await read_export_and_erase(app, client, headers=bearer(ERP))

        assert statuses == [200, 200, 204, 404, 404, 404]
        assert await acts(app, customer_id="c-1") == [
            ("erp", action, outcome) for outcome in ("done", "not-found") for action in ("read-profile", "export", "erase")
        ]


async def test_a_profile_read_is_kept_within_a_second_behind_the_answer(keyed):
    app = create_app(main.get_profile, settings=lambda: keyed)
    async with client_of(app) as client:
        await (await app.storage.shop()).repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        await client.get("/customer/get-profile/c-1", headers=bearer(ERP))
        for _ in range(100):
            if kept := await acts(app, customer_id="c-1"):
                break
            await asyncio.sleep(0.01)

        assert kept == [("erp", "read-profile", "done")]


async def test_refused_requests_leave_no_entry(keyed, written_at_once):
    app = create_app(*main.ENDPOINTS, settings=lambda: keyed)
    async with client_of(app) as client:
        statuses = await read_export_and_erase(app, client, headers=bearer(WEB))

        assert statuses == [403] * 6
        assert await acts(app, customer_id="c-1") == []


async def test_merges_are_kept_with_the_name_of_the_key_and_what_became_of_them(keyed, written_at_once):
    app = create_app(*main.ENDPOINTS, settings=lambda: keyed)
    async with client_of(app) as client:
        repository = (await app.storage.shop()).repository
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        await repository.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=NOW)
        merges = [("g-1", "c-1"), ("g-1", "c-1"), ("c-1", "g-1"), ("nobody", "c-1")]
        bodies = [{"guest_id": guest_id, "customer_id": customer_id} for guest_id, customer_id in merges]
        answers = [await client.post("/customer/merge", json=body, headers=bearer(ERP)) for body in bodies]
        await client.get("/customer/get-profile/g-1", headers=bearer(ERP))

        assert [answer.status_code for answer in answers] == [200, 200, 409, 404]
        for name in ("c-1", "g-1"):
            assert await acts(app, customer_id=name) == [
                ("erp", "merge", "done"), ("erp", "merge", "failed"), ("erp", "merge", "not-found"),
                ("erp", "read-profile", "done"),
            ]  # fmt: skip


async def test_without_keys_the_actor_is_local(settings, written_at_once):
    app = create_app(*main.ENDPOINTS, settings=lambda: settings)
    async with client_of(app) as client:
        await read_export_and_erase(app, client)

        assert {actor for actor, _, _ in await acts(app, customer_id="c-1")} == {"local"}


async def test_the_actor_of_a_message_is_the_queue(settings):
    scope = {"state": {INTERNAL_SCOPE: "backend"}, "type": "http"}

    await create_app(main.create, settings=lambda: settings).authenticator().authenticate(scope)

    assert actor_of(AuthenticatedRequest(scope)) == THE_QUEUE


async def test_a_key_is_accepted_to_the_end_of_its_last_day(settings, caplog):
    now = LAST_MOMENT
    keyed = Settings(database_url=settings.database_url, api_keys=API_KEYS)
    app = create_app(main.create, settings=lambda: keyed, clock=lambda: now)
    async with client_of(app) as client:
        accepted = await client.post("/customer/create", json={}, headers=bearer(OLD))
        now += timedelta(microseconds=1)
        refused = [await client.post("/customer/create", json={}, headers=bearer(OLD)) for _ in range(2)]
        unknown = await client.post("/customer/create", json={}, headers=bearer("x" * 43))

    assert accepted.status_code == 201
    assert [(answer.status_code, answer.content) for answer in refused] == [(401, unknown.content)] * 2
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "The API key old is refused after 2026-11-30 (UTC).",
        "The API key old expired, and is refused since the end of 2026-11-30 (UTC).",
    ]


@pytest.mark.parametrize(("days_left", "n_warnings"), [(14, 0), (13, 1), (0, 1)])
async def test_the_log_warns_in_the_last_14_days_once_a_day(settings, caplog, days_left, n_warnings):
    keyed = Settings(database_url=settings.database_url, api_keys=API_KEYS)
    now = LAST_MOMENT - timedelta(days=days_left)
    async with client_of(create_app(main.create, settings=lambda: keyed, clock=lambda: now)) as client:
        for key in (OLD, OLD, ERP):
            await client.post("/customer/create", json={}, headers=bearer(key))

    assert caplog.text.count("The API key old is refused after 2026-11-30") == n_warnings
    assert "erp" not in caplog.text


async def test_the_last_use_of_each_key_is_known_and_the_keys_are_kept(keyed, written_at_once):
    app = create_app(*main.ENDPOINTS, settings=lambda: keyed, clock=lambda: NOW)
    async with client_of(app) as client:
        assert await acts(app) == [("the settings", "add-key", "done")] * 3
        for key in (ERP, ERP, "x" * 43):
            await client.get("/customer/export/nobody", headers=bearer(key))
        uses = await (await app.storage.shop()).repository.key_uses()

    assert uses == {hash_of(ERP)[:16]: NOW}


async def test_a_mounted_application_notes_keys_once_its_storage_is_open(keyed, written_at_once):
    app = create_app(main.create, settings=lambda: keyed, clock=lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        for key in (ERP, ERP, WEB):
            await client.post("/customer/create", json={}, headers=bearer(key))
        for _ in range(100):
            if await acts(app):
                break
            await asyncio.sleep(0.01)

        assert len(await acts(app, action="add-key")) == 3
    await app.storage.close()


class RefusingOnce:
    """A repository whose first write of keys fails; it notes all later ones."""

    def __init__(self):
        self.may_go_on = asyncio.Event()
        self.calls = []

    async def note_keys(self, keys):
        self.calls.append([key.name for key in keys])
        if len(self.calls) == 1:
            raise StoreBusy("busy")
        await self.may_go_on.wait()

    async def note_key_use(self, key, *, now):
        self.calls.append((key.name, now))


async def test_keys_that_were_refused_are_stored_again_while_requests_go_on(settings, monkeypatch, caplog):
    storage = Storage(lambda: Settings(database_url=settings.database_url, api_keys=API_KEYS))
    seconds = 1000.0
    uses = KeyUses(storage, clock=lambda: NOW, timer=lambda: seconds)
    repository = RefusingOnce()
    shop = await storage.shop()
    await storage.close()
    monkeypatch.setattr(storage, "_shop", type(shop)(repository, shop.settings, shop.now))
    erp, web, old = shop.settings.keys
    names = ["erp", "web", "old"]

    await uses.begin()
    assert "The API keys were not stored" in caplog.text
    assert uses.is_due(erp)
    await uses.note(erp)
    assert not uses.is_due(erp)
    await asyncio.sleep(0)
    await uses.note(web)  # while the keys are being stored
    repository.may_go_on.set()
    await uses.close()
    seconds += 60
    assert uses.is_due(erp)
    await uses.note(old)

    assert repository.calls == [names, ("erp", NOW), names, ("web", NOW), ("old", NOW)]
