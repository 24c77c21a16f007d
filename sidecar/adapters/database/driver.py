"""The seam: all that the tables ask of a database driver. A second driver implements these protocols and no more.

Statements are the portable subset of SQLite and PostgreSQL, their placeholders `$1`, `$2`, …
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

Value = str | int | bytes | None
Row = Sequence[Any]


class Session(Protocol):
    """One transaction's hold on a connection; refuses to work once that transaction has ended.

    Where the database itself fails (disk, memory, lock), each method raises the domain's Unavailable.
    """

    async def execute(self, sql: str, *parameters: Value) -> int:
        """Runs one statement; how many rows it changed."""
        ...

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Runs one statement once per row of parameters."""
        ...

    async def fetch(self, sql: str, *parameters: Value) -> list[Row]:
        """All rows of one statement, which may also be a change that ends in RETURNING."""
        ...

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        """The first row, or None."""
        ...

    def stream(self, sql: str, *parameters: Value) -> AsyncGenerator[list[Row], None]:
        """The rows in portions of a thousand, for results that are too large to hold; to be closed by its caller."""
        ...


T = TypeVar("T")
Work = Callable[[Session], Coroutine[Any, Any, T]]
"""What a whole transaction does. It awaits nothing but its session, and touches nothing that belongs to the event
loop: a driver may run it on another thread, in one go."""


class Driver(Protocol):
    """An open database. Each block is one transaction: commits at its end, rolls back if it raises or is cancelled.

    `write` and `read` are transactions whose work is known beforehand. They cost much less than a block, because not
    every statement has to be waited for; a caller who is cancelled meanwhile doesn't learn whether it was committed.
    """

    async def write(self, work: Work[T]) -> T:
        """As in `writing`."""
        ...

    async def read(self, work: Work[T]) -> T:
        """As in `reading`, for what is quick: all such reads stand in one queue."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """Alone: the next one begins when this one has ended, so what is read in it stays true until it commits."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A consistent view; writes are refused."""
        ...

    def following(self) -> AbstractAsyncContextManager[Session]:
        """A consistent view for the access memory alone, so that no slow reader delays a change of access."""
        ...
