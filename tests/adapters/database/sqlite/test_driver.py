"""The driver on SQLite: its settings, what a cancellation leaves, and what it makes of failures."""

import asyncio
import itertools
import sqlite3
import stat
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from sidecar.adapters.database import DatabaseUnusable, SqliteTooOld, migrate_database, open_database
from sidecar.adapters.database.driver import Row, Session
from sidecar.adapters.database.sqlite.driver import SqliteDriver
from sidecar.domain.errors import Unavailable
from tests.adapters.database.cancellation import cancelled_at
from tests.fakes import HeldClock

CREATE = "CREATE TABLE pair (number BIGINT NOT NULL, half TEXT NOT NULL)"
ADD = "INSERT INTO pair (number, half) VALUES ($1, $2)"
ALL = "SELECT number, half FROM pair ORDER BY number, half"


def modes_in(folder: Path) -> dict[str, int]:
    """Name → permissions of each file."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def add_pair(driver: SqliteDriver, number: int) -> None:
    async with driver.writing() as session:
        await session.execute(ADD, number, "a")
        await session.fetch(ALL)
        await session.execute(ADD, number, "b")


async def rows(driver: SqliteDriver) -> list[Row]:
    async with driver.reading() as session:
        return await session.fetch(ALL)


@pytest.fixture
async def paired(driver: SqliteDriver) -> SqliteDriver:
    """A driver whose database has the table `pair`."""
    async with driver.writing() as session:
        await session.execute(CREATE)
    return driver


async def test_a_transaction_that_is_cancelled_anywhere_is_whole_or_absent(paired: SqliteDriver) -> None:
    """At BEGIN, at each statement and at COMMIT; and the next one commits its own rows and no others."""
    expected: list[Row] = []
    for pause in itertools.count():
        task = asyncio.create_task(cancelled_at(pause, add_pair(paired, pause)))
        await asyncio.wait((task,))
        found = await rows(paired)
        both = [(pause, "a"), (pause, "b")]
        assert found in (expected, [*expected, *both])
        expected = found
        if not task.cancelled():
            break
    assert (pause, expected[-2:]) == (5, both)


async def test_a_writer_takes_its_turn_at_once(paired: SqliteDriver, path: Path) -> None:
    """Before it has written anything, so that what it reads can't change before it writes, whoever opens the file."""
    async with paired.writing() as session:
        await session.fetch(ALL)
        foreign = sqlite3.connect(path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            foreign.execute("INSERT INTO pair VALUES (1, 'foreign')")
        foreign.close()


async def test_a_statement_that_was_abandoned_is_rolled_back(paired: SqliteDriver) -> None:
    """It was on its way to SQLite when its request was cancelled: it runs, and is undone with the rest."""

    async def abandoned() -> None:
        async with paired.writing() as session:
            asyncio.get_running_loop().call_soon(task.cancel)
            await session.execute(ADD, 1, "a")

    task = asyncio.create_task(abandoned())
    await asyncio.wait((task,))
    async with paired.writing() as session:
        await session.execute(ADD, 2, "a")
    assert (task.cancelled(), await rows(paired)) == (True, [(2, "a")])


async def test_waiting_for_a_turn_can_be_cancelled(paired: SqliteDriver) -> None:
    """Whoever gives up before its turn never gets it, and the turn goes to the next."""
    async with paired.writing():
        waiting = [asyncio.create_task(add_pair(paired, number)) for number in (1, 2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.wait(waiting)
    assert await rows(paired) == [(2, "a"), (2, "b")]


async def test_a_failed_statement_undoes_the_block(paired: SqliteDriver) -> None:
    """A broken constraint is a fault of the caller, raised as what it is."""
    with pytest.raises(sqlite3.IntegrityError):
        async with paired.writing() as session:
            await session.execute_many(ADD, [(1, "a"), (1, None)])
    assert await rows(paired) == []


async def test_a_result_too_large_to_hold_is_streamed(paired: SqliteDriver) -> None:
    """In portions of at most a thousand rows, none lost between them."""
    async with paired.writing() as session:
        await session.execute_many(ADD, [(number, "a") for number in range(2500)])
        async with aclosing(session.stream(ALL)) as stream:
            portions = [portion async for portion in stream]
    numbers = [row[0] for portion in portions for row in portion]
    assert ([len(portion) for portion in portions], numbers) == ([1000, 1000, 500], [*range(2500)])


async def test_a_full_disk_is_a_failure_of_the_database(paired: SqliteDriver) -> None:
    """TS-59: it becomes Unavailable, hence 503; the block is undone and the database goes on."""

    async def fill() -> None:
        async with paired.writing() as session:
            await session.execute("PRAGMA max_page_count = 1")
            await session.execute_many(ADD, [(number, "x" * 4000) for number in range(100)])

    with pytest.raises(Unavailable, match="the database"):
        await fill()
    async with paired.writing() as session:
        await session.execute("PRAGMA max_page_count = 1000000")
    await add_pair(paired, 1)
    assert await rows(paired) == [(1, "a"), (1, "b")]


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)]
)
async def test_commits_are_durable_and_keys_are_kept(driver: SqliteDriver, pragma: str, value: str | int) -> None:
    """The settings that the promises of a transaction stand on; 2 is FULL."""
    async with driver.writing() as session:
        assert await session.fetch_one(f"PRAGMA {pragma}") == (value,)


@pytest.mark.parametrize("view", ["reading", "following"])
async def test_views_refuse_to_write(paired: SqliteDriver, view: str) -> None:
    """By SQLite itself, so that there is one writing connection whatever the code does."""

    async def write() -> None:
        async with getattr(paired, view)() as session:
            await session.execute(ADD, 1, "a")

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await write()


async def test_a_slow_reader_holds_up_neither_writer_nor_follower(paired: SqliteDriver) -> None:
    """A change of access is committed and followed while some list is still being read."""

    async def count(session: Session) -> int:
        return len(await session.fetch(ALL))

    async with paired.reading() as reading:
        before = await count(reading)
        await asyncio.wait_for(add_pair(paired, 1), 5)
        async with asyncio.timeout(5), paired.following() as following:
            assert (before, await count(following)) == (0, 2)


async def test_the_file_is_its_owners_alone(driver: SqliteDriver, path: Path) -> None:
    """With its log and its lock: nobody else on the machine reads who may do what."""
    names = ("sidecar.db", "sidecar.db-wal", "sidecar.db-shm", "sidecar.db.lock")
    assert modes_in(path.parent) == dict.fromkeys(names, 0o600)


async def test_closing_folds_the_log_into_the_file(path: Path) -> None:
    """Who copies the file of a stopped server has all of it."""
    async with SqliteDriver.alone_on(path) as driver:
        async with driver.writing() as session:
            await session.execute(CREATE)
        await add_pair(driver, 1)
    assert modes_in(path.parent).keys() == {"sidecar.db", "sidecar.db.lock"}


async def test_a_copy_is_a_whole_database(paired: SqliteDriver, tmp_path: Path) -> None:
    """With what is still in the log only, its owner's alone, and nothing half-made beside it."""
    await add_pair(paired, 1)
    for _ in ("a new one", "over an older one"):
        await paired.copy_to(tmp_path / "it's a copy")
    with sqlite3.connect(tmp_path / "it's a copy") as opened:
        assert opened.execute(ALL).fetchall() == [(1, "a"), (1, "b")]
    modes = modes_in(tmp_path)
    assert (modes["it's a copy"], [name for name in modes if name.endswith(".part")]) == (0o600, [])


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """The error says so, and its bytes stay."""
    notes = "somebody's notes, longer than the header of a database file: " * 50
    path.write_text(notes)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        asyncio.run(SqliteDriver.alone_on(path).__aenter__())
    assert path.read_text() == notes


def test_a_damaged_database_is_told_as_such(path: Path, clock: HeldClock) -> None:
    """Its page of tables is whole and the others are not: the error has the file and what SQLite says of it."""
    asyncio.run(migrate_database(path, clock))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(DatabaseUnusable, match=r"sidecar\.db.*malformed"):
        asyncio.run(open_database(path, clock).__aenter__())


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both versions, before anything is made on the disk."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(SqliteTooOld, match=r"3\.35\.0 or newer"):
        asyncio.run(SqliteDriver.alone_on(path).__aenter__())
    assert modes_in(path.parent) == {}


@pytest.mark.parametrize("name", ["a b.db", "100%25.db", "what?mode=memory", "ünï#code.db"])
async def test_any_file_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    """No character of a path is a setting of SQLite's."""
    async with SqliteDriver.alone_on(tmp_path / name):
        pass
    assert modes_in(tmp_path).keys() == {name, f"{name}.lock"}


def test_a_database_that_is_never_closed_does_not_keep_the_interpreter(path: Path) -> None:
    """A crash on the way out ends the process, instead of hanging it until somebody kills it."""
    program = (
        "import asyncio, sys; from pathlib import Path; from sidecar.adapters.database.sqlite.driver import SqliteDriver\n"
        "opened = SqliteDriver.alone_on(Path(sys.argv[1]))\n"
        "asyncio.new_event_loop().run_until_complete(opened.__aenter__())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=30, check=False)
    assert done.returncode == 0
