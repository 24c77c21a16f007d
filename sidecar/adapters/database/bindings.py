"""ports.Bindings: which principal holds which roles where."""

from typing import Final

from sidecar.adapters.database.access_log import AccessChanges, Touched
from sidecar.adapters.database.columns import (
    list_column,
    list_of,
    optional_list_column,
    optional_list_of,
    time_column,
    time_of,
)
from sidecar.adapters.database.driver import Row, Session
from sidecar.domain.names import Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.tenancy import Binding

_PUT: Final = """
INSERT INTO binding (project, principal, roles, repositories, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (project, principal) DO UPDATE
   SET roles        = excluded.roles,
       repositories = excluded.repositories,
       created_at   = excluded.created_at,
       created_by   = excluded.created_by
"""

_GET: Final = """
SELECT project, principal, roles, repositories, created_at, created_by
  FROM binding
 WHERE project = $1
   AND principal = $2
"""

_LIST: Final = """
SELECT project, principal, roles, repositories, created_at, created_by
  FROM binding
 WHERE project = $1
 ORDER BY principal
"""

_REMOVE: Final = """
DELETE FROM binding
 WHERE project = $1
   AND principal = $2
"""

_REMOVE_OF_PRINCIPAL: Final = """
DELETE FROM binding
 WHERE principal = $1
"""

_REMOVE_OF_PROJECT: Final = """
   DELETE FROM binding
    WHERE project = $1
       OR principal IN (SELECT email FROM service_account WHERE project = $1)
RETURNING principal
"""


class BindingTable:
    """ports.Bindings in one transaction, and what the removal of a project or an account takes with it."""

    def __init__(self, session: Session, changes: AccessChanges) -> None:
        self._session = session
        self._changes = changes

    async def put(self, binding: Binding) -> None:
        await self._session.execute(
            _PUT,
            binding.project,
            binding.principal,
            list_column(binding.roles),
            optional_list_column(binding.repositories),
            time_column(binding.created_at),
            binding.created_by,
        )
        self._changes.touch(Touched.BINDINGS, binding.principal)

    async def get(self, project: str, principal: PrincipalName) -> Binding | None:
        row = await self._session.fetch_one(_GET, project, principal)
        return None if row is None else _binding(row)

    async def list(self, project: str) -> list[Binding]:
        return [_binding(row) for row in await self._session.fetch(_LIST, project)]

    async def remove(self, project: str, principal: PrincipalName) -> None:
        if await self._session.execute(_REMOVE, project, principal):
            self._changes.touch(Touched.BINDINGS, principal)

    async def remove_of_principal(self, email: Email) -> None:
        """In every project."""
        if await self._session.execute(_REMOVE_OF_PRINCIPAL, email):
            self._changes.touch(Touched.BINDINGS, email)

    async def remove_of_project(self, project: ProjectId) -> None:
        """Those on it, and those that its service accounts have anywhere."""
        rows = await self._session.fetch(_REMOVE_OF_PROJECT, project)
        self._changes.touch(Touched.BINDINGS, *(principal for (principal,) in rows))


def _binding(row: Row) -> Binding:
    project, principal, roles, repositories, created_at, created_by = row
    globs = optional_list_of(repositories)
    return Binding(
        project=project,
        principal=PrincipalName(principal),
        roles=tuple(RoleName(role) for role in list_of(roles)),
        repositories=None if globs is None else tuple(Glob(glob) for glob in globs),
        created_at=time_of(created_at),
        created_by=created_by,
    )
