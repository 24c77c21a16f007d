"""How deliveries share commits: one alone has its own, those that come together have few."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest

from sidecar.adapters.database.driver import Driver, Work
from sidecar.adapters.database.inbox import InboxStore
from sidecar.adapters.database.opening import open_database
from sidecar.adapters.database.sqlite.driver import SqliteDriver
from sidecar.domain.errors import Unavailable
from sidecar.domain.names import RepositoryName
from sidecar.ports.inbox import InboxEvent
from tests.fakes import HeldClock

T = TypeVar("T")

SENDERS = 50


class CountingDriver:
    """The writes that a driver was asked for; each fails while `broken`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.writes = 0
        self.broken = False

    async def write(self, work: Work[T]) -> T:
        self.writes += 1
        if self.broken:
            await asyncio.sleep(0)
            raise Unavailable("the database")
        return await self._driver.write(work)

    async def read(self, work: Work[T]) -> T:
        return await self._driver.read(work)


@pytest.fixture
async def counting(tmp_path: Path) -> AsyncIterator[CountingDriver]:
    async with open_database(tmp_path / "sidecar.db", HeldClock()):
        pass
    async with SqliteDriver.alone_on(tmp_path / "sidecar.db") as driver:
        yield CountingDriver(driver)


@pytest.fixture
def inbox(counting: CountingDriver) -> InboxStore:
    return InboxStore(counting)  # type: ignore[arg-type]  # what it doesn't use is left out


def event(number: int, clock: HeldClock, instance: str = "i1") -> InboxEvent:
    return InboxEvent(f"e{number}", RepositoryName("acme/web"), instance, clock.now(), b"{}")


async def test_deliveries_that_come_together_share_a_commit(inbox: InboxStore, counting: CountingDriver) -> None:
    """The first goes alone, the rest wait for it and then go together; all of them are stored."""
    clock = HeldClock()
    await asyncio.gather(*(inbox.put([event(number, clock)]) for number in range(SENDERS)))
    assert (counting.writes, (await inbox.state()).depth) == (2, SENDERS)


async def test_a_failed_commit_is_told_to_all_who_shared_it(inbox: InboxStore, counting: CountingDriver) -> None:
    """Nobody is answered 200 for what is not stored, nobody waits for ever, and the next one is stored."""
    clock, counting.broken = HeldClock(), True
    outcomes = await asyncio.gather(
        *(inbox.put([event(number, clock)]) for number in range(SENDERS)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    counting.broken = False
    await inbox.put([event(SENDERS, clock)])
    assert (await inbox.state()).depth == 1


async def test_an_instance_is_noted_at_most_once_a_second(inbox: InboxStore) -> None:
    """Its last event is known to the second, also after a clock that was ahead is set right."""
    clock = HeldClock()
    began = clock.now()
    seen = []
    for number, later in enumerate((0.0, 0.5, 1.0, 3600.0, -3599.0)):
        clock.advance(seconds=later)
        await inbox.put([event(number, clock)])
        seen.append(((await inbox.state()).last_event["i1"] - began).total_seconds())
    assert seen == [0, 0, 1.5, 3601.5, 2.5]
