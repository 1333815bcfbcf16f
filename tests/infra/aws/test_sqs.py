"""Batches of SQS messages: which messages a failure sends back, and which events count once."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from domain.records.customers import CustomerChange
from domain.records.products import ProductChange
from functions.recommendations import process_browsing, process_purchase
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql.repository import SqlRepository


def message(number, body, *, group="c-1", **members):
    body = body if isinstance(body, str) else json.dumps(body)
    attributes = {"MessageGroupId": group}
    return {"messageId": f"m-{number}", "body": body, "eventSource": "aws:sqs", "attributes": attributes} | members


def view(number, *, customer="c-1", **members):
    return message(number, {"customer_id": customer, "product_id": "p-1", **members}, group=customer)


def invalid_view(number, *, customer="c-1"):
    return view(number, customer=customer, product_id="no-such-product")


def batch(*messages):
    return {"Records": list(messages)}


def failed_ids(response):
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.fixture
async def settings(database_url):
    now = datetime.now(UTC)
    settings = Settings(database_url=database_url)
    async with open_repository(settings) as repository:
        await repository.put_customers([CustomerChange(customer_id=f"c-{number}") for number in (1, 2)], now=now)
        await repository.put_products([ProductChange(product_id="p-1", price=10.0)], now=now)
    return settings


@pytest.fixture
def views(settings):
    app = create_app(process_browsing.process_browsing, settings=lambda: settings)
    handler = LambdaHandler(app, queue_id_member="event_id")
    yield handler
    handler.close()


@pytest.fixture
def orders(settings):
    app = create_app(process_purchase.process_purchase, settings=lambda: settings)
    handler = LambdaHandler(app, queue_id_member="order_id")
    yield handler
    handler.close()


def n_events(settings):
    """Return the number of stored events."""

    async def count():
        async with open_repository(settings) as repository:
            return (await repository.summary()).n_events

    return asyncio.run(count())


def test_valid_messages_are_recorded(views, settings):
    response = views(batch(view(1), view(2), view(3, customer="c-2")), None)

    assert failed_ids(response) == []
    assert n_events(settings) == 3


def test_a_failed_message_blocks_later_messages_of_its_customer_only(views, settings):
    response = views(batch(view(1), invalid_view(2), view(3), view(4, customer="c-2")), None)

    assert failed_ids(response) == ["m-2", "m-3"]
    assert n_events(settings) == 2


def test_a_message_of_an_unknown_customer_fails(views):
    assert failed_ids(views(batch(view(1, customer="c-3"), view(2)), None)) == ["m-1"]


def test_a_view_that_is_delivered_twice_counts_once(views, settings):
    responses = [views(batch(view(1)), None) for _ in range(2)]

    assert [failed_ids(response) for response in responses] == [[], []]
    assert n_events(settings) == 1


def test_an_order_that_is_delivered_twice_counts_once(orders, settings):
    order = message(1, {"customer_id": "c-1", "items": [{"product_id": "p-1"}]})

    responses = [orders(batch(order), None) for _ in range(2)]

    assert [failed_ids(response) for response in responses] == [[], []]
    assert n_events(settings) == 1


def test_a_message_keeps_its_own_event_id(views, settings):
    views(batch(view(1, event_id="e-1"), view(2, event_id="e-1")), None)

    assert n_events(settings) == 1


def test_an_event_id_with_other_content_fails(views):
    response = views(batch(view(1, event_id="e-1"), view(2, event_id="e-1", event_type="cart")), None)

    assert failed_ids(response) == ["m-2"]


INVALID_BODIES = {
    "not-json": "x", "empty": "", "null": "null", "list": "[]", "empty-object": "{}", "truncated": '{"customer_id": "c-1"',
    "deep": "[" * 100_000, "duplicate-key": '{"customer_id":"c-1","product_id":"p-1","product_id":"p-1"}',
    "surrogate": "\ud800",
    "empty-object-in-spaces": " { } ", "byte-order-mark": "\ufeff{}",
}  # fmt: skip


def test_invalid_messages_fail_and_others_are_recorded(views, settings):
    bodies = [message(name, body, group=name) for name, body in INVALID_BODIES.items()]

    response = views(batch(*bodies, view(1)), None)

    assert failed_ids(response) == [f"m-{name}" for name in INVALID_BODIES]
    assert n_events(settings) == 1


def test_a_body_that_is_not_a_text_fails(views):
    assert failed_ids(views(batch(view(1) | {"body": 1}), None)) == ["m-1"]


@pytest.mark.parametrize("attributes", [None, "none", [1]])
def test_a_failed_message_without_a_group_blocks_no_other(views, attributes):
    invalid = invalid_view(1) | {"attributes": attributes}

    assert failed_ids(views(batch(invalid, view(2)), None)) == ["m-1"]


def test_a_failed_message_without_an_id_returns_the_whole_batch(views):
    invalid = invalid_view(1)
    del invalid["messageId"]

    assert failed_ids(views(batch(invalid, view(2, customer="c-2")), None)) == [""]


def test_a_failed_message_is_logged_with_its_problem_and_without_its_content(views, caplog):
    views(batch(invalid_view(7)), None)

    (record,) = [record for record in caplog.records if record.name == "infra.aws.sqs"]
    assert record.getMessage() == "Message m-7 failed: urn:problem:product-not-found."
    assert "no-such-product" not in caplog.text


def test_all_messages_return_while_the_application_cannot_start(tmp_path):
    app = create_app(
        process_browsing.process_browsing, settings=lambda: Settings(database_url=f"sqlite:///{tmp_path}/no/such/folder")
    )
    handler = LambdaHandler(app, queue_id_member="event_id")

    response = handler(batch(view(1), view(2, customer="c-2")), None)
    handler.close()

    assert failed_ids(response) == ["m-1", "m-2"]


def test_after_a_storage_error_the_remaining_messages_are_not_tried(views, monkeypatch):
    record = SqlRepository.record_while
    tried = []

    async def record_on_closed_storage(repository, prepare, events, *, now):
        tried.extend(events)
        await repository.engine.close()
        return await record(repository, prepare, events, now=now)

    views(batch(view(1)), None)
    monkeypatch.setattr(SqlRepository, "record_while", record_on_closed_storage)

    response = views(batch(view(2), view(3, customer="c-2"), view(4, customer="c-3")), None)

    assert failed_ids(response) == ["m-2", "m-3", "m-4"]
    assert len(tried) == 1


def test_a_handler_without_a_queue_rejects_batches(settings):
    handler = LambdaHandler(create_app(process_browsing.process_browsing, settings=lambda: settings))

    assert handler(batch(view(1)), None)["statusCode"] == 400
    handler.close()


def test_a_batch_with_records_of_another_source_is_rejected(views):
    assert views(batch(view(1), {"eventSource": "aws:s3"}), None)["statusCode"] == 400
