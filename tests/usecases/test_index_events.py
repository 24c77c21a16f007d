"""From the inbox into the index, in order, each exactly once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sidecar.adapters.database import Database
from sidecar.adapters.database.index.store import IndexSession
from sidecar.adapters.database.sqlite.driver import look_up
from sidecar.domain.errors import Unavailable
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target
from sidecar.ports.inbox import InboxEvent
from sidecar.usecases.index_events import IndexEvents
from tests.fakes import HeldClock
from tests.notifications import DIGEST, envelope, event

WEB = RepositoryName("acme/web")
SETTLE = timedelta(seconds=5)
Put = Callable[..., Awaitable[None]]


@pytest.fixture
def index_events(database: Database, clock: HeldClock) -> IndexEvents:
    return IndexEvents(database.inbox, database.index, clock, SETTLE)


@pytest.fixture
def put(database: Database, clock: HeldClock) -> Put:
    """Stores events as the door would."""

    async def put(*events: dict[str, Any]) -> None:
        await database.inbox.put(
            [InboxEvent(item["id"], "acme/web", "i1", clock.now(), envelope(item)) for item in events]
        )

    return put


async def test_what_waits_is_applied_and_leaves_the_inbox(
    index_events: IndexEvents, database: Database, put: Put
) -> None:
    """One run applies what waits, and tells how much it was."""
    await put(event("e1", tag="v1"), event("e2", tag="v2", second=1))
    assert await index_events.run_once() == 2
    assert (await database.inbox.state()).depth == 0
    assert await database.index.tags(WEB) == {"v1": DIGEST, "v2": DIGEST}


async def test_no_work_is_told_as_none(index_events: IndexEvents) -> None:
    """An empty inbox lets the worker rest."""
    assert await index_events.run_once() == 0


@pytest.mark.parametrize(
    ("written", "target", "key"),
    [
        (event("e1", tag="v1"), Target.TAG, "v1"),
        (event("e1"), Target.MANIFEST, DIGEST),
        (event("e1", "delete", tag="v0", digest=""), Target.TAG, "v0"),
        (event("e1", "delete"), Target.MANIFEST, DIGEST),
    ],
)
async def test_what_was_touched_is_verified_once_it_settled(
    index_events: IndexEvents,
    database: Database,
    clock: HeldClock,
    put: Put,
    written: dict[str, Any],
    target: Target,
    key: str,
) -> None:
    """Decision 1: an event is applied at once and believed later."""
    await put(event("e0", tag="first"))
    await index_events.run_once()
    await put(written)
    await index_events.run_once()
    clock.advance(seconds=5)
    assert (target, key) in [(due.target, due.key) for due in await database.index.due(10, clock.now())]


async def test_one_that_cannot_be_applied_is_quarantined(
    index_events: IndexEvents, database: Database, clock: HeldClock, put: Put
) -> None:
    """The culprit alone goes to quarantine, whole; those before and behind it are applied."""
    await put(event("e1", tag="v1"))
    await database.inbox.put([InboxEvent("e2", "acme/web", "i1", clock.now(), b"{}")])
    await put(event("e3", tag="v3"))
    await index_events.run_once()
    assert (await database.index.tags(WEB)).keys() == {"v1", "v3"}
    (kept,) = await database.inbox.quarantined(10)
    assert (kept.reason, kept.content) == ("could not be applied: Unreadable", b"{}")
    assert (await database.inbox.state()).depth == 0


async def test_a_database_that_fails_quarantines_nothing(
    index_events: IndexEvents, database: Database, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is no fault of the event: it waits and is applied later."""

    async def full_disk(*_: object) -> None:
        raise Unavailable("the database")

    await put(event("e1", tag="v1"))
    with monkeypatch.context() as broken:
        broken.setattr(IndexSession, "push", full_disk)
        with pytest.raises(Unavailable):
            await index_events.run_once()
    assert await database.inbox.quarantined(10) == []
    await index_events.run_once()
    assert await database.index.tags(WEB) == {"v1": DIGEST}


async def test_an_event_that_comes_again_after_it_was_applied_changes_nothing(
    index_events: IndexEvents, database: Database, put: Put
) -> None:
    """The registry may repeat an event late: what came after it stands."""
    await put(event("e1", tag="v1"))
    await put(event("e2", "delete", second=1))
    await index_events.run_once()
    await put(event("e1", tag="v1"))
    await index_events.run_once()
    assert (await database.index.tags(WEB), await database.index.manifests(WEB)) == ({}, {})


async def test_a_throwaway_is_not_learnt(
    index_events: IndexEvents, database: Database, clock: HeldClock, put: Put
) -> None:
    """Decision 10: what the sidecar itself pushes under a tag, to take it away, is only a reason to ask."""
    await put(event("e1", tag="v1"), event("e2", tag="v2"))
    await index_events.run_once()
    throwaway = "sha256:" + "b" * 64
    await put(event("e3", second=1, tag="v1", digest=throwaway, actor="sidecar"))
    await put(event("e4", "delete", second=2, digest=throwaway, actor="sidecar"))
    await index_events.run_once()
    assert await database.index.tags(WEB) == {"v1": DIGEST, "v2": DIGEST}
    assert set(await database.index.manifests(WEB)) == {DIGEST}
    clock.advance(seconds=5)
    assert (Target.TAG, "v1") in [(due.target, due.key) for due in await database.index.due(10, clock.now())]


async def test_our_own_deletion_is_not_the_sidecars_in_the_history(
    index_events: IndexEvents, database: Database, put: Put, tmp_path: Path
) -> None:
    """The tag goes by the registry's clock; whose deletion it was is written by whoever asked for it."""
    await put(event("e1", tag="v1"))
    await put(event("e2", "delete", second=1, tag="v1", digest="", actor="sidecar"))
    await index_events.run_once()
    assert await database.index.tags(WEB) == {}
    rows = await look_up(tmp_path / "sidecar.db", "SELECT action FROM tag_history")
    assert [action for (action,) in rows] == ["push"]
