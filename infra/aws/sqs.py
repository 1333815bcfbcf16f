"""Batches of SQS messages: the body of each message becomes the body of a request to the application.

A failed message returns to its queue, and moves to the dead-letter queue after several attempts. Later messages of its
group return with it, which keeps the order of a customer's events; other groups continue.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from infra.http.auth import INTERNAL_SCOPE

logger = logging.getLogger(__name__)

IdMember = Literal["event_id", "order_id"]
Message = dict[str, Any]


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


def messages_of(event: Any) -> list[Message]:
    """Return the messages of an SQS event; an empty list for any other event."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not all(_is_message(record) for record in records):
        return []
    return records


async def deliver(
    messages: Iterable[Message], post: Callable[[bytes], Awaitable[AppResponse]], *, id_member: IdMember
) -> BatchResult:
    """Post one message after another; after a failure skip its group, and after a 503 all messages.

    Waiting for an unavailable storage once per message would exceed the time-out of the function.
    """
    responses: list[AppResponse] = []
    failed_ids: list[str] = []
    blocked_groups: set[str] = set()
    is_unavailable = False
    for message in messages:
        if is_unavailable or _group_of(message) in blocked_groups:
            failed_ids.append(_id_of(message))
            continue
        response = await post(_body_of(message, id_member=id_member))
        responses.append(response)
        if response.status >= 400:
            problem = msgspec.json.decode(response.body, type=_ProblemType)
            logger.warning("Message %s failed: %s.", _id_of(message), problem.type)
            failed_ids.append(_id_of(message))
            blocked_groups.add(_group_of(message))
            is_unavailable = response.status == 503
    return BatchResult(responses=responses, failed_ids=failed_ids)


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


def _group_of(message: Message) -> str:
    attributes = message.get("attributes")
    return str(attributes.get("MessageGroupId", _id_of(message)) if isinstance(attributes, dict) else _id_of(message))


def _body_of(message: Message, *, id_member: IdMember) -> bytes:
    """Return the body of a message; add the message id as event id if it has none, since SQS may deliver it twice."""
    body = message["body"]
    if not isinstance(body, str):
        return b""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        members = None
    if members is not None and id_member not in members:
        body = f'{{"{id_member}":"{_id_of(message)}"' + (", " if members else "") + body.lstrip()[1:]
    return body.encode("utf-8", "surrogatepass")
