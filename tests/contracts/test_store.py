"""ports.Store: what a transaction promises."""

import asyncio
from contextlib import suppress

import pytest

from sidecar.domain.names import PrincipalName, ProjectId, RoleName
from sidecar.ports import AccessReader, Store
from tests import samples

ACME = ProjectId("acme")


class Broken(Exception):
    """What a test raises inside a block."""


async def break_off_after_adding(store: Store, sid: str) -> None:
    async with store.writing() as tables:
        await tables.projects.add(samples.project(sid))
        raise Broken


async def test_a_block_that_raises_leaves_nothing_behind(store: Store) -> None:
    """All of it or none of it, and the error reaches the caller."""
    with pytest.raises(Broken):
        await break_off_after_adding(store, "acme")
    async with store.reading() as tables:
        assert await tables.projects.list() == []


async def test_a_block_that_raised_does_not_disturb_the_next(store: Store) -> None:
    """The one after it commits what it wrote, and that alone."""
    with suppress(Broken):
        await break_off_after_adding(store, "lost")
    async with store.writing() as tables:
        await tables.projects.add(samples.project("kept"))
    async with store.reading() as tables:
        assert [project.sid for project in await tables.projects.list()] == ["kept"]


async def test_what_is_not_committed_is_seen_inside_alone(store: Store) -> None:
    """A block reads its own changes; readers see them when it has ended."""
    async with store.writing() as writing, store.reading() as reading:
        await writing.projects.add(samples.project())
        seen = [await tables.projects.get(ACME) is not None for tables in (writing, reading)]
    assert seen == [True, False]


async def test_a_reader_keeps_its_view(store: Store) -> None:
    """Two reads in one block see the same state, whatever is committed between them."""
    async with store.reading() as reading:
        before = await reading.projects.list()
        async with store.writing() as writing:
            await writing.projects.add(samples.project())
        assert await reading.projects.list() == before == []


async def test_a_reader_can_not_write(store: Store) -> None:
    """A write in a reading block is a fault and changes nothing."""
    with pytest.raises(Exception, match="readonly"):
        async with store.reading() as tables:
            await tables.projects.add(samples.project())
    async with store.reading() as tables:
        assert await tables.projects.list() == []


async def test_writing_blocks_run_one_at_a_time(store: Store) -> None:
    """What a block has read is still true when it writes: 20 increments at once lose none."""

    async def increment() -> None:
        async with store.writing() as tables:
            old = await tables.bindings.get("acme", PrincipalName("ann@example.com"))
            count = len(old.roles) if old else 0
            await asyncio.sleep(0)
            await tables.bindings.put(samples.binding("acme", "ann@example.com", *["viewer"] * (count + 1)))

    await asyncio.gather(*(increment() for _ in range(20)))
    async with store.reading() as tables:
        binding = await tables.bindings.get("acme", PrincipalName("ann@example.com"))
        assert binding is not None
        assert len(binding.roles) == 20


async def test_tables_are_of_no_use_after_their_block(store: Store) -> None:
    """A task that outlives its block can't write into the next one's transaction."""
    async with store.writing() as tables:
        stale = tables
    with pytest.raises(RuntimeError, match="has ended"):
        await stale.projects.add(samples.project())


async def test_a_cancelled_block_leaves_nothing_behind(store: Store) -> None:
    """A request that is cancelled between two writes is rolled back before the next block begins."""
    reached = asyncio.Event()

    async def cancelled() -> None:
        async with store.writing() as tables:
            await tables.projects.add(samples.project("lost"))
            reached.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(cancelled())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.writing() as tables:
        assert await tables.projects.list() == []


@pytest.mark.parametrize("change", ["project", "role", "binding", "secret", "removal"])
async def test_each_access_change_is_visible_when_its_block_has_ended(
    store: Store, access: AccessReader, change: str
) -> None:
    """The generation has grown by the time the block is left, without anybody asking for it."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project("other"))
    before = access.generation
    async with store.writing() as tables:
        match change:
            case "project":
                await tables.projects.add(samples.project())
            case "role":
                await tables.roles.put(samples.role("other"))
            case "binding":
                await tables.bindings.put(samples.binding("other"))
            case "secret":
                await tables.secrets.add(samples.secret())
            case _:
                await tables.projects.remove(ProjectId("other"))
    assert access.generation > before


async def test_what_changes_no_access_leaves_the_generation(store: Store, access: AccessReader) -> None:
    """Last uses, accounts without keys, empty removals and failed blocks: answers given before stay good."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.secrets.add(samples.secret("one"))
    before = access.generation
    async with store.writing() as tables:
        await tables.secrets.mark_used({"one": samples.LONG_AGO})
        await tables.accounts.add(samples.account())
        await tables.roles.remove(ACME, RoleName("none"))
        await tables.bindings.remove("acme", PrincipalName("nobody@example.com"))
        await tables.projects.remove(ProjectId("none"))
    with suppress(Broken):
        await break_off_after_adding(store, "lost")
    await access.refresh()
    assert access.generation == before
