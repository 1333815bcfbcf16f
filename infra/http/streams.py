"""JSON documents that are sent in chunks while they are read."""

import logging
from collections.abc import AsyncGenerator
from typing import Any

from litestar import Response
from litestar.response import Stream

from infra.logs import describe_error

MEDIA_TYPE = "application/json"
logger = logging.getLogger(__name__)


class DocumentCutOff(Exception):
    """The rest of a document cannot be read; the server closes the connection, so that the client sees no end of it."""


async def json_of(chunks: AsyncGenerator[bytes]) -> Response[Any]:
    """Return a response of a document in chunks; with one chunk only, it has a length.

    An error before the second chunk is raised, to be answered as any other. A later one cuts the response off.
    """
    first = await anext(chunks)
    try:
        second = await anext(chunks)
    except StopAsyncIteration:
        return Response(first, media_type=MEDIA_TYPE)
    return Stream(_all_chunks(first, second, chunks), media_type=MEDIA_TYPE)


async def _all_chunks(first: bytes, second: bytes, others: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield first
    yield second
    try:
        async for chunk in others:
            yield chunk
    except Exception as error:  # noqa: BLE001 - the server would log its text, which may name a customer
        logger.error("A document was cut off: %s", describe_error(error))  # noqa: TRY400
        raise DocumentCutOff from None
