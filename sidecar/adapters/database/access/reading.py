"""Reads from the database what the access memory holds: everything, or what was touched since a generation.

Every row begins with the subject that the log knows it by. Where the subject is gone, the second column is NULL.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from sidecar.adapters.database.access.snapshot import AccessSnapshot
from sidecar.adapters.database.access_log import Touched, log_state
from sidecar.adapters.database.driver import Row, Session

_ALL_PROJECTS: Final = """
SELECT sid, owns
  FROM project
"""

_TOUCHED_PROJECTS: Final = """
SELECT touched.subject, project.owns
  FROM (SELECT DISTINCT subject FROM access_change WHERE kind = 'project' AND generation > $1) AS touched
  LEFT JOIN project ON project.sid = touched.subject
"""

_ALL_ROLES: Final = """
SELECT project, name, permissions
  FROM role
"""

_TOUCHED_ROLES: Final = """
SELECT touched.subject, role.name, role.permissions
  FROM (SELECT DISTINCT subject FROM access_change WHERE kind = 'roles' AND generation > $1) AS touched
  LEFT JOIN role ON role.project = touched.subject
"""

_ALL_BINDINGS: Final = """
SELECT principal, project, roles, repositories
  FROM binding
 ORDER BY principal, project
"""

_TOUCHED_BINDINGS: Final = """
SELECT touched.subject, binding.project, binding.roles, binding.repositories
  FROM (SELECT DISTINCT subject FROM access_change WHERE kind = 'bindings' AND generation > $1) AS touched
  LEFT JOIN binding ON binding.principal = touched.subject
 ORDER BY touched.subject, binding.project
"""

_ALL_SECRETS: Final = """
SELECT secret.digest, secret.id, secret.kind, secret.principal, secret.principal_kind, secret.expires_at,
       secret.limit_project, secret.limit_permissions, secret.limit_repositories, secret.parent, parent.digest
  FROM issued_secret AS secret
  LEFT JOIN issued_secret AS parent ON parent.id = secret.parent
"""

_TOUCHED_SECRETS: Final = """
SELECT touched.subject, secret.id, secret.kind, secret.principal, secret.principal_kind, secret.expires_at,
       secret.limit_project, secret.limit_permissions, secret.limit_repositories, secret.parent, parent.digest
  FROM (SELECT DISTINCT subject FROM access_change WHERE kind = 'secret' AND generation > $1) AS touched
  LEFT JOIN issued_secret AS secret ON secret.digest = touched.subject
  LEFT JOIN issued_secret AS parent ON parent.id = secret.parent
"""

_ALL_GROUPS: Final = """
SELECT email, groups, told_at
  FROM person_groups
"""

_TOUCHED_GROUPS: Final = """
SELECT touched.subject, person_groups.groups, person_groups.told_at
  FROM (SELECT DISTINCT subject FROM access_change WHERE kind = 'groups' AND generation > $1) AS touched
  LEFT JOIN person_groups ON person_groups.email = touched.subject
"""


@dataclass(frozen=True, slots=True)
class _Queries:
    everything: str
    touched: str


_QUERIES: Final[Mapping[Touched, _Queries]] = {
    Touched.PROJECT: _Queries(_ALL_PROJECTS, _TOUCHED_PROJECTS),
    Touched.ROLES: _Queries(_ALL_ROLES, _TOUCHED_ROLES),
    Touched.BINDINGS: _Queries(_ALL_BINDINGS, _TOUCHED_BINDINGS),
    Touched.SECRET: _Queries(_ALL_SECRETS, _TOUCHED_SECRETS),
    Touched.GROUPS: _Queries(_ALL_GROUPS, _TOUCHED_GROUPS),
}


async def read_everything(session: Session) -> AccessSnapshot:
    """A new snapshot. Between portions of rows others have their turn."""
    snapshot = AccessSnapshot((await log_state(session)).newest)
    for kind, queries in _QUERIES.items():
        async with aclosing(session.stream(queries.everything)) as portions:
            async for rows in portions:
                snapshot.add(kind, rows)
    return snapshot


async def read_touched(session: Session, since: int) -> dict[Touched, list[Row]]:
    """The present rows of all that was touched after this generation, by kind."""
    return {kind: await session.fetch(queries.touched, since) for kind, queries in _QUERIES.items()}
