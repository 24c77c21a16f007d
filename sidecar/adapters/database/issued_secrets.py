"""ports.IssuedSecrets: keys and tokens that were given out. A removal takes those that came from them along."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from sys import intern
from typing import Final

from sidecar.adapters.database.access_log import AccessChanges, Touched
from sidecar.adapters.database.columns import (
    list_column,
    list_of,
    optional_list_column,
    optional_list_of,
    optional_time_column,
    optional_time_of,
    time_column,
    time_of,
)
from sidecar.adapters.database.driver import Row, Session, Value
from sidecar.domain.identity import Credential, CredentialKind, Limit, PrincipalKind
from sidecar.domain.names import Email, Glob, ProjectId
from sidecar.domain.tenancy import IssuedSecret

_ADD: Final = """
INSERT INTO issued_secret (id, kind, principal, principal_kind, expires_at,
                           limit_project, limit_permissions, limit_repositories, parent,
                           digest, hint, label, created_at, created_by, last_used_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""

_GET: Final = """
SELECT id, kind, principal, principal_kind, expires_at,
       limit_project, limit_permissions, limit_repositories, parent,
       digest, hint, label, created_at, created_by, last_used_at
  FROM issued_secret
 WHERE id = $1
"""

_OF_PRINCIPAL: Final = """
SELECT id, kind, principal, principal_kind, expires_at,
       limit_project, limit_permissions, limit_repositories, parent,
       digest, hint, label, created_at, created_by, last_used_at
  FROM issued_secret
 WHERE principal = $1 AND kind IN ({kinds})
 ORDER BY created_at, id
"""

_OLD_OF_PRINCIPAL: Final = """
SELECT id
  FROM issued_secret
 WHERE principal = $1 AND kind = 'refresh'
 ORDER BY created_at DESC, id DESC
 LIMIT $2 OFFSET $3
"""

_OLD_OF_PARENT: Final = """
SELECT id
  FROM issued_secret
 WHERE parent = $1 AND kind = 'refresh'
 ORDER BY created_at DESC, id DESC
 LIMIT $2 OFFSET $3
"""

_PORTION: Final = 100

_MARK_USED: Final = """
UPDATE issued_secret
   SET last_used_at = $2
 WHERE id = $1
   AND (last_used_at IS NULL OR last_used_at < $2)
"""

_REMOVE: Final = """
WITH RECURSIVE gone (id) AS (
       SELECT id FROM issued_secret WHERE id = $1
        UNION
       SELECT child.id FROM issued_secret AS child JOIN gone ON child.parent = gone.id
)
   DELETE FROM issued_secret
    WHERE id IN (SELECT id FROM gone)
RETURNING digest
"""

_REMOVE_EXPIRED: Final = """
WITH RECURSIVE gone (id) AS (
       SELECT id FROM issued_secret WHERE expires_at < $1
        UNION
       SELECT child.id FROM issued_secret AS child JOIN gone ON child.parent = gone.id
)
   DELETE FROM issued_secret
    WHERE id IN (SELECT id FROM gone)
RETURNING digest
"""

_REMOVE_OF_PRINCIPAL: Final = """
WITH RECURSIVE gone (id) AS (
       SELECT id FROM issued_secret WHERE principal = $1
        UNION
       SELECT child.id FROM issued_secret AS child JOIN gone ON child.parent = gone.id
)
   DELETE FROM issued_secret
    WHERE id IN (SELECT id FROM gone)
RETURNING digest
"""

_REMOVE_OF_PROJECT: Final = """
WITH RECURSIVE gone (id) AS (
       SELECT id
         FROM issued_secret
        WHERE limit_project = $1
           OR principal IN (SELECT email FROM service_account WHERE project = $1)
        UNION
       SELECT child.id FROM issued_secret AS child JOIN gone ON child.parent = gone.id
)
   DELETE FROM issued_secret
    WHERE id IN (SELECT id FROM gone)
RETURNING digest
"""


class IssuedSecretTable:
    """ports.IssuedSecrets in one transaction, and what the removal of a project or an account takes with it."""

    def __init__(self, session: Session, changes: AccessChanges) -> None:
        self._session = session
        self._changes = changes

    async def add(self, secret: IssuedSecret) -> None:
        """A parent that is gone is a fault: whoever adds a refresh token has read it in the same transaction."""
        await self._session.execute(
            _ADD,
            *_credential_columns(secret.credential),
            secret.digest.hex(),
            secret.hint,
            secret.label,
            time_column(secret.created_at),
            secret.created_by,
            optional_time_column(secret.last_used_at),
        )
        self._changes.touch(Touched.SECRET, secret.digest.hex())

    async def get(self, credential_id: str) -> IssuedSecret | None:
        row = await self._session.fetch_one(_GET, credential_id)
        return None if row is None else _secret(row)

    async def of_principal(self, email: Email, kinds: Sequence[CredentialKind]) -> list[IssuedSecret]:
        places = ", ".join(f"${number}" for number in range(2, len(kinds) + 2))
        return [_secret(row) for row in await self._session.fetch(_OF_PRINCIPAL.format(kinds=places), email, *kinds)]

    async def old_refresh_tokens(self, email: Email, but: int) -> list[str]:
        return await self._ids(_OLD_OF_PRINCIPAL, email, but)

    async def old_refresh_tokens_from(self, credential_id: str, but: int) -> list[str]:
        return await self._ids(_OLD_OF_PARENT, credential_id, but)

    async def _ids(self, sql: str, whose: str, but: int) -> list[str]:
        return [identifier for (identifier,) in await self._session.fetch(sql, whose, _PORTION, but)]

    async def remove(self, credential_id: str) -> None:
        await self._remove(_REMOVE, credential_id)

    async def remove_expired(self, before: datetime) -> int:
        return await self._remove(_REMOVE_EXPIRED, time_column(before))

    async def remove_of_principal(self, email: Email) -> None:
        await self._remove(_REMOVE_OF_PRINCIPAL, email)

    async def remove_of_project(self, project: ProjectId) -> None:
        """Those of its service accounts, and those that are limited to it."""
        await self._remove(_REMOVE_OF_PROJECT, project)

    async def mark_used(self, used: Mapping[str, datetime]) -> None:
        await self._session.execute_many(_MARK_USED, [(key, time_column(time)) for key, time in used.items()])

    async def _remove(self, sql: str, parameter: str | int) -> int:
        rows = await self._session.fetch(sql, parameter)
        self._changes.touch(Touched.SECRET, *(digest for (digest,) in rows))
        return len(rows)


def _credential_columns(credential: Credential) -> tuple[Value, ...]:
    limit = credential.limit
    return (
        credential.id,
        credential.kind,
        credential.principal,
        credential.principal_kind,
        optional_time_column(credential.expires_at),
        None if limit is None else limit.project,
        None if limit is None else list_column(sorted(limit.permissions)),
        None if limit is None else optional_list_column(limit.repositories),
        credential.parent,
    )


def credential_of(columns: Row) -> Credential:
    """From the columns id, kind, principal, principal_kind, expires_at, the three of the limit, and parent."""
    key, kind, principal, principal_kind, expires_at, project, permissions, repositories, parent = columns
    return Credential(
        id=key,
        kind=CredentialKind(kind),
        principal=intern(principal),
        principal_kind=PrincipalKind(principal_kind),
        expires_at=optional_time_of(expires_at),
        limit=None if project is None else _limit(project, permissions, repositories),
        parent=parent,
    )


def _limit(project: str, permissions: str, repositories: str | None) -> Limit:
    globs = optional_list_of(repositories)
    return Limit(
        project=ProjectId(project),
        permissions=frozenset(list_of(permissions)),
        repositories=None if globs is None else tuple(Glob(glob) for glob in globs),
    )


def _secret(row: Row) -> IssuedSecret:
    digest, hint, label, created_at, created_by, last_used_at = row[9:]
    return IssuedSecret(
        credential=credential_of(row[:9]),
        digest=bytes.fromhex(digest),
        hint=hint,
        label=label,
        created_at=time_of(created_at),
        created_by=created_by,
        last_used_at=optional_time_of(last_used_at),
    )
