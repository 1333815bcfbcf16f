"""Guests over HTTP: who may register them, what they get, and what a merge answers."""

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests.conftest import NOW, client_of
from tests.infra.http.examples import ADDRESS, AN_ADDRESS, BROWSE, BUY, CREATE, KEYS, MERGE, UPDATE, assert_problem

API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
A_MERGE = {"guest_id": "g-1", "customer_id": "c-1"}
VIEW = {"customer_id": "g-1", "product_id": "p-1", "guest": True}
ORDER = {"customer_id": "g-1", "items": [{"product_id": "p-2"}], "guest": True}


@pytest.fixture
async def send(database_url):
    settings = Settings(database_url=database_url, api_keys=API_KEYS)
    async with open_repository(settings) as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(5)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings)) as client:

        async def sent(method, target, *, scope="backend", **body):
            return await client.request(method, target, headers={"authorization": f"Bearer {KEYS[scope]}"}, **body)

        yield sent


async def profile_of(send, customer_id):
    return (await send("GET", f"/customer/get-profile/{customer_id}")).json()


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        (BROWSE, VIEW, 201),
        (BUY, ORDER, 201),
        (UPDATE, {"customer_id": "g-1", "guest": True, "browsing": [{"product_id": "p-1"}]}, 200),
    ],
)
async def test_an_event_registers_a_guest_only_if_it_says_so(send, target, body, status):
    for refused in (body | {"guest": False}, {name: value for name, value in body.items() if name != "guest"}):
        assert_problem(await send("POST", target, json=refused), "customer-not-found")

    answer = await send("POST", target, json=body)

    profile = await profile_of(send, "g-1")
    assert (answer.status_code, answer.json()["customer_id"]) == (status, "g-1")
    assert (profile["customer"]["is_guest"], profile["activity"]["views"] + profile["activity"]["orders"]) == (True, 1)


async def test_a_storefront_key_may_register_guests_and_nobody_else(send):
    answer = await send("POST", BROWSE, scope="storefront", json=VIEW)

    assert answer.status_code == 201
    assert "segment" not in answer.json()
    for target, body in ((BUY, ORDER), (CREATE, {"customer_id": "g-2"}), (MERGE, A_MERGE)):
        assert_problem(await send("POST", target, scope="storefront", json=body), "forbidden")
    assert_problem(await send("POST", BROWSE, scope="storefront", json=VIEW | {"customer_id": "g-2", "guest": False}),
                   "customer-not-found")  # fmt: skip


@pytest.mark.parametrize("value", ["yes", 1, "true", None])
async def test_guest_is_true_or_false(send, value):
    answer = await send("POST", BROWSE, json=VIEW | {"guest": value})

    assert_problem(answer, "validation")
    assert answer.json()["errors"][0]["pointer"] == "#/guest"


async def test_the_name_of_a_path_is_no_id_of_a_guest(send):
    answer = await send("POST", BROWSE, json=VIEW | {"customer_id": "process-purchase"})

    assert_problem(answer, "validation")
    assert answer.json()["errors"][0]["pointer"] == "#/customer_id"


@pytest.mark.parametrize("scope", list(KEYS))
@pytest.mark.parametrize("query", ["", "&limit=3", "&exclude=p-1"])
async def test_an_unknown_customer_gets_the_list_of_a_newcomer_without_being_registered(send, scope, query):
    answers = [await send("GET", f"/recommendations/nobody?guest=true{query}", scope=scope) for _ in range(2)]
    of_customer = (await send("GET", f"/recommendations/c-1?guest=true{query}", scope=scope)).json()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [(answer.json()["customer_id"], answer.json()["cached"]) for answer in answers] == [("nobody", False)] * 2
    assert answers[0].json()["items"] == of_customer["items"]
    assert_problem(await send("GET", f"/recommendations/nobody?guest=false{query}", scope=scope), "customer-not-found")


async def test_an_erased_guest_gets_nothing(send):
    await send("POST", BROWSE, json=VIEW)
    await send("DELETE", "/customer/erase/g-1")

    assert_problem(await send("GET", "/recommendations/g-1?guest=true"), "customer-not-found")
    assert_problem(await send("POST", BROWSE, json=VIEW), "customer-not-found")
    assert_problem(await send("POST", MERGE, json=A_MERGE), "customer-not-found")


async def test_a_merge_answers_what_moved_and_the_same_again(send):
    await send("POST", BROWSE, json=VIEW)
    await send("POST", BUY, json=ORDER)
    await send("POST", ADDRESS, json={"customer_id": "g-1", "addresses": [AN_ADDRESS]})

    answers = [await send("POST", MERGE, json=A_MERGE) for _ in range(2)]

    profile = await profile_of(send, "g-1")
    exported = (await send("GET", "/customer/export/c-1")).json()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    merged = answers[0].json()
    assert {name: merged[name] for name in A_MERGE} == A_MERGE
    assert merged["moved"] == {"browsing": 1, "purchases": 1, "returns": 0, "addresses": 1}
    assert (profile["customer"]["customer_id"], profile["customer"]["is_guest"]) == ("c-1", False)
    assert (profile["activity"]["orders"], len(profile["addresses"])) == (1, 1)
    assert exported["merged_guests"] == [merged]


async def test_after_a_merge_answers_name_the_customer_to_a_backend_key_only(send):
    await send("POST", BROWSE, json=VIEW)
    await send("POST", MERGE, json=A_MERGE)

    for scope, name in (("backend", "c-1"), ("storefront", "g-1")):
        for answer in (
            await send("POST", BROWSE, scope=scope, json=VIEW),
            await send("GET", "/recommendations/g-1", scope=scope),
            await send("GET", "/recommendations/g-1?guest=true", scope=scope),
        ):
            assert answer.json()["customer_id"] == name


async def test_merges_that_are_refused_say_why(send):
    await send("POST", BROWSE, json=VIEW)
    await send("POST", BROWSE, json=VIEW | {"customer_id": "g-2"})

    oneself = await send("POST", MERGE, json={"guest_id": "g-1", "customer_id": "g-1"})
    empty = await send("POST", MERGE, json={"guest_id": "", "customer_id": 5, "more": 1})

    assert_problem(oneself, "validation")
    assert oneself.json()["errors"] == [{"pointer": "#/customer_id", "detail": "Expected another id than `guest_id`"}]
    assert_problem(empty, "validation")
    for guest_id, customer_id, slug in (
        ("nobody", "c-1", "customer-not-found"), ("g-1", "nobody", "customer-not-found"),
        ("c-1", "g-1", "merge-refused"), ("g-1", "g-2", "merge-refused"),
    ):  # fmt: skip
        answer = await send("POST", MERGE, json={"guest_id": guest_id, "customer_id": customer_id})
        assert_problem(answer, slug)
        assert answer.json()["detail"]
