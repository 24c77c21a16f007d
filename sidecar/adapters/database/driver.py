"""The seam: all that the tables ask of a database driver. A second driver implements these protocols and no more.

Statements are the portable subset of SQLite and PostgreSQL, their placeholders `$1`, `$2`, …
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

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


class Driver(Protocol):
    """An open database. Each block is one transaction: commits at its end, rolls back if it raises or is cancelled."""

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """Alone: the next one begins when this one has ended, so what is read in it stays true until it commits."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A consistent view; writes are refused."""
        ...

    def following(self) -> AbstractAsyncContextManager[Session]:
        """A consistent view for the access memory alone, so that no slow reader delays a change of access."""
        ...
