"""Run transactions without keeping what they write."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Steps

T = TypeVar("T")


class _RolledBack(Exception, Generic[T]):
    """Carry the result of a transaction out of it, which makes the engine roll it back."""

    def __init__(self, result: T) -> None:
        super().__init__()
        self.result = result


class RehearsalEngine:
    """An engine whose transactions read, write and return as those of another, and are then rolled back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        def rehearsed() -> Steps[T]:
            raise _RolledBack((yield from transaction(*arguments, **named)))

        try:
            return await self._engine.write(rehearsed)
        except _RolledBack as rolled_back:
            return rolled_back.result

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self.write(transaction, *arguments)

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self._engine.read(reading, *arguments, **named)

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._engine.look_up(reading, *arguments)

    async def scrub(self) -> None:
        """Do nothing: no data was deleted."""
