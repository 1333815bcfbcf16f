"""An actor's mailbox: a batch of SQS messages, each the body of a request, handed to the application one after another.

A message that fails goes back to the queue, and from there to the dead-letter queue when it has failed often enough. The
later messages of its group go back with it, so that a customer's events keep their order; other groups do not wait.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

logger = logging.getLogger(__name__)

IdMember = Literal["event_id", "order_id"]
Record = dict[str, Any]
Answered = tuple[int, str]


class _Told(msgspec.Struct, frozen=True):
    type: str = ""


def records_of(event: Any) -> list[Record]:
    """Return the messages of a batch; none where the event is anything else."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not all(_is_message(record) for record in records):
        return []
    return records


def ids_of(records: Iterable[Record]) -> list[str]:
    """Return the ids of messages; the queue takes an empty one for the whole batch."""
    return [str(record.get("messageId") or "") for record in records]


async def deliver(
    records: Sequence[Record], ask: Callable[[bytes], Awaitable[Answered]], *, id_member: IdMember
) -> tuple[list[Answered], list[str]]:
    """Ask the application with each message; return the answers, and the ids of the messages to be sent again.

    Once the storage is away, the rest is not tried: waiting for each would outlast the function.
    """
    answers: list[Answered] = []
    failed: list[str] = []
    held_up: set[str] = set()
    is_away = False
    for record, message_id in zip(records, ids_of(records), strict=True):
        group = str((record.get("attributes") or {}).get("MessageGroupId", message_id))
        if is_away or group in held_up:
            failed.append(message_id)
            continue
        status, answer = await ask(_body_of(record, message_id, id_member=id_member))
        answers.append((status, answer))
        if status >= 400:
            logger.warning("Message %s was refused: %s.", message_id, msgspec.json.decode(answer, type=_Told).type)
            failed.append(message_id)
            held_up.add(group)
            is_away = status == 503
    return answers, failed


def scope_of(path: str, body: bytes) -> dict[str, Any]:
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
        "state": {},
    }


def _is_message(record: Any) -> bool:
    return isinstance(record, dict) and record.get("eventSource") == "aws:sqs" and "body" in record


def _body_of(record: Record, message_id: str, *, id_member: IdMember) -> bytes:
    """Return a message with an id: one without its own gets that of its delivery, as a queue may deliver twice."""
    body = record["body"]
    if not isinstance(body, str):
        return b""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        members = None
    if message_id and members is not None and id_member not in members:
        body = f'{{"{id_member}":"{message_id}"' + (", " if members else "") + body.lstrip()[1:]
    return body.encode("utf-8", "surrogatepass")
