"""ports.Denials: one row for each principal, repository and action, the latest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sidecar.adapters.database.columns import time_column, time_of
from sidecar.adapters.database.driver import Driver, Row, Session, Value
from sidecar.adapters.database.newest_first import newest_first
from sidecar.domain.denials import Denial, Denied
from sidecar.domain.tally import Counted
from sidecar.ports.denials import DenialQuery

_ADD: Final = """
INSERT INTO denial (project, principal, repository, action, missing, count, first_at, last_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (project, principal, repository, action) DO UPDATE
   SET missing = excluded.missing, count = denial.count + excluded.count, last_at = excluded.last_at
"""

_BOUND_PROJECT: Final = """
DELETE FROM denial
 WHERE project = $1
   AND (last_at, id) < (SELECT last_at, id
                          FROM denial
                         WHERE project = $1
                         ORDER BY last_at DESC, id DESC
                         LIMIT 1 OFFSET $2)
"""

_BOUND: Final = """
DELETE FROM denial
 WHERE (last_at, id) < (SELECT last_at, id
                          FROM denial
                         ORDER BY last_at DESC, id DESC
                         LIMIT 1 OFFSET $1)
"""

_FORGET: Final = """
DELETE FROM denial
 WHERE last_at < $1
"""

_READ: Final = """
SELECT id, project, principal, repository, action, missing, count, first_at, last_at
  FROM denial
"""


class DenialStore:
    """ports.Denials on a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def add(self, counted: Sequence[Counted[Denial]], most_of_project: int, most: int) -> None:
        rows = [_columns(each) for each in counted]
        projects = sorted({each.key.project for each in counted})

        async def add(session: Session) -> None:
            await session.execute_many(_ADD, rows)
            for project in projects:
                await session.execute(_BOUND_PROJECT, project, most_of_project - 1)
            await session.execute(_BOUND, most - 1)

        await self._driver.write(add)

    async def read(self, query: DenialQuery) -> list[Denied]:
        sql, parameters = _statement_of(query)

        async def read(session: Session) -> list[Denied]:
            return [_denied(row) for row in await session.fetch(sql, *parameters)]

        return await self._driver.read(read)

    async def forget(self, before: datetime) -> None:
        async def forget(session: Session) -> None:
            await session.execute(_FORGET, time_column(before))

        await self._driver.write(forget)


def _statement_of(query: DenialQuery) -> tuple[str, list[Value]]:
    conditions: dict[str, Value] = {
        "project = ": query.project,
        "principal = ": query.principal,
        "repository = ": query.repository,
        "last_at >= ": None if query.since is None else time_column(query.since),
    }
    return newest_first(_READ, "last_at", conditions, query.beyond, query.limit)


def _columns(counted: Counted[Denial]) -> tuple[Value, ...]:
    denial = counted.key
    return (
        denial.project,
        denial.principal,
        denial.repository,
        denial.action,
        denial.missing,
        counted.count,
        time_column(counted.first),
        time_column(counted.last),
    )


def _denied(row: Row) -> Denied:
    identifier, project, principal, repository, action, missing, count, first_at, last_at = row
    denial = Denial(project, principal, repository, action, missing)
    return Denied(identifier, denial, count, time_of(first_at), time_of(last_at))
