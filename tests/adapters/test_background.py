"""Work that repeats."""

import asyncio

import pytest

from sidecar.adapters import background
from sidecar.adapters.background import Repeating
from sidecar.domain.errors import Unavailable
from tests.logged import logging_to_memory


class Work:
    """Counts, and fails while told to (a fake fault)."""

    def __init__(self) -> None:
        self.done = 0
        self.done_thrice = asyncio.Event()
        self.fails = False

    async def __call__(self) -> None:
        self.done += 1
        if self.done == 3:
            self.done_thrice.set()
        if self.fails:
            raise Unavailable("the database")


async def test_it_repeats_while_the_block_runs() -> None:
    """Every so many seconds."""
    work = Work()
    async with Repeating("work", 0.01, work).running():
        await work.done_thrice.wait()


async def test_a_nudge_is_heard_at_once() -> None:
    """Nothing waits for its time when there is something to do, also if it was told while it worked."""
    work = Work()
    repeating = Repeating("work", 3600, work)
    async with asyncio.timeout(5), repeating.running():
        while not work.done_thrice.is_set():
            repeating.nudge()
            await asyncio.sleep(0)


async def test_it_is_done_once_more_at_the_end() -> None:
    """What was noted since the last time is still written."""
    work = Work()
    async with Repeating("work", 3600, work, at_end=True).running():
        pass
    assert work.done == 1


async def test_a_failure_shows_until_the_next_success() -> None:
    """In /readyz, by the kind of the error."""
    work = Work()
    repeating = Repeating("work", 3600, work)
    work.fails = True
    await repeating.once()
    assert repeating.trouble() == "Unavailable"
    work.fails = False
    await repeating.once()
    assert repeating.trouble() is None


async def test_a_failure_is_logged_and_tried_again() -> None:
    """It ends neither the work nor the process."""
    work = Work()
    work.fails = True
    with logging_to_memory() as logged:
        async with Repeating("work", 0.01, work, rest=0.01).running():
            await work.done_thrice.wait()
    assert {line["work"] for line in logged.of("background work failed")} == {"work"}


async def test_what_fails_rests() -> None:
    """A disk that is full isn't told of twenty times a second."""
    work = Work()
    work.fails = True
    with logging_to_memory() as logged:
        async with Repeating("work", 0.001, work).running():
            await asyncio.sleep(0.2)
    assert len(logged.of("background work failed")) == 1


async def test_a_nudge_does_not_cut_the_rest_short() -> None:
    """What fails isn't tried at the pace of what nudges it."""
    work = Work()
    work.fails = True
    with logging_to_memory() as logged:
        repeating = Repeating("work", 0.001, work)
        async with repeating.running():
            for _ in range(20):
                repeating.nudge()
                await asyncio.sleep(0.005)
    assert len(logged.of("background work failed")) == 1


async def test_ending_does_not_wait_for_the_registry() -> None:
    """Work that hangs is cut off, and not begun again."""
    began = 0

    async def hang() -> None:
        nonlocal began
        began += 1
        await asyncio.sleep(60)

    async with asyncio.timeout(5), Repeating("work", 60, hang).running():
        await asyncio.sleep(0.05)
    assert began == 1


async def test_a_full_portion_is_followed_by_the_next_at_once() -> None:
    """More may be waiting; less than a portion means that nothing is."""
    done: list[int] = []
    portions = iter((3, 3, 1))

    async def work() -> int:
        done.append(next(portions, 0))
        return done[-1]

    async with Repeating("work", 3600, work, portion=3).running():
        await asyncio.sleep(0.1)
    assert done == [3, 3, 1]


async def test_what_comes_close_together_is_done_together() -> None:
    """A nudge waits a moment for the next ones."""
    work = Work()
    repeating = Repeating("work", 3600, work, gather=0.1)
    async with repeating.running():
        await asyncio.sleep(0.05)
        for _ in range(5):
            repeating.nudge()
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
    assert work.done == 2


async def test_what_goes_on_failing_is_told_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that is away for ten minutes leaves ten lines and not hundreds; each new outage is told at once."""
    work = Work()
    work.fails = True
    repeating = Repeating("work", 3600, work)
    with logging_to_memory() as logged:
        for _ in range(5):
            await repeating.once()
        assert len(logged.of("background work failed")) == 1
        work.fails = False
        await repeating.once()
        work.fails = True
        await repeating.once()
        assert len(logged.of("background work failed")) == 2
        monkeypatch.setattr(background, "TOLD_AGAIN_SECONDS", 0.0)
        await repeating.once()
        assert len(logged.of("background work failed")) == 3
