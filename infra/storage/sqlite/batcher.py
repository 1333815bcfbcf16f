"""What waits for a connection at the same time goes to its thread as one message.

The way to a thread and back takes several times as long as a look-up does there, and a COMMIT several times as long as
what it makes durable.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from domain.errors import StoreUnavailable
from infra.storage.sqlite.connection import Connection

W = TypeVar("W")


class Batcher(Generic[W]):
    """Pieces of work that wait until `lent` has a connection, and then are done together, `most` at a time.

    `do` returns the outcome of each piece, an exception for one that failed. Whoever waits may go away: what was asked for
    is done.
    """

    def __init__(
        self,
        lent: Callable[[], AbstractAsyncContextManager[Connection]],
        do: Callable[[sqlite3.Connection, Sequence[W]], list[Any]],
        *,
        most: int,
    ) -> None:
        self._lent = lent
        self._do = do
        self._most = most
        self._waiting: list[tuple[W, asyncio.Future[Any]]] = []
        self._next: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def submit(self, work: W) -> Any:
        if self._is_closed:
            raise StoreUnavailable("The storage is closed.")
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        self._begin()
        return await answer

    async def close(self) -> None:
        """Finish what was handed over; what comes later finds no storage."""
        self._is_closed = True
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _begin(self) -> None:
        """Let one task wait for a connection, and no more than one, while there is something to take there."""
        if self._waiting and self._next is None:
            self._next = asyncio.create_task(self._done_together())
            self._under_way.add(self._next)
            self._next.add_done_callback(self._ended)

    def _ended(self, doing: asyncio.Task[None]) -> None:
        self._under_way.discard(doing)
        if self._next is doing:  # It was cancelled before it had a connection.
            self._next = None
            self._begin()

    async def _done_together(self) -> None:
        async with self._lent() as connection:
            together, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._next = None
            self._begin()
            outcomes: list[Any] = []
            try:
                outcomes += await connection.run(self._do, [work for work, _ in together])
            except BaseException as error:  # noqa: BLE001 - it is told to everyone who waits
                outcomes += [_told_to_many(error)] * len(together)
        for (_, answer), outcome in zip(together, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(connection.translate(outcome))
            else:
                answer.set_result(outcome)


def _told_to_many(error: BaseException) -> Exception:
    """Keep from callers what would end them: a cancellation that was not theirs, or an exit."""
    if isinstance(error, Exception):
        return error
    translate = StoreUnavailable("The storage was stopped; whether this was done is not known.")
    translate.__cause__ = error
    return translate
