"""An actor's mailbox: a batch of SQS messages, each the body of a request, handed to the application one after another.

A message that fails goes back to the queue, and from there to the dead-letter queue when it has failed often enough. The
later messages of its group go back with it, so that a customer's events keep their order; other groups do not wait.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal

import msgspec

from infra.http.auth import SCOPE

logger = logging.getLogger(__name__)

IdMember = Literal["event_id", "order_id"]
Message = dict[str, Any]
Answer = tuple[int, str]


class _Told(msgspec.Struct, frozen=True):
    type: str = ""


def records_of(event: Any) -> list[Message]:
    """Return the messages of a batch; none where the event is anything else."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not all(_is_message(record) for record in records):
        return []
    return records


class BatchDelivery:
    """What becomes of a batch: the answers of the application, and the messages to be sent again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.failed: list[str] = []
        self._held_up: set[str] = set()
        self._is_away = False

    def takes(self, record: Message) -> bool:
        """Tell whether a message can be tried: none after a failed one of its group, and none while the storage is away.

        Waiting for the storage with each message would outlast the function.
        """
        if self._is_away or _group_of(record) in self._held_up:
            self.failed.append(_id_of(record))
            return False
        return True

    def note(self, record: Message, answered: Answer) -> None:
        """Note the answer to a message."""
        self.answers.append(answered)
        status, answer = answered
        if status >= 400:
            logger.warning("Message %s was refused: %s.", _id_of(record), msgspec.json.decode(answer, type=_Told).type)
            self.failed.append(_id_of(record))
            self._held_up.add(_group_of(record))
            self._is_away = status == 503


async def deliver(
    records: Iterable[Message], ask: Callable[[bytes], Awaitable[Answer]], *, id_member: IdMember
) -> BatchDelivery:
    """Ask the application with one message after another."""
    delivery = BatchDelivery()
    for record in filter(delivery.takes, records):
        delivery.note(record, await ask(_body_of(record, id_member=id_member)))
    return delivery


def scope_of(path: str, body: bytes, *, state: dict[str, Any]) -> dict[str, Any]:
    """Make a request of a message, as from a client that sends plain JSON."""
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
        # Who may put messages into the queue is decided by AWS.
        "state": {SCOPE: "backend", **state},
    }


def _is_message(record: Any) -> bool:
    return isinstance(record, dict) and record.get("eventSource") == "aws:sqs" and "body" in record


def _id_of(record: Message) -> str:
    """Return the id of a message; the queue takes an empty one for the whole batch."""
    return str(record.get("messageId") or "")


def _group_of(record: Message) -> str:
    attributes = record.get("attributes")
    return str(attributes.get("MessageGroupId", _id_of(record)) if isinstance(attributes, dict) else _id_of(record))


def _body_of(record: Message, *, id_member: IdMember) -> bytes:
    """Return a message with an id: one without its own gets that of its delivery, as a queue may deliver twice."""
    body = record["body"]
    if not isinstance(body, str):
        return b""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        members = None
    if members is not None and id_member not in members:
        body = f'{{"{id_member}":"{_id_of(record)}"' + (", " if members else "") + body.lstrip()[1:]
    return body.encode("utf-8", "surrogatepass")
