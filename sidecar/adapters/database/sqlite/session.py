"""Sessions of one SQLite connection: statement by statement from the event loop, or a whole transaction in one visit.

Each statement that the loop asks for is a journey to the connection's thread and back, which costs several times what
a small statement does itself. A visit makes that journey once: the work runs on the connection's thread, where no
statement ever has to be waited for.
"""

import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import aiosqlite

from sidecar.adapters.database.driver import Row, Session, Value
from sidecar.domain.errors import Unavailable

_PORTION: Final = 1000

_FAILURES: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    )
)
"""Primary result codes that are the machine's fault and not the statement's."""

_T = TypeVar("_T")


@contextmanager
def failures_are_unavailable() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAILURES:
            raise Unavailable("the database") from error
        raise


def named(parameters: Sequence[Value]) -> dict[str, Value]:
    """SQLite takes `$1` for a name: binding it by position is deprecated since Python 3.12."""
    return {str(number): value for number, value in enumerate(parameters, 1)}


class SqliteSession:
    """driver.Session on one connection, for who asks from the event loop."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection: aiosqlite.Connection | None = connection

    def end(self) -> None:
        """From now on every statement is refused: it would fall into somebody else's transaction."""
        self._connection = None

    @contextmanager
    def _statement(self) -> Iterator[aiosqlite.Connection]:
        if self._connection is None:
            raise RuntimeError("this transaction has ended")
        with failures_are_unavailable():
            yield self._connection

    async def execute(self, sql: str, *parameters: Value) -> int:
        with self._statement() as connection:
            cursor = await connection.execute(sql, named(parameters))
            return cursor.rowcount

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        with self._statement() as connection:
            await connection.executemany(sql, [named(row) for row in rows])

    async def fetch(self, sql: str, *parameters: Value) -> list[Row]:
        with self._statement() as connection:
            return list(await connection.execute_fetchall(sql, named(parameters)))

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        rows = await self.fetch(sql, *parameters)
        return rows[0] if rows else None

    async def stream(self, sql: str, *parameters: Value) -> AsyncGenerator[list[Row], None]:
        with self._statement() as connection:
            async with connection.execute(sql, named(parameters)) as cursor:
                while rows := await cursor.fetchmany(_PORTION):
                    yield list(rows)


class VisitingSession:
    """driver.Session for work on the connection's own thread: its methods are awaited, and never wait."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection: sqlite3.Connection | None = connection

    def end(self) -> None:
        """From now on every statement is refused."""
        self._connection = None

    def _run(self, sql: str, parameters: Sequence[Value]) -> sqlite3.Cursor:
        return self._open().execute(sql, named(parameters))

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("this transaction has ended")
        return self._connection

    async def execute(self, sql: str, *parameters: Value) -> int:
        return self._run(sql, parameters).rowcount

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self._open().executemany(sql, [named(row) for row in rows])

    async def fetch(self, sql: str, *parameters: Value) -> list[Row]:
        return self._run(sql, parameters).fetchall()

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        rows = self._run(sql, parameters).fetchall()
        return rows[0] if rows else None

    async def stream(self, sql: str, *parameters: Value) -> AsyncGenerator[list[Row], None]:
        cursor = self._run(sql, parameters)
        while rows := cursor.fetchmany(_PORTION):
            yield rows


def visit(connection: sqlite3.Connection, begin: str, work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
    """One transaction from `begin` to its commit, on the thread that this is called on; rolls back whatever raises."""
    with failures_are_unavailable():
        connection.execute(begin)
        session = VisitingSession(connection)
        try:
            result = _finished(work(session))
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        finally:
            session.end()
    return result


def _finished(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of what waits for nothing: whatever else it awaits than its session is a fault of its author's."""
    try:
        work.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    work.close()
    raise RuntimeError("work in one visit may await nothing but its session")
