"""The access memory beyond its port: how it follows other processes, and the bounds of what it keeps."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from sidecar.adapters.database import access_log, migrate_database
from sidecar.adapters.database.access import memory as access_memory
from sidecar.adapters.database.access.memory import AccessMemory
from sidecar.adapters.database.driver import Session
from sidecar.adapters.database.sqlite.driver import SqliteDriver
from sidecar.adapters.database.store import DatabaseStore
from sidecar.domain.errors import Unavailable
from tests import samples
from tests.adapters.database.cancellation import cancelled_at
from tests.fakes import HeldClock


@pytest.fixture
async def migrated(path: Path, clock: HeldClock) -> AsyncIterator[SqliteDriver]:
    await migrate_database(path, clock)
    async with SqliteDriver.alone_on(path) as driver:
        yield driver


@pytest.fixture
async def memory(migrated: SqliteDriver, clock: HeldClock) -> AccessMemory:
    """A memory that nobody refreshes but the test: that of another process."""
    memory = AccessMemory(migrated.following, clock)
    await memory.refresh()
    return memory


@pytest.fixture
def store(migrated: SqliteDriver, clock: HeldClock) -> DatabaseStore:
    """The store of a process with a memory of its own."""
    return DatabaseStore(migrated, AccessMemory(migrated.following, clock))


async def add_projects(store: DatabaseStore, *sids: str) -> None:
    async with store.writing() as tables:
        for sid in sids:
            await tables.projects.add(samples.project(sid))


async def test_another_process_follows_when_it_refreshes(store: DatabaseStore, memory: AccessMemory) -> None:
    """Neither sooner nor later: that is what the poll of each second is for."""
    await add_projects(store, "acme")
    before = memory.owner_of("acme/web")
    await memory.refresh()
    assert (before, memory.owner_of("acme/web")) == (None, "acme")


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_a_memory_behind_a_pruned_log_reads_everything(
    store: DatabaseStore, memory: AccessMemory, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """However little the log still holds: of three changes none, the last, or the last two."""
    monkeypatch.setattr(access_log, "KEPT_GENERATIONS", kept)
    monkeypatch.setattr(access_log, "_PRUNED_EVERY", 1)
    sids = [f"project-{number}" for number in range(3)]
    for sid in sids:
        await add_projects(store, sid)
    await memory.refresh()
    assert [memory.owner_of(f"{sid}/web") for sid in sids] == sids


async def test_the_log_is_pruned(store: DatabaseStore, migrated: SqliteDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps so many generations and doesn't grow with the years."""
    monkeypatch.setattr(access_log, "KEPT_GENERATIONS", 3)
    monkeypatch.setattr(access_log, "_PRUNED_EVERY", 2)
    for number in range(8):
        await add_projects(store, f"project-{number}")
    async with migrated.reading() as session:
        assert await session.fetch("SELECT generation FROM access_change ORDER BY generation") == [(6,), (7,), (8,)]


async def test_a_large_change_is_read_anew(
    store: DatabaseStore, memory: AccessMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than MAX_TOUCHED at once: what is gone and what has come are both seen."""
    await add_projects(store, "gone")
    await memory.refresh()
    monkeypatch.setattr(access_memory, "MAX_TOUCHED", 2)
    async with store.writing() as tables:
        await tables.projects.remove(samples.project("gone").sid)
        for sid in ("one", "two", "three"):
            await tables.projects.add(samples.project(sid))
    await memory.refresh()
    assert [memory.owner_of(f"{sid}/web") for sid in ("gone", "one", "three")] == [None, "one", "three"]


async def test_a_restored_database_is_read_anew(
    store: DatabaseStore, memory: AccessMemory, migrated: SqliteDriver
) -> None:
    """A generation that went back means another past: nothing of the old one stays."""
    await add_projects(store, "lost")
    await memory.refresh()
    async with migrated.writing() as session:
        for table in ("project", "access_change"):
            await session.execute(f"DELETE FROM {table}")
        await session.execute("UPDATE access_generation SET generation = 0")
    await memory.refresh()
    assert (memory.generation, memory.owner_of("lost/web")) == (0, None)


async def test_old_answers_stand_while_everything_is_read(
    store: DatabaseStore, memory: AccessMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is refused because the memory is being filled: the new state appears whole."""
    await add_projects(store, "acme")
    await memory.refresh()
    monkeypatch.setattr(access_memory, "MAX_TOUCHED", 0)
    await add_projects(store, *(f"project-{number}" for number in range(3000)))
    reading, seen = asyncio.create_task(memory.refresh()), set()
    while not reading.done():
        seen.add((memory.generation, memory.owner_of("acme/web"), memory.owner_of("project-2999/web")))
        await asyncio.sleep(0)
    seen.add((memory.generation, memory.owner_of("acme/web"), memory.owner_of("project-2999/web")))
    assert seen == {(1, "acme", None), (2, "acme", "project-2999")}


async def test_a_refresh_that_fails_is_made_up_for(
    store: DatabaseStore, migrated: SqliteDriver, clock: HeldClock
) -> None:
    """The old answers stay, the caller hears of it, and the next refresh sees all."""
    works = [True, False, True]

    @asynccontextmanager
    async def failing() -> AsyncIterator[Session]:
        async with migrated.following() as session:
            if not works.pop(0):
                raise Unavailable("the database")
            yield session

    memory = AccessMemory(failing, clock)
    await memory.refresh()
    await add_projects(store, "acme")
    with pytest.raises(Unavailable):
        await memory.refresh()
    before = memory.owner_of("acme/web")
    await memory.refresh()
    assert (before, memory.owner_of("acme/web")) == (None, "acme")


async def test_a_cancelled_change_is_visible_if_it_was_committed(migrated: SqliteDriver, clock: HeldClock) -> None:
    """At whichever pause its request dies, memory and database agree when it is over."""
    memory = AccessMemory(migrated.following, clock)
    store = DatabaseStore(migrated, memory)
    await memory.refresh()
    outcomes = set()
    for pause in itertools.count():
        sid = f"project-{pause}"
        task = asyncio.create_task(cancelled_at(pause, add_projects(store, sid)))
        await asyncio.wait((task,))
        async with store.reading() as tables:
            committed = await tables.projects.get(samples.project(sid).sid) is not None
        assert committed == (memory.owner_of(f"{sid}/web") == sid)
        outcomes.add((task.cancelled(), committed))
        if not task.cancelled():
            break
    assert outcomes == {(True, False), (True, True), (False, True)}


async def test_what_many_hold_is_held_once(store: DatabaseStore, memory: AccessMemory) -> None:
    """Grants by a group or to everybody are the very same objects for each who has them."""
    async with store.writing() as tables:
        for principal in ("group:ops", "allUsers"):
            await tables.bindings.put(samples.binding("acme", principal))
    await memory.refresh()
    ann, bob = (memory.access_of(samples.person(email, "ops")).grants for email in ("ann@x.org", "bob@x.org"))
    assert [mine is yours for mine, yours in zip(ann, bob, strict=True)] == [True, True]


def follow_nothing() -> AbstractAsyncContextManager[Session]:
    raise AssertionError("nothing is to be read")


def test_a_memory_that_was_never_filled_denies(clock: HeldClock) -> None:
    """Default deny from the first moment on."""
    memory = AccessMemory(follow_nothing, clock)
    assert (memory.access_of(samples.person()).grants, memory.credential(bytes(32))) == ((), None)
