"""The protocol of an engine, which runs transactions on a database."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from infra.storage.sql.statements import Steps

T = TypeVar("T")


class Engine(Protocol):
    """Run the steps of a transaction; all raise StoreBusy or StoreUnavailable."""

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run `transaction(...)` and return after it is durable. It may run again after a conflict with another writer."""
        ...

    async def write_unreferenced(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        """Run a transaction like `write`, which deletes only rows that no other row refers to.

        SQLite would look through whole tables for references to each of them.
        """
        ...

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        """Run writes that may be repeated, and that a crash may lose: they need no durable COMMIT."""
        ...

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run `reading(...)` on a snapshot of the database."""
        ...

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        """Run a read that needs no snapshot, such as a single statement."""
        ...

    async def read_anew(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        """Run a short read on the data as it is stored now, without what the process read before."""
        ...

    async def scrub(self) -> None:
        """Remove deleted data from the files of the database, as far as the database can at once."""
        ...
