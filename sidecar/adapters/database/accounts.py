"""ports.ServiceAccounts: a removal takes the account's secrets and bindings with it."""

from typing import Final

from sidecar.adapters.database.bindings import BindingTable
from sidecar.adapters.database.columns import time_column, time_of
from sidecar.adapters.database.driver import Row, Session
from sidecar.adapters.database.issued_secrets import IssuedSecretTable
from sidecar.domain.errors import AlreadyExists
from sidecar.domain.names import AccountId, Email, ProjectId
from sidecar.domain.tenancy import ServiceAccount

_ADD: Final = """
INSERT INTO service_account (project, sid, email, name, description, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING
"""

_GET: Final = """
SELECT project, sid, email, name, description, created_at, created_by
  FROM service_account
 WHERE project = $1
   AND sid = $2
"""

_BY_EMAIL: Final = """
SELECT project, sid, email, name, description, created_at, created_by
  FROM service_account
 WHERE email = $1
"""

_LIST: Final = """
SELECT project, sid, email, name, description, created_at, created_by
  FROM service_account
 WHERE project = $1
 ORDER BY sid
"""

_REPLACE: Final = """
UPDATE service_account
   SET email = $3, name = $4, description = $5, created_at = $6, created_by = $7
 WHERE project = $1
   AND sid = $2
"""

_REMOVE: Final = """
DELETE FROM service_account
 WHERE project = $1
   AND sid = $2
"""


class ServiceAccountTable:
    """ports.ServiceAccounts in one transaction. An account by itself gives no access: its bindings and keys do."""

    def __init__(self, session: Session, bindings: BindingTable, secrets: IssuedSecretTable) -> None:
        self._session = session
        self._bindings = bindings
        self._secrets = secrets

    async def add(self, account: ServiceAccount) -> None:
        if not await self._session.execute(_ADD, *_columns(account)):
            raise AlreadyExists("service account")

    async def get(self, project: ProjectId, sid: str) -> ServiceAccount | None:
        row = await self._session.fetch_one(_GET, project, sid)
        return None if row is None else _account(row)

    async def by_email(self, email: Email) -> ServiceAccount | None:
        row = await self._session.fetch_one(_BY_EMAIL, email)
        return None if row is None else _account(row)

    async def list(self, project: ProjectId) -> list[ServiceAccount]:
        return [_account(row) for row in await self._session.fetch(_LIST, project)]

    async def replace(self, account: ServiceAccount) -> None:
        await self._session.execute(_REPLACE, *_columns(account))

    async def remove(self, account: ServiceAccount) -> None:
        await self._secrets.remove_of_principal(account.email)
        await self._bindings.remove_of_principal(account.email)
        await self._session.execute(_REMOVE, account.project, account.sid)


def _columns(account: ServiceAccount) -> tuple[str, str, str, str, str, int, str]:
    return (
        account.project,
        account.sid,
        account.email,
        account.name,
        account.description,
        time_column(account.created_at),
        account.created_by,
    )


def _account(row: Row) -> ServiceAccount:
    project, sid, email, name, description, created_at, created_by = row
    return ServiceAccount(
        project=ProjectId(project),
        sid=AccountId(sid),
        email=Email(email),
        name=name,
        description=description,
        created_at=time_of(created_at),
        created_by=created_by,
    )
