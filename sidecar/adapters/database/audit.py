"""ports.Audit and ports.AuditLog: entries as rows, newest first, cut by place and never by number."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sidecar.adapters.database.columns import time_column, time_of
from sidecar.adapters.database.driver import Driver, Row, Session, Value
from sidecar.adapters.database.newest_first import newest_first
from sidecar.domain.actors import Actor
from sidecar.domain.audit import AuditEntry, Outcome, Resource, Snapshot
from sidecar.ports.auditing import AuditQuery

_RECORD: Final = """
INSERT INTO audit (at, project, actor, actor_kind, credential, address, request, action, resource_type, resource,
                   outcome, before, after, count, last_at, gathered)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (gathered) DO UPDATE
   SET count = audit.count + excluded.count, last_at = excluded.last_at
"""

_READ: Final = """
SELECT id, at, project, actor, actor_kind, credential, address, request, action, resource_type, resource,
       outcome, before, after, count, last_at
  FROM audit
"""

_FORGET_OLD: Final = """
DELETE FROM audit
 WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT $2)
"""

_FORGET_GATHERED: Final = """
DELETE FROM audit
 WHERE id IN (SELECT id
                FROM audit
               WHERE gathered IS NOT NULL
                 AND (at, id) < (SELECT at, id
                                   FROM audit
                                  WHERE gathered IS NOT NULL
                                  ORDER BY at DESC, id DESC
                                  LIMIT 1 OFFSET $1)
               ORDER BY at, id
               LIMIT $2)
"""


class AuditTable:
    """ports.Audit in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, entry: AuditEntry) -> None:
        await self._session.execute(_RECORD, *_columns(entry))


class AuditStore:
    """ports.AuditLog on a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        rows = [_columns(entry) for entry in entries]
        await self._driver.write(lambda session: session.execute_many(_RECORD, rows))

    async def read(self, query: AuditQuery) -> list[AuditEntry]:
        sql, parameters = statement_of(query)

        async def read(session: Session) -> list[AuditEntry]:
            return [_entry(row) for row in await session.fetch(sql, *parameters)]

        return await self._driver.read(read)

    async def prune(self, before: datetime, most_gathered: int, portion: int) -> int:
        async def forget(session: Session) -> int:
            old = await session.execute(_FORGET_OLD, time_column(before), portion)
            return old + await session.execute(_FORGET_GATHERED, most_gathered - 1, portion)

        return await self._driver.write(forget)


def statement_of(query: AuditQuery) -> tuple[str, list[Value]]:
    conditions: dict[str, Value] = {
        "project = ": query.project,
        "resource_type = ": query.resource_type,
        "actor = ": query.actor,
        "outcome = ": query.outcome,
        "at >= ": None if query.since is None else time_column(query.since),
        "at < ": None if query.until is None else time_column(query.until),
    }
    return newest_first(_READ, "at", conditions, query.beyond, query.limit)


def _columns(entry: AuditEntry) -> tuple[Value, ...]:
    actor, resource = entry.actor, entry.resource
    return (
        time_column(entry.at),
        resource.project,
        actor.name,
        actor.kind,
        actor.credential,
        actor.address,
        actor.request,
        entry.action,
        resource.type,
        resource.id,
        entry.outcome,
        _document(entry.before),
        _document(entry.after),
        entry.count,
        time_column(entry.last_at or entry.at),
        entry.gathered,
    )


def _document(snapshot: Snapshot | None) -> str | None:
    return None if snapshot is None else json.dumps(snapshot, ensure_ascii=False, separators=(",", ":"))


def _entry(row: Row) -> AuditEntry:
    identifier, at, project, name, kind, credential, address, request, action, resource_type, resource = row[:11]
    outcome, before, after, count, last_at = row[11:]
    return AuditEntry(
        at=time_of(at),
        actor=Actor(name, kind, credential, address, request),
        action=action,
        resource=Resource(resource_type, resource, project),
        outcome=Outcome(outcome),
        before=None if before is None else json.loads(before),
        after=None if after is None else json.loads(after),
        count=count,
        last_at=time_of(last_at),
        id=identifier,
    )
