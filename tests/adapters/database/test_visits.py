"""Transactions in one visit to the connection's thread: whole or absent, refused what a block is refused, and queued."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sidecar.adapters.database.driver import Row, Session
from sidecar.adapters.database.sqlite.driver import SqliteDriver
from sidecar.domain.errors import Unavailable

CREATE = "CREATE TABLE pair (number BIGINT NOT NULL, half TEXT NOT NULL)"
ADD = "INSERT INTO pair (number, half) VALUES ($1, $2)"
ALL = "SELECT number, half FROM pair ORDER BY number, half"


@pytest.fixture
async def paired(driver: SqliteDriver) -> SqliteDriver:
    """A driver whose database has the table `pair`."""
    await driver.write(lambda session: session.execute(CREATE))
    return driver


async def rows(driver: SqliteDriver) -> list[Row]:
    return await driver.read(lambda session: session.fetch(ALL))


def adding(number: int) -> Any:
    async def work(session: Session) -> int:
        await session.execute(ADD, number, "a")
        await session.execute_many(ADD, [(number, "b")])
        return len(await session.fetch(ALL))

    return work


async def test_work_is_committed_and_its_result_given(paired: SqliteDriver) -> None:
    """And who reads afterwards sees it, on another connection."""
    assert (await paired.write(adding(1)), await rows(paired)) == (2, [(1, "a"), (1, "b")])


async def test_work_that_fails_leaves_nothing(paired: SqliteDriver) -> None:
    """What it raises is raised to its caller, and the next one commits its own rows and no others."""

    async def failing(session: Session) -> None:
        await session.execute(ADD, 1, "a")
        raise LookupError("halfway")

    with pytest.raises(LookupError, match="halfway"):
        await paired.write(failing)
    with pytest.raises(sqlite3.IntegrityError):
        await paired.write(lambda session: session.execute_many(ADD, [(2, "a"), (2, None)]))
    await paired.write(adding(3))
    assert await rows(paired) == [(3, "a"), (3, "b")]


async def test_work_that_waits_for_something_else_is_refused(paired: SqliteDriver) -> None:
    """It would wait for ever on a thread without a loop: it is a fault, and undone."""

    async def waiting(session: Session) -> None:
        await session.execute(ADD, 1, "a")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its session"):
        await paired.write(waiting)
    assert await rows(paired) == []


async def test_a_session_ends_with_its_visit(paired: SqliteDriver) -> None:
    """A statement that came later would fall into somebody else's transaction."""

    async def kept(session: Session) -> Session:
        return session

    session = await paired.write(kept)
    with pytest.raises(RuntimeError, match="has ended"):
        await session.execute(ADD, 1, "a")


async def test_who_is_cancelled_leaves_it_whole(paired: SqliteDriver) -> None:
    """The work was on its way: it is committed, all of it, and the next one has its turn."""
    task = asyncio.create_task(paired.write(adding(1)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    await paired.write(adding(2))
    assert (task.cancelled(), await rows(paired)) == (True, [(1, "a"), (1, "b"), (2, "a"), (2, "b")])


async def test_visits_and_blocks_take_turns(paired: SqliteDriver) -> None:
    """One that comes while a block is under way waits for its end, and falls into no one's transaction."""
    async with paired.writing() as session:
        await session.execute(ADD, 1, "a")
        visit = asyncio.create_task(paired.write(adding(2)))
        await asyncio.sleep(0)
        await session.execute(ADD, 1, "b")
    assert (await visit, len(await rows(paired))) == (4, 4)


async def test_a_reading_visit_refuses_to_write(paired: SqliteDriver) -> None:
    """By SQLite itself, as in a reading block."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await paired.read(lambda session: session.execute(ADD, 1, "a"))


async def test_a_reading_visit_is_one_view(paired: SqliteDriver) -> None:
    """What another connection commits between two of its statements isn't seen by the second."""
    writer = asyncio.get_running_loop()

    async def twice(session: Session) -> tuple[list[Row], list[Row]]:
        before = await session.fetch(ALL)
        asyncio.run_coroutine_threadsafe(paired.write(adding(1)), writer).result(10)
        return before, await session.fetch(ALL)

    assert await paired.read(twice) == ([], [])
    assert len(await rows(paired)) == 2


async def test_reads_that_are_asked_for_together_are_told_apart(paired: SqliteDriver) -> None:
    """More than are read in one go: each gets its own answer, one that fails fails alone, one that is gone harms none."""
    await paired.write(adding(1))

    def asking(number: int) -> Any:
        sql = "SELECT missing FROM pair" if number == 7 else "SELECT number + $1 FROM pair WHERE half = 'a'"
        return lambda session: session.fetch(sql, number)

    asked = [asyncio.create_task(paired.read(asking(number))) for number in range(200)]
    await asyncio.sleep(0)
    asked[9].cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[7], sqlite3.OperationalError)
    assert isinstance(answers[9], asyncio.CancelledError)
    told = {number: answer for number, answer in enumerate(answers) if number not in (7, 9)}
    assert told == {number: [(number + 1,)] for number in told}


async def test_what_is_still_asked_for_at_the_end_is_answered(path: Path) -> None:
    """Closing the database waits for reads under way, as it does for blocks."""
    async with SqliteDriver.alone_on(path) as driver:
        asked = [asyncio.create_task(driver.read(lambda session: session.fetch("SELECT 1"))) for _ in range(100)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*asked) == [[(1,)]] * 100


async def test_a_full_disk_is_a_failure_of_the_database(paired: SqliteDriver) -> None:
    """TS-59: it becomes Unavailable, hence 503; the work is undone and the database goes on."""

    async def fill(session: Session) -> None:
        await session.execute("PRAGMA max_page_count = 1")
        await session.execute_many(ADD, [(number, "x" * 4000) for number in range(100)])

    with pytest.raises(Unavailable, match="the database"):
        await paired.write(fill)
    await paired.write(lambda session: session.execute("PRAGMA max_page_count = 1000000"))
    await paired.write(adding(1))
    assert len(await rows(paired)) == 2


async def test_after_the_end_a_read_is_refused(path: Path) -> None:
    """It would wait for ever for a thread that is gone."""
    async with SqliteDriver.alone_on(path) as driver:
        pass
    with pytest.raises(Unavailable, match="the database"):
        await asyncio.wait_for(driver.read(lambda session: session.fetch("SELECT 1")), 10)
