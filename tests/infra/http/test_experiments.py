"""Experiments over HTTP: who may use them, and what is wrong with a request."""

import pytest
import pytest_asyncio

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of

ERP, WEB, BOARD = "b" * 43, "s" * 43, "v" * 43
API_KEYS = f"backend:{hash_of(ERP)}:erp,storefront:{hash_of(WEB)}:web,viewer:{hash_of(BOARD)}:board"
LIVE = {
    "experiment_id": "e/1", "name": "E", "arms": [{"name": "now"}, {"name": "new", "popular": True}], "status": "live",
}  # fmt: skip


@pytest_asyncio.fixture
async def client(database):
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS)
    app = create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)
    async with client_of(app) as client:
        client.headers["authorization"] = f"Bearer {ERP}"
        yield client


async def test_an_experiment_is_saved_listed_reported_and_ended(client):
    begun = LIVE | {"from": "2026-11-23T10:00:00Z"}
    saved = await client.post("/experiments/save", json=LIVE)
    assert (saved.status_code, saved.json()) == (200, {"experiment": begun | {"where": {}}, "previous": None})
    listed = (await client.get("/experiments/list")).json()["experiments"]
    assert listed == [begun | {"where": {}, "saved_at": "2026-11-23T10:00:00Z"}]

    report = await client.get("/experiments/report/e%2F1")
    assert (report.status_code, [arm["name"] for arm in report.json()["arms"]]) == (200, ["now", "new"])
    placements = await client.get("/recommendations/c-1?placement=home")
    assert placements.status_code == 200

    refusals = [
        await client.delete("/experiments/remove/e%2F1"),
        await client.post("/experiments/save", json=LIVE | {"status": "draft"}),
        await client.post("/experiments/save", json=LIVE | {"experiment_id": "other"}),
    ]
    assert {(one.status_code, one.json()["type"]) for one in refusals} == {(409, "urn:problem:experiment-refused")}
    ended = (await client.post("/experiments/save", json=LIVE | {"status": "ended"})).json()
    assert (ended["previous"]["status"], ended["experiment"]["until"]) == ("live", "2026-11-23T10:00:00Z")
    assert (await client.delete("/experiments/remove/e%2F1")).json()["previous"] == ended["experiment"]
    gone = await client.delete("/experiments/remove/e%2F1")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:problem:experiment-not-found")


async def test_a_viewer_key_reads_experiments_and_reports_without_anybody_in_them_and_changes_nothing(client):
    await client.post("/experiments/save", json=LIVE)
    await client.post("/customer/update-behavior", json={"customer_id": "c-1", "product_id": "p-1", "event_type": "view"})
    viewer = {"authorization": f"Bearer {BOARD}"}

    read = [await client.get(f"/experiments/{path}", headers=viewer) for path in ("list", "report/e%2F1")]
    saved = await client.post("/experiments/save", json=LIVE | {"status": "ended"}, headers=viewer)
    removed = await client.delete("/experiments/remove/e%2F1", headers=viewer)

    assert [one.status_code for one in (*read, saved, removed)] == [200, 200, 403, 403]
    assert not any("c-1" in one.text for one in read)


async def test_everything_that_is_wrong_is_named_in_one_answer(client):
    arms = [{"name": "now", "share": 0}, {"name": "x" * 33, "weights": {"popular": 11}}]
    answer = await client.post("/experiments/save", json=LIVE | {"arms": arms, "where": {"kinds": ["new"]}})
    weights = [{"name": "now"}, {"name": "new", "weights": {"populr": 1}}]
    unknown = await client.post("/experiments/save", json=LIVE | {"arms": weights})

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "#/arms/0/share", "#/arms/1/name", "#/arms/1/weights/popular", "#/where/kinds/0",
    }  # fmt: skip
    assert unknown.json()["errors"][0]["pointer"] == "#/arms/1/weights/populr"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/experiments/save"),
        ("GET", "/experiments/list"),
        ("GET", "/experiments/report/e"),
        ("DELETE", "/experiments/remove/e"),
    ],
)
async def test_a_storefront_key_may_not_use_experiments(client, method, path):
    body = {"json": LIVE} if method == "POST" else {}

    answer = await client.request(method, path, headers={"authorization": f"Bearer {WEB}"}, **body)

    assert answer.status_code == 403
