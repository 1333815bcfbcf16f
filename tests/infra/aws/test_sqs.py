"""Messages of the mailbox: which are recorded, in which order, and which become dead letters."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime

import pytest

from domain.records.customers import CustomerChange
from domain.records.guests import GuestMerge
from domain.records.products import ProductChange
from functions.customer import update_behavior
from functions.recommendations import process_browsing
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests.fifo_queue import FifoQueue
from tests.template import all_functions, resources

BATCH_SIZE = all_functions()["CustomerUpdateBehavior"]["Events"]["Mailbox"]["Properties"]["BatchSize"]
MAX_RECEIVE_COUNT = resources("AWS::SQS::Queue")["Mailbox"]["RedrivePolicy"]["maxReceiveCount"]
VISIBILITY_SECONDS = resources("AWS::SQS::Queue")["Mailbox"]["VisibilityTimeout"]


def message(number, body, *, group="c-1", **members):
    body = body if isinstance(body, str) else json.dumps(body)
    attributes = {"MessageGroupId": group}
    return {"messageId": f"m-{number}", "body": body, "eventSource": "aws:sqs", "attributes": attributes} | members


def view(number, *, customer="c-1", group=None, **members):
    body = {"customer_id": customer, "browsing": [{"product_id": "p-1", **members}]}
    return message(number, body, group=group or customer)


def order(number, *, customer="c-1", product="p-1"):
    items = [{"product_id": product}]
    return message(number, {"customer_id": customer, "purchases": [{"items": items}]}, group=customer)


def invalid_order(number, *, customer="c-1"):
    return order(number, customer=customer, product="no-such-product")


def batch(*messages):
    return {"Records": list(messages)}


def failed_ids(response):
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.fixture
async def settings(database_url):
    now = datetime.now(UTC)
    settings = Settings(database_url=database_url)
    async with open_repository(settings) as repository:
        customers = [CustomerChange(customer_id=customer_id) for customer_id in ("c-1", "c-2", "Größe 42")]
        await repository.put_customers(customers, now=now)
        await repository.put_products([ProductChange(product_id="p-1", price=10.0)], now=now)
    return settings


@pytest.fixture
def mailbox(settings):
    handler = LambdaHandler(create_app(update_behavior.update_behavior, settings=lambda: settings), takes_messages=True)
    yield handler
    handler.close()


@pytest.fixture
def queue():
    """Return a model of the queue as the template declares it."""
    return FifoQueue(batch_size=BATCH_SIZE, max_receive_count=MAX_RECEIVE_COUNT, visibility_seconds=VISIBILITY_SECONDS)


def recorded_ids(settings, customer_id="c-1"):
    """Return the ids of the stored events of a customer, in the order in which they were recorded."""

    async def export():
        async with open_repository(settings) as repository:
            return await repository.export(customer_id)

    exported = asyncio.run(export())
    events = [(event.occurred_at, event.event_id) for event in exported.browsing]
    events += [(event.occurred_at, event.order_id) for event in exported.purchases]
    return [identifier for _, identifier in sorted(events)]


def ids_of(*numbers):
    """Return the ids that events without an id of their own get."""
    return [f"m-{number}-0" for number in numbers]


def test_valid_messages_are_recorded(mailbox, settings):
    response = mailbox(batch(view(1), view(2), view(3, customer="c-2")), None)

    assert failed_ids(response) == []
    assert recorded_ids(settings) == ids_of(1, 2)
    assert recorded_ids(settings, "c-2") == ids_of(3)


@pytest.mark.parametrize("bad", range(5))
def test_one_bad_order_is_dead_and_the_four_good_ones_are_recorded_in_order(queue, mailbox, settings, bad):
    queue.send(*(invalid_order(number) if number == bad else order(number) for number in range(5)))

    queue.run(mailbox)

    assert queue.dead_letters == [f"m-{bad}"]
    assert recorded_ids(settings) == ids_of(*(number for number in range(5) if number != bad))


def test_in_larger_batches_good_orders_would_be_dead_without_a_try(queue, mailbox, settings):
    queue.batch_size = 10
    queue.send(invalid_order(0), *(order(number) for number in range(1, 5)))

    queue.run(mailbox)

    assert queue.dead_letters == ["m-0", "m-1", "m-2", "m-3", "m-4"]
    assert recorded_ids(settings) == []


def test_views_and_orders_of_a_customer_keep_their_order(queue, mailbox, settings):
    queue.send(view(1), order(2), view(3), order(4), view(5))

    queue.run(mailbox)

    assert recorded_ids(settings) == ids_of(1, 2, 3, 4, 5)


def test_a_bad_message_delays_its_own_customer_only(queue, mailbox):
    queue.send(invalid_order(1), order(2), order(3, customer="c-2"))

    queue.run(mailbox)

    assert queue.delivered_at == {"m-3": 0, "m-2": MAX_RECEIVE_COUNT * VISIBILITY_SECONDS}


def test_the_group_of_a_customer_may_be_the_hash_of_the_id(mailbox, settings):
    group = hashlib.sha256("Größe 42".encode()).hexdigest()

    assert failed_ids(mailbox(batch(view(1, customer="Größe 42", group=group)), None)) == []
    assert recorded_ids(settings, "Größe 42") == ids_of(1)


def test_a_message_whose_group_is_not_its_customer_is_dead(queue, mailbox, settings, caplog):
    queue.send(view(1, group="all"), view(2))

    queue.run(mailbox)

    assert queue.dead_letters == ["m-1"]
    assert recorded_ids(settings) == ids_of(2)
    assert "Message m-1 failed: urn:problem:message-group." in caplog.text


@pytest.mark.parametrize("attributes", [None, "none", [1], {}])
def test_a_message_of_a_queue_without_groups_fails(mailbox, attributes):
    assert failed_ids(mailbox(batch(view(1) | {"attributes": attributes}), None)) == ["m-1"]


def test_of_a_batch_the_first_failure_and_all_that_follow_are_delivered_again(mailbox, settings):
    response = mailbox(batch(view(1), invalid_order(2), view(3), view(4, customer="c-2")), None)

    assert failed_ids(response) == ["m-2", "m-3", "m-4"]
    assert recorded_ids(settings) == ids_of(1)


def test_a_message_of_an_unknown_customer_fails(mailbox):
    assert failed_ids(mailbox(batch(view(1, customer="c-3")), None)) == ["m-1"]


def test_a_message_of_a_guest_registers_it_and_after_a_merge_counts_for_the_customer_once(mailbox, settings):
    body = {"customer_id": "c-3", "guest": True, "browsing": [{"product_id": "p-1"}]}
    first, late = (message(number, body, group="c-3") for number in (1, 2))

    async def merge():
        async with open_repository(settings) as repository:
            await repository.merge_guest(GuestMerge(guest_id="c-3", customer_id="c-1"), now=datetime.now(UTC))

    before = mailbox(batch(first), None)
    as_guest = recorded_ids(settings, "c-3")
    asyncio.run(merge())
    after = mailbox(batch(first, late), None)

    assert failed_ids(before) == failed_ids(after) == []
    assert (as_guest, recorded_ids(settings)) == (ids_of(1), ids_of(1, 2))


def test_a_message_that_is_delivered_twice_counts_once(mailbox, settings):
    both = message(1, {"customer_id": "c-1", "browsing": [{"product_id": "p-1"}] * 2})

    responses = [mailbox(batch(sent), None) for sent in (both, order(2)) for _ in range(2)]

    assert [failed_ids(response) for response in responses] == [[]] * 4
    assert recorded_ids(settings) == ["m-1-0", "m-1-1", "m-2-0"]


def test_a_message_may_take_back_a_cart_and_create_products(mailbox, settings):
    order_of_gift_card = {
        "customer_id": "c-1",
        "unknown_products": "create",
        "purchases": [{"items": [{"product_id": "g"}]}],
    }
    removal = view(2, event_type="remove_from_cart")

    response = mailbox(batch(view(1, event_type="cart"), removal, removal, message(3, order_of_gift_card)), None)

    assert failed_ids(response) == []
    assert recorded_ids(settings) == ids_of(1, 2, 3)


def test_an_event_keeps_its_own_id(mailbox, settings):
    mailbox(batch(view(1, event_id="e-1"), view(2, event_id="e-1")), None)

    assert recorded_ids(settings) == ["e-1"]


def test_an_event_id_with_other_content_fails(mailbox):
    response = mailbox(batch(view(1, event_id="e-1"), view(2, event_id="e-1", event_type="cart")), None)

    assert failed_ids(response) == ["m-2"]


INVALID_BODIES = {
    "not-json": "x", "empty": "", "null": "null", "list": "[]", "empty-object": "{}", "truncated": '{"customer_id": "c-1"',
    "deep": "[" * 100_000, "surrogate": "\ud800", "empty-object-in-spaces": " { } ", "byte-order-mark": "\ufeff{}",
    "duplicate-key": '{"customer_id":"c-1","browsing":[{"product_id":"p-1","product_id":"p-1"}]}',
    "duplicate-list": '{"customer_id":"c-1","browsing":[],"browsing":[{"product_id":"p-1"}]}',
    "no-customer": '{"browsing":[{"product_id":"p-1"}]}', "number": '{"customer_id":1,"browsing":[{"product_id":"p-1"}]}',
    "no-list": '{"customer_id":"c-1","browsing":{"product_id":"p-1"}}', "no-events": '{"customer_id":"c-1"}',
    "no-object": '{"customer_id":"c-1","browsing":[1]}', "text": '{"customer_id":"c-1","browsing":"p-1"}',
    "unknown": '{"customer_id":"c-1","browsing":[{"product_id":"p-1"}],"x":1}',
    "one-of-two": '{"customer_id":"c-1","browsing":[{"product_id":"p-1"},{}]}',
}  # fmt: skip


def test_invalid_messages_fail_without_a_trace(mailbox, settings):
    responses = [mailbox(batch(message(name, body)), None) for name, body in INVALID_BODIES.items()]

    assert [failed_ids(response) for response in responses] == [[f"m-{name}"] for name in INVALID_BODIES]
    assert recorded_ids(settings) == []


def test_a_body_that_is_not_a_text_fails(mailbox):
    assert failed_ids(mailbox(batch(view(1) | {"body": 1}), None)) == ["m-1"]


def test_a_failed_message_without_an_id_returns_the_whole_batch(mailbox):
    invalid = invalid_order(1)
    del invalid["messageId"]

    assert failed_ids(mailbox(batch(invalid), None)) == [""]


def test_a_failed_message_is_logged_with_its_problem_and_without_its_content(mailbox, caplog):
    mailbox(batch(invalid_order(7)), None)

    (record,) = [record for record in caplog.records if record.name == "infra.aws.sqs"]
    assert record.getMessage() == "Message m-7 failed: urn:problem:product-not-found."
    assert "no-such-product" not in caplog.text


def test_a_message_returns_while_the_application_cannot_start(tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path}/no/such/folder")
    handler = LambdaHandler(create_app(update_behavior.update_behavior, settings=lambda: settings), takes_messages=True)

    response = handler(batch(view(1)), None)
    handler.close()

    assert failed_ids(response) == ["m-1"]


def test_a_function_without_a_mailbox_rejects_messages(settings):
    handler = LambdaHandler(create_app(process_browsing.process_browsing, settings=lambda: settings))

    assert handler(batch(view(1)), None)["statusCode"] == 400
    handler.close()


def test_a_batch_with_records_of_another_source_is_rejected(mailbox):
    assert mailbox(batch(view(1), {"eventSource": "aws:s3"}), None)["statusCode"] == 400
