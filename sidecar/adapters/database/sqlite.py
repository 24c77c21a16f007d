"""The first driver: SQLite through aiosqlite. One connection writes, one reads, one follows changes of access.

One writer is also the shelter from a fault of SQLite before 3.51.3, whose log may be corrupted when two connections
write or checkpoint at once.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import aiosqlite

from sidecar.adapters.database.completion import to_the_end
from sidecar.adapters.database.driver import Row, Value
from sidecar.adapters.database.errors import DatabaseUnusable, SqliteTooOld
from sidecar.adapters.database.lock import held_lock
from sidecar.domain.errors import Unavailable

_PORTION: Final = 1000

_NEEDED: Final = (3, 35, 0)
"""The first one that knows RETURNING."""

_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
)

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


@contextmanager
def _failures_are_unavailable() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAILURES:
            raise Unavailable("the database") from error
        raise


@contextmanager
def faults_of(path: Path) -> Iterator[None]:
    """While a database is being opened there is no caller to tell "unavailable": what fails is told with its cause."""
    try:
        yield
    except Unavailable as error:
        raise DatabaseUnusable(path, error.__cause__ or error) from error
    except (sqlite3.Error, OSError) as error:
        raise DatabaseUnusable(path, error) from error


def _named(parameters: Sequence[Value]) -> dict[str, Value]:
    """SQLite takes `$1` for a name: binding it by position is deprecated since Python 3.12."""
    return {str(number): value for number, value in enumerate(parameters, 1)}


class SqliteSession:
    """driver.Session on one connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection: aiosqlite.Connection | None = connection

    def end(self) -> None:
        """From now on every statement is refused: it would fall into somebody else's transaction."""
        self._connection = None

    @contextmanager
    def _statement(self) -> Iterator[aiosqlite.Connection]:
        if self._connection is None:
            raise RuntimeError("this transaction has ended")
        with _failures_are_unavailable():
            yield self._connection

    async def execute(self, sql: str, *parameters: Value) -> int:
        with self._statement() as connection:
            cursor = await connection.execute(sql, _named(parameters))
            return cursor.rowcount

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        with self._statement() as connection:
            await connection.executemany(sql, [_named(row) for row in rows])

    async def fetch(self, sql: str, *parameters: Value) -> list[Row]:
        with self._statement() as connection:
            return list(await connection.execute_fetchall(sql, _named(parameters)))

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        rows = await self.fetch(sql, *parameters)
        return rows[0] if rows else None

    async def stream(self, sql: str, *parameters: Value) -> AsyncGenerator[list[Row], None]:
        with self._statement() as connection:
            async with connection.execute(sql, _named(parameters)) as cursor:
                while rows := await cursor.fetchmany(_PORTION):
                    yield list(rows)


async def _connect(path: Path, mode: str) -> aiosqlite.Connection:
    """A connection in no transaction, whose thread doesn't keep the interpreter alive."""
    connection = aiosqlite.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None)
    connection._thread.daemon = True  # noqa: SLF001 - aiosqlite has no setting for it, and an exit without close() hangs
    return await connection


class _Connection:
    """A connection that one transaction at a time has."""

    def __init__(self, connection: aiosqlite.Connection, begin: str) -> None:
        self._connection = connection
        self._begin = begin
        self._free = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteSession]:
        """The connection runs its statements in order, so a roll-back comes after a statement that was abandoned."""
        async with self._free:
            session = SqliteSession(self._connection)
            try:
                await self._control(self._begin)
                yield session
                session.end()
                await self._control("COMMIT")
            except BaseException:
                session.end()
                await to_the_end(self._connection.rollback())
                raise

    async def outside_transactions(self, sql: str, *parameters: Value) -> None:
        """Runs a statement that SQLite refuses inside a transaction."""
        async with self._free:
            await self._control(sql, *parameters)

    async def close(self) -> None:
        async with self._free:
            await self._connection.close()

    async def _control(self, sql: str, *parameters: Value) -> None:
        with _failures_are_unavailable():
            await to_the_end(self._connection.execute(sql, _named(parameters)))


@asynccontextmanager
async def _opened(path: Path, begin: str, *pragmas: str) -> AsyncIterator[_Connection]:
    with faults_of(path):
        raw = await _connect(path, "rwc")
    connection = _Connection(raw, begin)
    try:
        with faults_of(path):
            for pragma in (*_PRAGMAS, *pragmas):
                await raw.execute(pragma)
        yield connection
    finally:
        await to_the_end(connection.close())


async def look_up(path: Path, sql: str) -> list[Row]:
    """What one statement reads from a file that another process may be using; raises DatabaseError."""
    with faults_of(path):
        connection = await _connect(path, "ro")
        try:
            return list(await connection.execute_fetchall(sql))
        finally:
            await to_the_end(connection.close())


class SqliteDriver:
    """driver.Driver on one file."""

    def __init__(self, writer: _Connection, reader: _Connection, follower: _Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._follower = follower

    @classmethod
    @asynccontextmanager
    async def alone_on(cls, path: Path) -> AsyncIterator[Self]:
        """The file, made where it is missing, readable by its owner alone and locked; raises DatabaseError.

        At the end the blocks under way are waited for. The writer closes last: that folds the log into the file.
        """
        _check_version()
        with held_lock(path):
            _make(path)
            async with (
                _opened(path, "BEGIN IMMEDIATE") as writer,
                _opened(path, "BEGIN", "PRAGMA query_only = ON") as reader,
                _opened(path, "BEGIN", "PRAGMA query_only = ON") as follower,
            ):
                yield cls(writer, reader, follower)

    def writing(self) -> AbstractAsyncContextManager[SqliteSession]:
        return self._writer.transaction()

    def reading(self) -> AbstractAsyncContextManager[SqliteSession]:
        return self._reader.transaction()

    def following(self) -> AbstractAsyncContextManager[SqliteSession]:
        return self._follower.transaction()

    async def copy_to(self, path: Path) -> None:
        """A whole copy of the database under this name, on the disk when this returns; replaces what was there."""
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        await self._writer.outside_transactions("VACUUM INTO $1", str(part))
        _flush(part)
        part.replace(path)
        _flush(path.parent)


def _check_version() -> None:
    if sqlite3.sqlite_version_info < _NEEDED:
        raise SqliteTooOld(sqlite3.sqlite_version, ".".join(str(part) for part in _NEEDED))


def _make(path: Path) -> None:
    with faults_of(path):
        path.touch(mode=0o600)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
