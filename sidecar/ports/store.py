"""The stores of what administrators manage. They hand out and take domain types.

Each method of a table is one statement's worth of work; what belongs together happens inside one `writing()` block,
which commits at its end and leaves nothing behind if it raises.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import Email, PrincipalName, ProjectId, RoleName
from sidecar.domain.outsiders import ToldGroups
from sidecar.domain.tenancy import Binding, IssuedSecret, Project, Role, ServiceAccount
from sidecar.ports.auditing import Audit
from sidecar.ports.pull_secrets import PullSecrets


class Projects(Protocol):
    async def add(self, project: Project) -> None:
        """Raises AlreadyExists where the sid is taken."""
        ...

    async def get(self, sid: ProjectId) -> Project | None: ...

    async def list(self) -> list[Project]:
        """All of them, by sid."""
        ...

    async def replace(self, project: Project) -> None: ...

    async def remove(self, sid: ProjectId) -> None:
        """With its roles, bindings, service accounts and all their secrets and bindings, and tokens limited to it."""
        ...


class Roles(Protocol):
    async def put(self, role: Role) -> None:
        """Adds it, or replaces the permissions and the title of the one of that name."""
        ...

    async def get(self, project: ProjectId, name: RoleName) -> Role | None: ...

    async def list(self, project: ProjectId) -> list[Role]:
        """The project's own roles, by name."""
        ...

    async def remove(self, project: ProjectId, name: RoleName) -> None: ...


class Bindings(Protocol):
    async def put(self, binding: Binding) -> None:
        """Adds it, or replaces the one of that project and principal."""
        ...

    async def get(self, project: str, principal: PrincipalName) -> Binding | None: ...

    async def list(self, project: str) -> list[Binding]:
        """The bindings on this very project (those on `*` only for `*`), by principal."""
        ...

    async def remove(self, project: str, principal: PrincipalName) -> None: ...


class ServiceAccounts(Protocol):
    async def add(self, account: ServiceAccount) -> None:
        """Raises AlreadyExists where the project has that sid, or any project that e-mail."""
        ...

    async def get(self, project: ProjectId, sid: str) -> ServiceAccount | None: ...

    async def by_email(self, email: Email) -> ServiceAccount | None: ...

    async def list(self, project: ProjectId) -> list[ServiceAccount]:
        """The project's accounts, by sid."""
        ...

    async def replace(self, account: ServiceAccount) -> None: ...

    async def remove(self, account: ServiceAccount) -> None:
        """With its keys and tokens, and its bindings in every project."""
        ...


class IssuedSecrets(Protocol):
    async def add(self, secret: IssuedSecret) -> None: ...

    async def get(self, credential_id: str) -> IssuedSecret | None: ...

    async def of_principal(self, email: Email, kinds: Sequence[CredentialKind]) -> list[IssuedSecret]:
        """Those of these kinds that prove this principal, the oldest first, expired ones included."""
        ...

    async def old_refresh_tokens(self, email: Email, but: int) -> Sequence[str]:
        """The ids of this principal's refresh tokens, but for so many of the newest; a hundred at most."""
        ...

    async def old_refresh_tokens_from(self, credential_id: str, but: int) -> Sequence[str]:
        """Of those that were made with this credential, the same."""
        ...

    async def remove(self, credential_id: str) -> None:
        """With everything that came from it, at any depth: a key's or token's scoped and refresh tokens (S20)."""
        ...

    async def remove_expired(self, before: datetime) -> int:
        """Forgets what expired before that time; how many."""
        ...

    async def mark_used(self, used: Mapping[str, datetime]) -> None:
        """Credential id → time of its last use; ids that are gone are skipped. Not an access change."""
        ...


class PersonGroups(Protocol):
    async def put(self, email: Email, told: ToldGroups) -> None:
        """Adds them, or replaces those that were told before."""
        ...

    async def remove_told_before(self, time: datetime) -> None: ...


class Tables(Protocol):
    """The stores, as one transaction sees them."""

    @property
    def projects(self) -> Projects: ...

    @property
    def roles(self) -> Roles: ...

    @property
    def bindings(self) -> Bindings: ...

    @property
    def accounts(self) -> ServiceAccounts: ...

    @property
    def secrets(self) -> IssuedSecrets: ...

    @property
    def pull_secrets(self) -> PullSecrets: ...

    @property
    def groups(self) -> PersonGroups: ...

    @property
    def audit(self) -> Audit: ...


class Store(Protocol):
    """The database. Each access change inside `writing()` bumps the generation in the same transaction."""

    def reading(self) -> AbstractAsyncContextManager[Tables]:
        """A consistent view; writes in it are faults."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Tables]:
        """One transaction, alone: commits at the end, rolls back whole if it raises or is cancelled.

        What it changed is visible through AccessReader when the block has ended.
        """
        ...
