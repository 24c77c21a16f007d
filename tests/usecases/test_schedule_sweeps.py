"""When sweeps begin by themselves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.ports.inbox import InboxEvent
from sidecar.ports.sweeps import Sweep, SweepReason
from sidecar.usecases.schedule_sweeps import ScheduleSweeps
from tests.usecases.sweeping import World, digest_of, world

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        made.registry.push("acme/web", "v1", digest_of(1))
        yield made


def schedule(here: World, interval: timedelta = HOUR) -> ScheduleSweeps:
    """As of a process that begins now."""
    return ScheduleSweeps(here.database.sweeps, here.noted, here.clock, interval, MINUTE, here.clock.now())


async def begun(here: World, by: ScheduleSweeps) -> Sweep | None:
    await by.run_once()
    return await here.database.sweeps.current()


async def test_the_first_start_begins_one(here: World) -> None:
    """An index that was never compared is compared soon after the start."""
    sweep = await begun(here, schedule(here))
    assert sweep is not None
    assert sweep.order.reason is SweepReason.START


async def test_with_no_interval_none_begins(here: World) -> None:
    """0 turns all of it off."""
    assert await begun(here, schedule(here, timedelta(0))) is None


async def test_a_pause_lies_between_two(here: World) -> None:
    """The interval counts from the end of the last."""
    by = schedule(here)
    await here.sweep()
    assert await begun(here, by) is None
    here.clock.advance(hours=1)
    sweep = await begun(here, by)
    assert sweep is not None
    assert sweep.order.reason is SweepReason.INTERVAL


async def test_a_clock_that_was_ahead_stops_no_sweep(here: World) -> None:
    """A sweep that seems to have begun in a year would be waited for; another begins once, and counts from then on."""
    here.clock.advance(days=365)
    await here.sweep()
    here.clock.advance(days=-366)
    by = schedule(here)
    assert await begun(here, by) is not None
    await here.sweep()
    assert await begun(here, by) is None


async def test_an_unknown_registry_process_begins_one(here: World) -> None:
    """A new source.instanceID means that a queue was lost, and with it events that nobody will ever tell."""
    by = schedule(here)
    await here.sweep()
    here.clock.advance(minutes=2)
    await here.database.inbox.put([InboxEvent("e1", "acme/web", "new", here.clock.now(), b"{}")])
    sweep = await begun(here, by)
    assert sweep is not None
    assert sweep.order.reason is SweepReason.INSTANCE


async def test_sweeps_do_not_pile_up(here: World) -> None:
    """One under way and one that waits, however often it is asked for."""
    by = schedule(here)
    for _ in range(5):
        await by.run_once()
    await here.reconcile.run_once()
    for _ in range(5):
        await by.run_once()
    while await here.reconcile.run_once():
        pass
    assert await here.database.sweeps.current() is None


async def test_none_begins_while_one_waits_for_a_person(here: World) -> None:
    """A stopped sweep is told of until somebody has seen to it."""
    await here.sweep()
    here.registry.start_on_an_empty_folder()
    await here.sweep()
    here.clock.advance(hours=2)
    assert await begun(here, schedule(here)) is None
    assert here.noted.missing is not None
