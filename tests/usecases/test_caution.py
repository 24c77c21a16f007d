"""What verifications may remove by themselves: little. What is much is left to a sweep, and to a person (decision 2)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.domain.targets import Target
from sidecar.ports.inbox import InboxEvent
from sidecar.usecases import reconcile
from sidecar.usecases.index_events import IndexEvents
from tests.notifications import envelope, event
from tests.usecases.sweeping import SETTLE, World, world

TAGS = 100


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    """A hundred tags, each with a manifest of its own, at the registry and in the index."""
    async with world(tmp_path) as made:
        for number in range(TAGS):
            await made.push("acme/web", f"t{number:02}", number)
        yield made


def put_on_another_storage(here: World) -> None:
    """It knows the repository, and has something, but nothing of what the index holds."""
    here.registry.start_on_an_empty_folder()
    here.registry.catalogue = ["acme/web", "elsewhere/app"]


async def suspect_tags(here: World, first: int, count: int) -> None:
    repository = (await here.database.index.repositories())[0]
    async with here.database.index.applying() as tables:
        for number in range(first, first + count):
            await tables.suspect(repository, Target.TAG, f"t{number:02}", here.clock.now())


async def told(here: World, *events: dict[str, object]) -> None:
    database = here.database
    heard = [InboxEvent(str(one["id"]), "acme/web", "i1", here.clock.now(), envelope(one)) for one in events]
    await database.inbox.put(heard)
    await IndexEvents(database.inbox, database.index, here.clock, SETTLE).run_once(len(heard))


async def test_much_waits_for_a_person(here: World) -> None:
    """Events of every tag, forged or not, while the registry runs on the wrong storage: a sweep stops and asks."""
    put_on_another_storage(here)
    for _ in range(5):
        await here.suspect_everything()
        await here.verified()
    assert len(await here.tags()) == TAGS
    assert await here.database.sweeps.stopped() is not None
    await here.sweep(accepted=True)
    assert await here.tags() == {}


async def test_a_little_at_a_time_is_much_too(here: World) -> None:
    """Ten tags an hour: less than fifty go in a day."""
    put_on_another_storage(here)
    for first in range(0, TAGS, 10):
        await suspect_tags(here, first, 10)
        await here.verified()
        here.clock.advance(hours=1)
    assert len(await here.tags()) > TAGS - 50
    assert await here.database.sweeps.stopped() is not None


async def test_manifests_count_with_their_tags(here: World) -> None:
    """A manifest that is denied would take its tags with it."""
    put_on_another_storage(here)
    repository = (await here.database.index.repositories())[0]
    async with here.database.index.applying() as tables:
        for digest in sorted(await here.manifests())[:40]:
            await tables.suspect(repository, Target.MANIFEST, digest, here.clock.now())
    await here.verified()
    assert len(await here.tags()) == TAGS


async def test_a_little_goes_by_itself(here: World) -> None:
    """Below the bound nobody is asked; what the registry still has stays."""
    for number in range(49):
        del here.registry.tags["acme/web"][f"t{number:02}"]
    await suspect_tags(here, 0, TAGS)
    await here.verified()
    assert len(await here.tags()) == TAGS - 49
    assert await here.database.sweeps.current() is None


async def test_a_day_later_a_little_may_go_again(here: World) -> None:
    """What was removed before doesn't count for ever."""
    for first in (0, 40):
        for number in range(first, first + 40):
            del here.registry.tags["acme/web"][f"t{number:02}"]
        await suspect_tags(here, first, 40)
        await here.verified()
        here.clock.advance(days=1, hours=1)
    assert len(await here.tags()) == TAGS - 80


async def test_an_unknown_repository_is_for_a_sweep(here: World) -> None:
    """However little it is: a registry never forgets a repository, so this one may have been given another storage."""
    here.registry.start_on_an_empty_folder()
    await suspect_tags(here, 0, 3)
    await here.verified()
    assert len(await here.tags()) == TAGS
    assert await here.database.sweeps.stopped() is not None


async def test_a_mistake_that_is_mended_costs_nothing(here: World) -> None:
    """The registry is right again before anybody accepts: the next sweep finds nothing missing, and all goes on."""
    tags, catalogue = here.registry.tags, here.registry.catalogue
    put_on_another_storage(here)
    await here.suspect_everything()
    await here.verified()
    here.registry.tags, here.registry.catalogue = tags, catalogue
    await here.sweep()
    assert len(await here.tags()) == TAGS
    del here.registry.tags["acme/web"]["t00"]
    await suspect_tags(here, 0, 1)
    await here.verified()
    assert len(await here.tags()) == TAGS - 1


async def test_a_mass_deletion_that_events_tell_of_goes_through(here: World) -> None:
    """Somebody has deleted every tag at the registry: its events say so, and no person is asked."""
    here.registry.tags["acme/web"].clear()
    gone = [event(f"d{number}", "delete", second=9, tag=f"t{number:02}", digest="") for number in range(TAGS)]
    await told(here, *gone)
    assert await here.tags() == {}
    await here.verified()
    assert (await here.tags(), await here.database.sweeps.current()) == ({}, None)


async def test_deletions_that_never_happened_are_undone(here: World) -> None:
    """Whoever forges them knows a secret of the registry's; what it still shows is back after the settling time."""
    forged = [event(f"d{number}", "delete", second=9, tag=f"t{number:02}", digest="") for number in range(TAGS)]
    await told(here, *forged)
    here.clock.advance(seconds=timedelta(seconds=5).total_seconds())
    await here.verified()
    assert len(await here.tags()) == TAGS


async def test_what_is_held_behind_the_sweep_is_swept_again(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep under way has looked at that repository already, so that another one follows it."""
    monkeypatch.setattr(reconcile, "_AT_A_TIME", 1)
    await here.push("zoo/last", "v1", TAGS)
    await here.database.sweeps.guard(here.clock.now())
    await here.reconcile.run_once()
    sweep = await here.database.sweeps.current()
    assert sweep is not None
    assert sweep.position == "acme/web"
    del here.registry.tags["acme/web"]["t00"]
    await suspect_tags(here, 0, 1)
    for _ in range(2):
        await here.verify.run_once()
        here.clock.advance(seconds=5)
    assert len(await here.tags()) == TAGS
    await here.verified()
    assert len(await here.tags()) == TAGS - 1
    assert await here.database.sweeps.current() is None
