"""Messages of the SQS queue: the body of each becomes the body of a request to the application.

A failed message returns to its queue, and moves to the dead-letter queue after several attempts. The template delivers
one message at a time, because a failed delivery counts against every message of its batch
(docs/adr/0013-one-mailbox-one-message.md).
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from infra.http.auth import INTERNAL_SCOPE
from infra.http.problems import RequestRefused
from infra.http.validation import check_json

logger = logging.getLogger(__name__)

Message = dict[str, Any]

ID_MEMBERS = {"browsing": "event_id", "purchases": "order_id"}
"""The member with the id of an event, by the list of events in a body."""


class AppResponse(Struct, frozen=True):
    """A response of the application."""

    status: int
    body: str


class BatchResult(Struct, frozen=True, kw_only=True):
    """The responses to the messages that were tried, and the ids of the messages to deliver again."""

    responses: list[AppResponse]
    failed_ids: list[str]


class _ProblemType(Struct, frozen=True):
    type: str = ""


class _Addressee(Struct, frozen=True):
    customer_id: str


WRONG_GROUP = AppResponse(400, '{"type": "urn:problem:message-group"}')
"""The response to a message whose group is not its customer: such events of a customer would arrive in any order."""


def messages_of(event: Any) -> list[Message]:
    """Return the messages of an SQS event; an empty list for any other event."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not all(_is_message(record) for record in records):
        return []
    return records


async def deliver(messages: Sequence[Message], post: Callable[[bytes], Awaitable[AppResponse]]) -> BatchResult:
    """Post one message after another; stop at the first failure, and report it and all that follow.

    This keeps the order of a batch of any size.
    """
    responses: list[AppResponse] = []
    for position, message in enumerate(messages):
        response = await _post(message, post)
        responses.append(response)
        if response.status >= 400:
            problem = msgspec.json.decode(response.body, type=_ProblemType)
            logger.warning("Message %s failed: %s.", _id_of(message), problem.type)
            return BatchResult(responses=responses, failed_ids=[_id_of(failed) for failed in messages[position:]])
    return BatchResult(responses=responses, failed_ids=[])


async def _post(message: Message, post: Callable[[bytes], Awaitable[AppResponse]]) -> AppResponse:
    text = message["body"]
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
    try:
        check_json(body)
        if _group_of(message) not in _groups_of_customer(msgspec.json.decode(body, type=_Addressee).customer_id):
            return WRONG_GROUP
        body = _with_ids(body, message_id=_id_of(message))
    except (RequestRefused, msgspec.DecodeError):
        # The application refuses this body too, with the right problem.
        pass
    return await post(body)


def post_scope(path: str, body: bytes, *, state: dict[str, Any]) -> dict[str, Any]:
    """Return the ASGI scope of a request with the body of a message; it needs no key."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        "client": ("sqs", 0),
        "server": ("sqs", 443),
        "extensions": {},
        # AWS IAM controls who may send messages to the queue.
        "state": {INTERNAL_SCOPE: "backend", **state},
    }


def _is_message(record: Any) -> bool:
    return isinstance(record, dict) and record.get("eventSource") == "aws:sqs" and "body" in record


def _id_of(message: Message) -> str:
    """Return the id of a message; SQS interprets an empty id as the whole batch."""
    return str(message.get("messageId") or "")


def _group_of(message: Message) -> Any:
    """Return the message group; None for a message of a queue without groups."""
    attributes = message.get("attributes")
    return attributes.get("MessageGroupId") if isinstance(attributes, dict) else None


def _groups_of_customer(customer_id: str) -> tuple[str, str]:
    """Return what the message group of a customer may be: the id, or its hash, as SQS takes only ASCII without blanks."""
    return customer_id, hashlib.sha256(customer_id.encode("utf-8", "surrogatepass")).hexdigest()


def _with_ids(body: bytes, *, message_id: str) -> bytes:
    """Give each event without an id one of its message and position, since SQS may deliver a message twice."""
    members = msgspec.json.decode(body, type=dict[str, Raw])
    for name in members.keys() & ID_MEMBERS:
        events = msgspec.json.decode(members[name], type=list[dict[str, Raw]])
        for position, event in enumerate(events):
            event.setdefault(ID_MEMBERS[name], Raw(msgspec.json.encode(f"{message_id}-{position}")))
        members[name] = Raw(msgspec.json.encode(events))
    return msgspec.json.encode(members)
