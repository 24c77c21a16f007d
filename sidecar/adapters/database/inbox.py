"""ports.Inbox: what was received and not yet applied, and the quarantine. Deliveries that wait are committed together.

A registry sends one event at a time and waits for each answer, so who comes alone goes straight to the writer. Many
registries don't wait for each other: whoever arrives while a commit is under way shares the next one.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.columns import optional_time_of, time_column, time_of
from sidecar.adapters.database.driver import Driver, Row, Session
from sidecar.domain.audit import AuditEntry
from sidecar.ports.inbox import InboxEvent, InboxState, Quarantined

_OVERHEAD: Final = 512
"""Bytes that an item of the quarantine counts for besides its content, so that many empty ones are bounded, too."""

_RESOLUTION: Final = 1_000_000
"""Microseconds within which an instance's last event is not noted anew: nobody asks for its age more finely."""

_PUT: Final = """
INSERT INTO inbox (event, repository, instance, received_at, document)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (event) DO NOTHING
"""

_SEEN: Final = """
INSERT INTO registry_instance (instance, first_event_at, last_event_at)
VALUES ($1, $2, $2)
    ON CONFLICT (instance) DO UPDATE
   SET last_event_at = excluded.last_event_at
"""

_HEARD: Final = """
INSERT INTO registry_instance (instance, first_event_at, last_event_at)
VALUES ($1, $2, 0)
    ON CONFLICT (instance) DO NOTHING
"""

_CLAIM: Final = """
SELECT event, repository, instance, received_at, document, sequence
  FROM inbox
 ORDER BY sequence
 LIMIT $1
"""

_QUARANTINE: Final = """
INSERT INTO quarantine (reason, content_type, address, received_at, content)
VALUES ($1, $2, $3, $4, $5)
"""

_QUARANTINED: Final = """
SELECT reason, content_type, address, received_at, content, id
  FROM quarantine
 WHERE id > $1
 ORDER BY id
 LIMIT $2
"""

_GET_QUARANTINED: Final = """
SELECT reason, content_type, address, received_at, content, id
  FROM quarantine
 WHERE id = $1
"""

_QUARANTINED_BYTES: Final = f"""
SELECT coalesce(sum(length(content) + {_OVERHEAD}), 0)
  FROM quarantine
"""  # noqa: S608 - made of constants

_DROP: Final = """
DELETE FROM quarantine
 WHERE id = $1
"""

_STATE: Final = """
SELECT (SELECT count(*) FROM inbox),
       (SELECT received_at FROM inbox ORDER BY sequence LIMIT 1),
       (SELECT count(*) FROM quarantine)
"""

_INSTANCES: Final = """
SELECT instance, last_event_at
  FROM registry_instance
 WHERE last_event_at > 0
"""


@dataclass
class _Batch:
    """Deliveries that share one commit."""

    events: list[InboxEvent] = field(default_factory=list)
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    failure: BaseException | None = None


class InboxStore:
    """ports.Inbox on a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._committing = False
        self._waiting = _Batch()
        self._others: asyncio.Task[None] | None = None
        self._heard: dict[str, int] = {}

    async def put(self, events: Sequence[InboxEvent]) -> None:
        """The events of a cancelled caller may be stored all the same: an id seen twice is free."""
        if self._committing:
            await self._put_with_others(events)
            return
        self._committing = True
        try:
            await self._write(events)
        finally:
            self._go_on()

    async def _put_with_others(self, events: Sequence[InboxEvent]) -> None:
        batch = self._waiting
        batch.events.extend(events)
        await batch.committed.wait()
        if batch.failure is not None:
            raise batch.failure

    def _go_on(self) -> None:
        """Whoever came first has its answer; who came meanwhile shares the next commits."""
        self._committing = bool(self._waiting.events)
        if self._committing:
            self._others = asyncio.create_task(self._commit_others())

    async def _commit_others(self) -> None:
        """One batch after the other, until nobody waits."""
        try:
            while self._waiting.events:
                batch, self._waiting = self._waiting, _Batch()
                await self._commit(batch)
        finally:
            self._committing = False

    async def _commit(self, batch: _Batch) -> None:
        try:
            await self._write(batch.events)
        except BaseException as failure:
            batch.failure = failure
            if not isinstance(failure, Exception):
                raise
        finally:
            batch.committed.set()

    async def _write(self, events: Sequence[InboxEvent]) -> None:
        heard = self._newly_heard(events)
        await self._driver.write(lambda session: _store(session, events, heard))
        self._heard.update(heard)

    def _newly_heard(self, events: Sequence[InboxEvent]) -> dict[str, int]:
        """Instance → when its newest event here came, where that has to be noted."""
        newest = {event.instance: time_column(event.received_at) for event in events if event.instance}
        return {name: at for name, at in newest.items() if abs(at - self._heard.get(name, 0)) >= _RESOLUTION}

    async def heard(self, instances: Collection[str], at: datetime) -> None:
        rows = [(instance, time_column(at)) for instance in instances]
        await self._driver.write(lambda session: session.execute_many(_HEARD, rows))

    async def quarantine(self, items: Sequence[Quarantined], most_bytes: int) -> int:
        async with self._driver.writing() as session:
            ((held,),) = await session.fetch(_QUARANTINED_BYTES)
            kept = []
            for item in items:
                held += len(item.content) + _OVERHEAD
                if held > most_bytes:
                    break
                kept.append(_quarantine_columns(item))
            await session.execute_many(_QUARANTINE, kept)
        return len(kept)

    async def claim(self, limit: int) -> list[InboxEvent]:
        rows = await self._driver.read(lambda session: session.fetch(_CLAIM, limit))
        return [_event(row) for row in rows]

    async def state(self) -> InboxState:
        ((depth, oldest, quarantined),), ((held,),), instances = await self._driver.read(_state)
        return InboxState(
            depth=depth,
            oldest=optional_time_of(oldest),
            quarantined=quarantined,
            quarantined_bytes=held,
            last_event={instance: time_of(last) for instance, last in instances},
        )

    async def quarantined(self, limit: int, after: int = 0) -> list[Quarantined]:
        async with self._driver.reading() as session:
            return [_quarantined(row) for row in await session.fetch(_QUARANTINED, after, limit)]

    async def get_quarantined(self, quarantined: int) -> Quarantined | None:
        async with self._driver.reading() as session:
            row = await session.fetch_one(_GET_QUARANTINED, quarantined)
        return None if row is None else _quarantined(row)

    async def drop(self, quarantined: int, audited: AuditEntry) -> bool:
        async with self._driver.writing() as session:
            if not await session.execute(_DROP, quarantined):
                return False
            await AuditTable(session).record(audited)
            return True


async def _state(session: Session) -> tuple[list[Row], list[Row], list[Row]]:
    return await session.fetch(_STATE), await session.fetch(_QUARANTINED_BYTES), await session.fetch(_INSTANCES)


async def _store(session: Session, events: Sequence[InboxEvent], heard: Mapping[str, int]) -> None:
    await session.execute_many(_PUT, [_event_columns(event) for event in events])
    if heard:
        await session.execute_many(_SEEN, list(heard.items()))


def _event_columns(event: InboxEvent) -> tuple[str, str, str, int, bytes]:
    return (event.event, event.repository, event.instance, time_column(event.received_at), event.document)


def _event(row: Row) -> InboxEvent:
    event, repository, instance, received_at, document, sequence = row
    return InboxEvent(event, repository, instance, time_of(received_at), document, sequence)


def _quarantine_columns(item: Quarantined) -> tuple[str, str, str, int, bytes]:
    return (item.reason, item.content_type, item.address, time_column(item.received_at), item.content)


def _quarantined(row: Row) -> Quarantined:
    reason, content_type, address, received_at, content, identifier = row
    return Quarantined(reason, content_type, address, time_of(received_at), content, identifier)
