"""The first driver: SQLite through aiosqlite. One connection writes, two read, one follows changes of access.

What is read quickly is read beside what takes its time (`glances`).

One writer is also the shelter from a fault of SQLite before 3.51.3, whose log may be corrupted when two connections
write or checkpoint at once.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import quote

import aiosqlite

from sidecar.adapters.database.completion import to_the_end
from sidecar.adapters.database.driver import Row, Value, Work
from sidecar.adapters.database.errors import DatabaseUnusable, SqliteTooOld
from sidecar.adapters.database.lock import held_lock
from sidecar.adapters.database.sqlite.glances import Glances, glancing
from sidecar.adapters.database.sqlite.session import SqliteSession, failures_are_unavailable, named, visit
from sidecar.domain.errors import Unavailable

T = TypeVar("T")

_NEEDED: Final = (3, 35, 0)
"""The first one that knows RETURNING."""

_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
)
_ONLY_READS: Final = "PRAGMA query_only = ON"
CACHE: Final = "PRAGMA cache_size = -8000"
"""8 MB. A page of a long list reads more than SQLite keeps by default, and then takes half as long again."""


@contextmanager
def faults_of(path: Path) -> Iterator[None]:
    """While a database is being opened there is no caller to tell "unavailable": what fails is told with its cause."""
    try:
        yield
    except Unavailable as error:
        raise DatabaseUnusable(path, error.__cause__ or error) from error
    except (sqlite3.Error, OSError) as error:
        raise DatabaseUnusable(path, error) from error


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?mode={mode}"


async def _connect(path: Path, mode: str) -> aiosqlite.Connection:
    """A connection in no transaction, whose thread doesn't keep the interpreter alive."""
    connection = aiosqlite.connect(_uri(path, mode), uri=True, isolation_level=None)
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

    async def visit(self, work: Work[T]) -> T:
        """One transaction, in one visit to the connection's thread. Who is cancelled meanwhile leaves it whole."""
        async with self._free:
            return await self._visit(work)

    async def _visit(self, work: Work[T]) -> T:
        whole = partial(visit, self._connection._conn, self._begin, work)  # noqa: SLF001 - it has no other way to run
        result: T = await self._connection._execute(whole)  # type: ignore[no-untyped-call]  # noqa: SLF001 - a function
        return result

    async def close(self) -> None:
        async with self._free:
            await self._connection.close()

    async def _control(self, sql: str, *parameters: Value) -> None:
        with failures_are_unavailable():
            await to_the_end(self._connection.execute(sql, named(parameters)))


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


def _connect_to_read(path: Path) -> sqlite3.Connection:
    with faults_of(path):
        connection = sqlite3.connect(_uri(path, "rwc"), uri=True, isolation_level=None, check_same_thread=False)
        for pragma in (*_PRAGMAS, _ONLY_READS, CACHE):
            connection.execute(pragma)
        return connection


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

    def __init__(self, writer: _Connection, reader: _Connection, glances: Glances, follower: _Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._glances = glances
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
                _opened(path, "BEGIN", _ONLY_READS) as reader,
                glancing(partial(_connect_to_read, path)) as glances,
                _opened(path, "BEGIN", _ONLY_READS) as follower,
            ):
                yield cls(writer, reader, glances, follower)

    def writing(self) -> AbstractAsyncContextManager[SqliteSession]:
        return self._writer.transaction()

    def reading(self) -> AbstractAsyncContextManager[SqliteSession]:
        return self._reader.transaction()

    async def write(self, work: Work[T]) -> T:
        return await self._writer.visit(work)

    async def read(self, work: Work[T]) -> T:
        return await self._glances.read(work)

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
