"""ports.PullSecrets. Of this registry's it is told whether the newest secret is still there, and when it was used."""

from typing import Final

from sidecar.adapters.database.columns import (
    optional_list_column,
    optional_list_of,
    optional_time_column,
    optional_time_of,
    time_column,
    time_of,
)
from sidecar.adapters.database.driver import Row, Session, Value
from sidecar.domain.errors import AlreadyExists
from sidecar.domain.names import Glob, ProjectId
from sidecar.domain.pull_secrets import PullSecret, PullSecretName, ServerName

_ADD: Final = """
INSERT INTO pull_secret (project, name, server, username, sealed, credential, repositories, expires_at,
                         created_at, created_by, renewed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT DO NOTHING
"""

_GET: Final = """
SELECT pull.project, pull.name, pull.server, pull.username, pull.sealed, pull.credential, pull.repositories,
       pull.expires_at, pull.created_at, pull.created_by, pull.renewed_at, newest.id, newest.last_used_at
  FROM pull_secret AS pull
  LEFT JOIN issued_secret AS newest ON newest.id = pull.credential
 WHERE pull.project = $1
   AND pull.name = $2
"""

_LIST: Final = """
SELECT pull.project, pull.name, pull.server, pull.username, pull.sealed, pull.credential, pull.repositories,
       pull.expires_at, pull.created_at, pull.created_by, pull.renewed_at, newest.id, newest.last_used_at
  FROM pull_secret AS pull
  LEFT JOIN issued_secret AS newest ON newest.id = pull.credential
 WHERE pull.project = $1
 ORDER BY pull.name
"""

_SEALED: Final = """
SELECT project, name, server, username, sealed, credential, repositories, expires_at,
       created_at, created_by, renewed_at, NULL, NULL
  FROM pull_secret
 WHERE sealed IS NOT NULL
 ORDER BY project, name
"""

_REPLACE: Final = """
UPDATE pull_secret
   SET server = $3, username = $4, sealed = $5, credential = $6, repositories = $7, expires_at = $8,
       created_at = $9, created_by = $10, renewed_at = $11
 WHERE project = $1
   AND name = $2
"""

_REMOVE: Final = """
DELETE FROM pull_secret
 WHERE project = $1
   AND name = $2
"""


class PullSecretTable:
    """ports.PullSecrets in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, secret: PullSecret) -> None:
        if not await self._session.execute(_ADD, *_columns(secret)):
            raise AlreadyExists("pull secret")

    async def get(self, project: ProjectId, name: PullSecretName) -> PullSecret | None:
        row = await self._session.fetch_one(_GET, project, name)
        return None if row is None else _secret(row)

    async def sealed(self) -> list[PullSecret]:
        return [_secret(row) for row in await self._session.fetch(_SEALED)]

    async def list(self, project: ProjectId) -> list[PullSecret]:
        return [_secret(row) for row in await self._session.fetch(_LIST, project)]

    async def replace(self, secret: PullSecret) -> None:
        await self._session.execute(_REPLACE, *_columns(secret))

    async def remove(self, project: ProjectId, name: PullSecretName) -> None:
        await self._session.execute(_REMOVE, project, name)


def _columns(secret: PullSecret) -> tuple[Value, ...]:
    return (
        secret.project,
        secret.name,
        secret.server,
        secret.username,
        secret.sealed,
        secret.credential,
        optional_list_column(secret.repositories),
        optional_time_column(secret.expires_at),
        time_column(secret.created_at),
        secret.created_by,
        time_column(secret.renewed_at),
    )


def _secret(row: Row) -> PullSecret:
    project, name, server, username, sealed, credential, repositories, expires_at, *made, newest, last_used_at = row
    created_at, created_by, renewed_at = made
    globs = optional_list_of(repositories)
    return PullSecret(
        project=ProjectId(project),
        name=PullSecretName(name),
        username=username,
        created_at=time_of(created_at),
        created_by=created_by,
        renewed_at=time_of(renewed_at),
        server=None if server is None else ServerName(server),
        sealed=None if sealed is None else bytes(sealed),
        credential=credential,
        repositories=None if globs is None else tuple(Glob(glob) for glob in globs),
        expires_at=optional_time_of(expires_at),
        last_used_at=optional_time_of(last_used_at),
        usable=sealed is not None or newest is not None,
    )
