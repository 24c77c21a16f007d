"""ports.Sweeps, and what a running sweep writes: where each stands, and what it found."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.columns import (
    optional_time_column,
    optional_time_of,
    time_column,
    time_of,
)
from sidecar.adapters.database.driver import Driver, Row, Session
from sidecar.domain.audit import AuditEntry
from sidecar.domain.digests import Digest
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.targets import Target
from sidecar.ports.sweeps import Drift, DriftKind, Sweep, SweepOrder, SweepReason, SweepStage

KEPT_SWEEPS: Final = 200

_SELECT: Final = """
SELECT id, reason, project, dry_run, accepted, stage, requested_at, started_at, finished_at,
       position, repositories, swept, checked, unanswered, tags
  FROM sweep
"""

_GET: Final = f"""{_SELECT}
 WHERE id = $1
"""

_CURRENT: Final = f"""{_SELECT}
 WHERE stage IN ('sweeping', 'confirming', 'waiting')
 ORDER BY stage = 'waiting', id
 LIMIT 1
"""

_LAST_FULL: Final = f"""{_SELECT}
 WHERE project IS NULL AND dry_run = 0 AND stage <> 'waiting'
 ORDER BY id DESC
 LIMIT 1
"""

_FINISHED_FULL: Final = f"""{_SELECT}
 WHERE project IS NULL AND dry_run = 0 AND stage = 'done' AND unanswered = 0
 ORDER BY id DESC
 LIMIT 1
"""

_WAITING_LIKE: Final = f"""{_SELECT}
 WHERE stage = 'waiting' AND coalesce(project, '') = $1 AND dry_run = $2
 ORDER BY id
 LIMIT 1
"""

_STOPPED: Final = f"""{_SELECT}
 WHERE stage = 'stopped'
   AND NOT EXISTS (SELECT 1
                     FROM sweep AS later
                    WHERE later.id > sweep.id AND later.dry_run = 0 AND later.stage <> 'waiting'
                      AND (later.project IS NULL OR later.project = sweep.project))
 ORDER BY id DESC
 LIMIT 1
"""  # noqa: S608 - made of constants
"""A sweep of one project says nothing of what one of all stopped for."""

_ADD: Final = """
INSERT INTO sweep (reason, project, dry_run, accepted, stage, requested_at)
VALUES ($1, $2, $3, $4, 'waiting', $5)
RETURNING id
"""

_REOPEN: Final = """
UPDATE sweep
   SET stage = 'sweeping', accepted = 1, finished_at = NULL, position = '', swept = 0, checked = 0, unanswered = 0
 WHERE id = $1
"""
"""It looks at everything anew: while it was stopped, verifications left to it what they held back."""

_ACCEPT: Final = """
UPDATE sweep
   SET accepted = 1
 WHERE id = $1
"""

_GUARD: Final = """
UPDATE sweep
   SET guards = 1
 WHERE id = $1
"""

_GUARDING: Final = """
SELECT 1
  FROM sweep
 WHERE guards = 1 AND stage IN ('sweeping', 'confirming', 'waiting')
 LIMIT 1
"""

_FOR_A_REASON: Final = """
UPDATE sweep
   SET reason = $2
 WHERE id = $1
"""

_PRUNE: Final = """
DELETE FROM sweep
 WHERE id <= $1
"""

_PUT: Final = """
UPDATE sweep
   SET stage = $2, started_at = $3, finished_at = $4, position = $5, repositories = $6, swept = $7, checked = $8,
       unanswered = $9, tags = $10
 WHERE id = $1
"""

_DRIFTED: Final = """
INSERT INTO drift (sweep, repository, target, key, kind, before, after, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (sweep, repository, target, key) DO UPDATE
   SET kind = excluded.kind, before = excluded.before, after = excluded.after, found_at = excluded.found_at
"""

_RETRACT: Final = """
DELETE FROM drift
 WHERE sweep = $1 AND repository = $2 AND target = $3 AND key = $4
"""

_COUNTS: Final = """
SELECT kind, target, count(*)
  FROM drift
 WHERE sweep = $1
 GROUP BY kind, target
"""

_DRIFT: Final = """
SELECT repository, target, key, kind, before, after, found_at
  FROM drift
 WHERE sweep = $1 AND ($2 = '' OR kind = $2)
 ORDER BY repository, target, key
 LIMIT $3
"""

_NEWEST_INSTANCE: Final = """
SELECT max(first_event_at)
  FROM registry_instance
"""


class SweepTable:
    """What a running sweep writes, in the transaction of what it changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, sweep: Sweep) -> None:
        await self._session.execute(
            _PUT,
            sweep.id,
            sweep.stage,
            optional_time_column(sweep.started_at),
            optional_time_column(sweep.finished_at),
            sweep.position,
            sweep.repositories,
            sweep.swept,
            sweep.checked,
            sweep.unanswered,
            sweep.tags,
        )

    async def drifted(self, sweep: int, drift: Drift) -> None:
        found_at = time_column(drift.found_at)
        columns = (drift.repository, drift.target, drift.key, drift.kind, drift.before, drift.after, found_at)
        await self._session.execute(_DRIFTED, sweep, *columns)

    async def retract(self, sweep: int, drift: Drift) -> None:
        await self._session.execute(_RETRACT, sweep, drift.repository, drift.target, drift.key)


class SweepStore:
    """ports.Sweeps on a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def request(
        self, order: SweepOrder, at: datetime, audited: Callable[[Sweep], AuditEntry] | None = None
    ) -> Sweep:
        async with self._driver.writing() as session:
            sweep = await _requested(session, order, at)
            if audited is not None:
                await AuditTable(session).record(audited(sweep))
            return sweep

    async def guard(self, at: datetime) -> None:
        async with self._driver.writing() as session:
            sweep = await _requested(session, SweepOrder(SweepReason.DENIALS), at)
            await session.execute(_GUARD, sweep.id)

    async def guards(self) -> bool:
        async with self._driver.reading() as session:
            return bool(await session.fetch(_GUARDING) or await session.fetch(_STOPPED))

    async def get(self, identifier: int) -> Sweep | None:
        return await self._one(_GET, identifier)

    async def current(self) -> Sweep | None:
        return await self._one(_CURRENT)

    async def last_full(self) -> Sweep | None:
        return await self._one(_LAST_FULL)

    async def stopped(self) -> Sweep | None:
        return await self._one(_STOPPED)

    async def finished_full(self) -> Sweep | None:
        return await self._one(_FINISHED_FULL)

    async def newest_instance_at(self) -> datetime | None:
        ((newest,),) = await self._driver.read(lambda session: session.fetch(_NEWEST_INSTANCE))
        return optional_time_of(newest)

    async def counts(self, sweep: int) -> Mapping[tuple[DriftKind, Target], int]:
        rows = await self._driver.read(lambda session: session.fetch(_COUNTS, sweep))
        return {(DriftKind(kind), Target(target)): count for kind, target, count in rows}

    async def drift(self, sweep: int, limit: int, kind: DriftKind | None = None) -> list[Drift]:
        rows = await self._driver.read(lambda session: session.fetch(_DRIFT, sweep, kind or "", limit))
        return [_drift(row) for row in rows]

    async def _one(self, sql: str, *parameters: int) -> Sweep | None:
        return _optional(await self._driver.read(lambda session: session.fetch_one(sql, *parameters)))


async def _requested(session: Session, order: SweepOrder, at: datetime) -> Sweep:
    stopped = _optional(await session.fetch_one(_STOPPED))
    if order.accepted and stopped is not None and order.project in (None, stopped.order.project):
        await session.execute(_REOPEN, stopped.id)
        return _sweep((await session.fetch(_GET, stopped.id))[0])
    waiting = _optional(await session.fetch_one(_WAITING_LIKE, order.project or "", int(order.dry_run)))
    if waiting is not None:
        identifier = waiting.id
        if waiting.order.reason is SweepReason.INTERVAL:
            await session.execute(_FOR_A_REASON, identifier, order.reason)
    else:
        columns = (order.reason, order.project, int(order.dry_run), int(order.accepted), time_column(at))
        ((identifier,),) = await session.fetch(_ADD, *columns)
        await session.execute(_PRUNE, identifier - KEPT_SWEEPS)
    if order.accepted:
        await session.execute(_ACCEPT, identifier)
    return _sweep((await session.fetch(_GET, identifier))[0])


def _optional(row: Row | None) -> Sweep | None:
    return None if row is None else _sweep(row)


def _sweep(row: Row) -> Sweep:
    identifier, reason, project, dry_run, accepted, stage, requested_at, started_at, finished_at, *counts = row
    position, repositories, swept, checked, unanswered, tags = counts
    order = SweepOrder(
        SweepReason(reason), None if project is None else ProjectId(project), bool(dry_run), bool(accepted)
    )
    return Sweep(
        id=identifier,
        order=order,
        stage=SweepStage(stage),
        requested_at=time_of(requested_at),
        started_at=optional_time_of(started_at),
        finished_at=optional_time_of(finished_at),
        position=position,
        repositories=repositories,
        swept=swept,
        checked=checked,
        unanswered=unanswered,
        tags=tags,
    )


def _drift(row: Row) -> Drift:
    repository, target, key, kind, before, after, found_at = row
    return Drift(
        repository=RepositoryName(repository),
        target=Target(target),
        key=key,
        kind=DriftKind(kind),
        before=None if before is None else Digest(before),
        after=None if after is None else Digest(after),
        found_at=time_of(found_at),
    )
