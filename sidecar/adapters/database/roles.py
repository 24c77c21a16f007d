"""ports.Roles: the roles that projects define. Built-in roles are never stored."""

from typing import Final

from sidecar.adapters.database.access_log import AccessChanges, Touched
from sidecar.adapters.database.columns import list_column, list_of, time_column, time_of
from sidecar.adapters.database.driver import Row, Session
from sidecar.domain.names import ProjectId, RoleName
from sidecar.domain.roles import PermissionPattern
from sidecar.domain.tenancy import Role

_PUT: Final = """
INSERT INTO role (project, name, permissions, created_at, created_by, title)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (project, name) DO UPDATE
   SET permissions = excluded.permissions,
       title = excluded.title
"""

_GET: Final = """
SELECT project, name, permissions, created_at, created_by, title
  FROM role
 WHERE project = $1
   AND name = $2
"""

_LIST: Final = """
SELECT project, name, permissions, created_at, created_by, title
  FROM role
 WHERE project = $1
 ORDER BY name
"""

_REMOVE: Final = """
DELETE FROM role
 WHERE project = $1
   AND name = $2
"""


class RoleTable:
    """ports.Roles in one transaction."""

    def __init__(self, session: Session, changes: AccessChanges) -> None:
        self._session = session
        self._changes = changes

    async def put(self, role: Role) -> None:
        await self._session.execute(
            _PUT,
            role.project,
            role.name,
            list_column(role.permissions),
            time_column(role.created_at),
            role.created_by,
            role.title,
        )
        self._changes.touch(Touched.ROLES, role.project)

    async def get(self, project: ProjectId, name: RoleName) -> Role | None:
        row = await self._session.fetch_one(_GET, project, name)
        return None if row is None else _role(row)

    async def list(self, project: ProjectId) -> list[Role]:
        return [_role(row) for row in await self._session.fetch(_LIST, project)]

    async def remove(self, project: ProjectId, name: RoleName) -> None:
        if await self._session.execute(_REMOVE, project, name):
            self._changes.touch(Touched.ROLES, project)


def _role(row: Row) -> Role:
    project, name, permissions, created_at, created_by, title = row
    return Role(
        project=ProjectId(project),
        name=RoleName(name),
        permissions=tuple(PermissionPattern(pattern) for pattern in list_of(permissions)),
        created_at=time_of(created_at),
        created_by=created_by,
        title=title,
    )
