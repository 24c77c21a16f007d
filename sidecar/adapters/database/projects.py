"""ports.Projects: the projects, and what they own. A removal takes all that is in the project with it."""

from typing import Final

from sidecar.adapters.database.access_log import AccessChanges, Touched
from sidecar.adapters.database.bindings import BindingTable
from sidecar.adapters.database.columns import list_column, list_of, time_column, time_of
from sidecar.adapters.database.driver import Row, Session
from sidecar.adapters.database.issued_secrets import IssuedSecretTable
from sidecar.domain.errors import AlreadyExists
from sidecar.domain.names import ProjectId
from sidecar.domain.ownership import OwnedName
from sidecar.domain.tenancy import Project

_ADD: Final = """
INSERT INTO project (sid, name, owns, created_at, created_by)
VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
"""

_GET: Final = """
SELECT sid, name, owns, created_at, created_by
  FROM project
 WHERE sid = $1
"""

_LIST: Final = """
SELECT sid, name, owns, created_at, created_by
  FROM project
 ORDER BY sid
"""

_REPLACE: Final = """
UPDATE project
   SET name = $2, owns = $3, created_at = $4, created_by = $5
 WHERE sid = $1
"""

_FORGET_DENIALS: Final = """
DELETE FROM denial
 WHERE project = $1
"""

_REMOVE: Final = """
DELETE FROM project
 WHERE sid = $1
"""


class ProjectTable:
    """ports.Projects in one transaction."""

    def __init__(
        self, session: Session, changes: AccessChanges, bindings: BindingTable, secrets: IssuedSecretTable
    ) -> None:
        self._session = session
        self._changes = changes
        self._bindings = bindings
        self._secrets = secrets

    async def add(self, project: Project) -> None:
        """What was denied in an earlier project of this sid would be counted on in the new one, and is forgotten."""
        if not await self._session.execute(_ADD, *_columns(project)):
            raise AlreadyExists("project")
        await self._session.execute(_FORGET_DENIALS, project.sid)
        self._changes.touch(Touched.PROJECT, project.sid)

    async def get(self, sid: ProjectId) -> Project | None:
        row = await self._session.fetch_one(_GET, sid)
        return None if row is None else _project(row)

    async def list(self) -> list[Project]:
        return [_project(row) for row in await self._session.fetch(_LIST)]

    async def replace(self, project: Project) -> None:
        if await self._session.execute(_REPLACE, *_columns(project)):
            self._changes.touch(Touched.PROJECT, project.sid)

    async def remove(self, sid: ProjectId) -> None:
        """Roles and service accounts go with the row, by their foreign keys."""
        await self._secrets.remove_of_project(sid)
        await self._bindings.remove_of_project(sid)
        if await self._session.execute(_REMOVE, sid):
            self._changes.touch(Touched.PROJECT, sid)
            self._changes.touch(Touched.ROLES, sid)


def _columns(project: Project) -> tuple[str, str, str, int, str]:
    return (
        project.sid,
        project.name,
        list_column(project.owns),
        time_column(project.created_at),
        project.created_by,
    )


def _project(row: Row) -> Project:
    sid, name, owns, created_at, created_by = row
    return Project(
        sid=ProjectId(sid),
        name=name,
        owns=tuple(OwnedName(owned) for owned in list_of(owns)),
        created_at=time_of(created_at),
        created_by=created_by,
    )
