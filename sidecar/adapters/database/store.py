"""ports.Store: transactions with all tables. What one changes of access is logged in it, and visible when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from sidecar.adapters.database.access_log import AccessChanges
from sidecar.adapters.database.accounts import ServiceAccountTable
from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.bindings import BindingTable
from sidecar.adapters.database.completion import to_the_end
from sidecar.adapters.database.driver import Driver, Session
from sidecar.adapters.database.issued_secrets import IssuedSecretTable
from sidecar.adapters.database.person_groups import PersonGroupsTable
from sidecar.adapters.database.projects import ProjectTable
from sidecar.adapters.database.pull_secrets import PullSecretTable
from sidecar.adapters.database.roles import RoleTable
from sidecar.ports import AccessReader


@dataclass(frozen=True, slots=True)
class DatabaseTables:
    """ports.Tables in one transaction."""

    projects: ProjectTable
    roles: RoleTable
    bindings: BindingTable
    accounts: ServiceAccountTable
    secrets: IssuedSecretTable
    pull_secrets: PullSecretTable
    groups: PersonGroupsTable
    audit: AuditTable

    @classmethod
    def of(cls, session: Session, changes: AccessChanges) -> Self:
        bindings = BindingTable(session, changes)
        secrets = IssuedSecretTable(session, changes)
        return cls(
            projects=ProjectTable(session, changes, bindings, secrets),
            roles=RoleTable(session, changes),
            bindings=bindings,
            accounts=ServiceAccountTable(session, bindings, secrets),
            secrets=secrets,
            pull_secrets=PullSecretTable(session),
            groups=PersonGroupsTable(session, changes),
            audit=AuditTable(session),
        )


class DatabaseStore:
    """ports.Store on an open database. A block inside another of its kind would wait for itself for ever."""

    def __init__(self, driver: Driver, access: AccessReader) -> None:
        self._driver = driver
        self._access = access

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[DatabaseTables]:
        async with self._driver.reading() as session:
            yield DatabaseTables.of(session, AccessChanges())

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[DatabaseTables]:
        """The memory is refreshed even after a cancellation, which may have come when the change was committed."""
        changes = AccessChanges()
        try:
            async with self._driver.writing() as session:
                yield DatabaseTables.of(session, changes)
                await changes.record(session)
        finally:
            if changes:
                await to_the_end(self._access.refresh())
