"""Bytes that are almost a request get a clean answer; `make fuzz` sends more of them."""

import logging

import pytest

from infra.http import problems
from tests.fuzz.requests import FuzzedRequest, request
from tests.fuzz.run import faults_of_database, fuzz
from tests.fuzz.shop import ask, fuzzed_shop

SEED = "tests"


async def test_whatever_is_sent_the_answer_is_clean(database):
    async with fuzzed_shop(database) as app:
        statuses, wrong = await fuzz(app, range(1500), seed=SEED)

    assert wrong == []
    assert faults_of_database(database) == []
    assert {200, 201, 400, 404, 405, 409, 413, 415, 422} <= set(statuses)


def test_the_same_seed_sends_the_same_requests():
    assert [request(number, seed=SEED) for number in range(50)] == [request(number, seed=SEED) for number in range(50)]
    assert request(0, seed=SEED) != request(0, seed="other")


def test_each_request_carries_one_of_the_identities():
    identities = [[(b"authorization", b"one")], [(b"authorization", b"other")]]

    sent = [dict(request(number, seed=SEED, identities=identities).headers) for number in range(50)]

    assert {b"one", b"other"} <= {headers.get(b"authorization") for headers in sent}


def without_a_guard(monkeypatch):
    monkeypatch.setattr("infra.http.validation.check_json", lambda body: None)


def with_talkative_errors(monkeypatch):
    def talkative(request, error):
        said = problems.answer(request, error)
        said.content = {
            "type": said.content.type,
            "title": "x",
            "status": said.status_code,
            "detail": f"{error!r} in app.py",
        }
        return said

    monkeypatch.setattr("infra.http.app.answer", talkative)


def with_a_problem_that_is_not_whole(monkeypatch):
    monkeypatch.setitem(problems.PROBLEMS, "not-found", (404, ""))


def with_an_unpublished_type(monkeypatch):
    monkeypatch.setattr("tests.fuzz.checks.PUBLISHED", frozenset({"internal"}))


def with_logs_of_what_was_sent(monkeypatch):
    def checked(body):
        logging.getLogger("infra.http").warning("%r", body)

    monkeypatch.setattr("infra.http.validation.check_json", checked)


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (with_logs_of_what_was_sent, "a log that is silent or personal"),
        (without_a_guard, "status 500"),
        (with_talkative_errors, "a leak"),
        (with_a_problem_that_is_not_whole, "not whole"),
        (with_an_unpublished_type, "an unpublished type"),
    ],
)
async def test_the_fuzzer_finds_a_planted_fault(database, monkeypatch, plant, named):
    plant(monkeypatch)

    async with fuzzed_shop(database) as app:
        _, wrong = await fuzz(app, range(300), seed=SEED)

    assert any(named in line for line in wrong)


async def test_the_fuzzer_finds_an_exception_that_the_application_lets_through():
    async def app(*_):
        raise ZeroDivisionError

    _, wrong = await fuzz(app, range(1), seed=SEED)

    assert "ZeroDivisionError" in wrong[0]


async def test_a_client_that_goes_away_in_the_middle_is_answered_all_the_same(database):
    asked = FuzzedRequest(
        method="POST", target=b"/customer/create", headers=[(b"content-type", b"application/json")], parts=[b"{"], ends=False
    )

    async with fuzzed_shop(database) as app:
        assert (await ask(app, asked)).status == 400
