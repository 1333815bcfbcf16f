"""The protocol of an engine, which runs transactions on a database."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from infra.storage.sql.statements import Steps

T = TypeVar("T")
Prepare = Callable[[T], Awaitable[None]]


class Engine(Protocol):
    """Run the steps of a transaction; all raise StoreBusy or StoreUnavailable."""

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run `transaction(...)` and return after it is durable. It may run again after a conflict with another writer."""
        ...

    async def write_unchecked(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run a transaction like `write`, without the checks of references that SQLite makes for each row.

        The transaction adds only rows whose references it looked up, or deletes only rows that no other row refers to. For
        each of these, SQLite would look through whole tables.
        """
        ...

    async def write_while(
        self, prepare: Prepare[T], transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any
    ) -> T:
        """Write, and await `prepare` with the result while the disk is waited for, or afterwards.

        The write may still fail, so nothing that `prepare` does may outlast a failure. Its own errors are raised after the
        write.
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

    async def record_erasure(self, key: bytes, id_hashes: Sequence[str]) -> None:
        """Record outside the database who will be erased, if backups of the database are restored with this program."""
        ...

    async def scrub(self) -> None:
        """Remove deleted data from the files of the database, as far as the database can at once."""
        ...
