"""A batch of messages: who is held up by a message that fails, and what is counted once."""

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


def message(number, body, *, group="c-1", **given):
    body = body if isinstance(body, str) else json.dumps(body)
    attributes = {"MessageGroupId": group}
    return {"messageId": f"m-{number}", "body": body, "eventSource": "aws:sqs", "attributes": attributes} | given


def view(number, *, customer="c-1", **given):
    return message(number, {"customer_id": customer, "product_id": "p-1", **given}, group=customer)


def refused_view(number, *, customer="c-1"):
    return view(number, customer=customer, product_id="no-such-product")


def batch(*messages):
    return {"Records": list(messages)}


def failed_of(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


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
    made = LambdaHandler(create_app(process_browsing.process_browsing, settings=lambda: settings), mailbox="event_id")
    yield made
    made.close()


@pytest.fixture
def orders(settings):
    made = LambdaHandler(create_app(process_purchase.process_purchase, settings=lambda: settings), mailbox="order_id")
    yield made
    made.close()


def n_events(handler):
    """Count what is stored, on the handler's own loop and connection."""

    async def count():
        return (await (await handler._runtime._app.storage.shop()).repository.summary()).n_events

    return handler._runtime.run(count())


def test_messages_are_recorded_and_none_is_sent_again(views):
    answer = views(batch(view(1), view(2), view(3, customer="c-2")), None)

    assert failed_of(answer) == []
    assert n_events(views) == 3


def test_a_message_that_fails_holds_up_its_own_customer_and_no_other(views):
    answer = views(batch(view(1), refused_view(2), view(3), view(4, customer="c-2")), None)

    assert failed_of(answer) == ["m-2", "m-3"]
    assert n_events(views) == 2


def test_a_message_of_an_unknown_customer_goes_back(views):
    assert failed_of(views(batch(view(1, customer="c-3"), view(2)), None)) == ["m-1"]


def test_a_view_that_is_delivered_twice_counts_once(views):
    answers = [views(batch(view(1)), None) for _ in range(2)]

    assert [failed_of(answer) for answer in answers] == [[], []]
    assert n_events(views) == 1


def test_an_order_that_is_delivered_twice_counts_once(orders):
    order = message(1, {"customer_id": "c-1", "items": [{"product_id": "p-1"}]})

    answers = [orders(batch(order), None) for _ in range(2)]

    assert [failed_of(answer) for answer in answers] == [[], []]
    assert n_events(orders) == 1


def test_a_message_keeps_the_id_that_it_has(views):
    views(batch(view(1, event_id="e-1"), view(2, event_id="e-1")), None)

    assert n_events(views) == 1


def test_the_id_of_another_message_with_other_content_is_refused(views):
    answer = views(batch(view(1, event_id="e-1"), view(2, event_id="e-1", event_type="cart")), None)

    assert failed_of(answer) == ["m-2"]


NOT_MESSAGES = {
    "not-json": "x", "empty": "", "null": "null", "list": "[]", "empty-object": "{}", "truncated": '{"customer_id": "c-1"',
    "deep": "[" * 100_000, "key-twice": '{"customer_id":"c-1","product_id":"p-1","product_id":"p-1"}', "surrogate": "\ud800",
    "empty-object-in-spaces": " { } ", "mark": "\ufeff{}",
}  # fmt: skip


def test_messages_that_are_none_are_refused_and_the_others_are_not(views):
    bodies = [message(name, body, group=name) for name, body in NOT_MESSAGES.items()]

    answer = views(batch(*bodies, view(1)), None)

    assert failed_of(answer) == [f"m-{name}" for name in NOT_MESSAGES]
    assert n_events(views) == 1


def test_a_body_that_is_no_text_is_refused(views):
    assert failed_of(views(batch(view(1) | {"body": 1}), None)) == ["m-1"]


@pytest.mark.parametrize("attributes", [None, "none", [1]])
def test_a_message_without_group_holds_up_none(views, attributes):
    refused = refused_view(1) | {"attributes": attributes}

    assert failed_of(views(batch(refused, view(2)), None)) == ["m-1"]


def test_without_an_id_of_its_own_a_failed_message_sends_the_whole_batch_again(views):
    refused = refused_view(1)
    del refused["messageId"]

    assert failed_of(views(batch(refused, view(2, customer="c-2")), None)) == [""]


def test_a_refused_message_is_logged_with_its_problem_and_without_its_content(views, caplog):
    views(batch(refused_view(7)), None)

    (record,) = [record for record in caplog.records if record.name == "infra.aws.sqs"]
    assert record.getMessage() == "Message m-7 was refused: urn:problem:product-not-found."
    assert "no-such-product" not in caplog.text


def test_while_the_application_cannot_start_all_messages_go_back(tmp_path):
    app = create_app(
        process_browsing.process_browsing, settings=lambda: Settings(database_url=f"sqlite:///{tmp_path}/no/such/folder")
    )
    handler = LambdaHandler(app, mailbox="event_id")

    answer = handler(batch(view(1), view(2, customer="c-2")), None)
    handler.close()

    assert failed_of(answer) == ["m-1", "m-2"]


async def _close(handler):
    await (await handler._runtime._app.storage.shop()).repository.engine.close()


def test_once_the_storage_is_away_the_rest_is_not_tried(views):
    views(batch(view(1)), None)
    views._runtime.run(_close(views))

    answer = views(batch(view(2), view(3, customer="c-2"), view(4, customer="c-3")), None)

    assert failed_of(answer) == ["m-2", "m-3", "m-4"]


def test_a_handler_without_mailbox_takes_no_batches(settings):
    handler = LambdaHandler(create_app(process_browsing.process_browsing, settings=lambda: settings))

    assert handler(batch(view(1)), None)["statusCode"] == 400
    handler.close()


def test_a_batch_that_is_mixed_up_is_no_batch(views):
    assert views(batch(view(1), {"eventSource": "aws:s3"}), None)["statusCode"] == 400
