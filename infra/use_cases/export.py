"""Export a person as one JSON document, in chunks: it may be larger than what a server should hold of one request."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec

from domain.ports.export import EventKey, ExportedPage, ExportStore

CHUNK_BYTES = 1 << 18
_encode = msgspec.json.Encoder().encode

ReadPage = Callable[[EventKey], Awaitable[ExportedPage[Any]]]


async def export_chunks(store: ExportStore, customer_id: str) -> AsyncGenerator[bytes]:
    """Yield the document of `store.export` in chunks of about `CHUNK_BYTES`; raise CustomerNotFound before the first.

    Everything but the events after the first 1,000 of each kind is as at one moment. An event that is recorded or replaced
    meanwhile may be in the document or not, and none of the others is missing or there twice. If the person is erased
    meanwhile, the document ends with CustomerNotFound.
    """
    pending = bytearray()
    async for piece in _pieces(store, customer_id):
        pending += piece
        if len(pending) >= CHUNK_BYTES:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending)


async def _pieces(store: ExportStore, customer_id: str) -> AsyncIterator[bytes]:
    beginning = await store.export_beginning(customer_id)
    # Of the customer for whom the id of a merged guest stands.
    customer_id = beginning.document.customer.customer_id
    rest: dict[str, tuple[EventKey | None, ReadPage]] = {
        "browsing": (beginning.browsing_after, lambda after: store.export_browsing(customer_id, after=after)),
        "purchases": (beginning.purchases_after, lambda after: store.export_purchases(customer_id, after=after)),
    }
    separator = b"{"
    for name in beginning.document.__struct_fields__:
        yield separator + _encode(name) + b":"
        separator = b","
        value = getattr(beginning.document, name)
        if name in rest:
            async for piece in _events(value, *rest[name]):
                yield piece
        else:
            yield _encode(value)
    yield b"}"


async def _events(first: Sequence[Any], after: EventKey | None, read: ReadPage) -> AsyncIterator[bytes]:
    yield _encode(first)[:-1]
    while after is not None:
        events, after = await read(after)
        if events:
            yield b"," + _encode(events)[1:-1]
    yield b"]"
