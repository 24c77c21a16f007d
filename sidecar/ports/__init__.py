"""What the use cases need from outside, as Protocols. Adapters implement them; `bootstrap` says which.

Stores hand out and take domain types. Each method of a store's tables is one statement's worth of work; what belongs
together happens inside one `writing()` block, which commits at its end and leaves nothing behind if it raises.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sidecar.domain.identity import Credential, CredentialKind, Credentials, Principal
from sidecar.domain.names import Email, PrincipalName, ProjectId, RepositoryName, RoleName
from sidecar.domain.outsiders import ToldGroups
from sidecar.domain.policy import Access, Grant
from sidecar.domain.tenancy import Binding, IssuedSecret, Project, Role, ServiceAccount
from sidecar.ports.auditing import Audit
from sidecar.ports.pull_secrets import PullSecrets


class Clock(Protocol):
    """The time, so that tests hold it."""

    def now(self) -> datetime:
        """The time now, in UTC and with its zone."""
        ...


class Randomness(Protocol):
    """Randomness from a cryptographically secure source, so that tests repeat it."""

    def bytes(self, count: int) -> bytes: ...

    def identifier(self) -> str:
        """A new unique identifier: letters, digits and `-`, safe anywhere, at most 36 characters."""
        ...


class Authenticator(Protocol):
    """One way to prove who one is: a principal, or None for "not mine", or InvalidCredentials for "mine, and bad".

    Anything else that is raised is a fault of the authenticator; it becomes a 503 and never a way in (TS-59).
    """

    async def authenticate(self, credentials: Credentials) -> Principal | None: ...


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One entry of a registry token's `access` claim: type, name, and actions in a stable order (TS-64)."""

    type: str
    name: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryToken:
    """A signed registry token. `expires_in` is in seconds and equals `exp - iat` (TS-55)."""

    text: str
    issued_at: datetime
    expires_in: int


class TokenSigner(Protocol):
    """Signs registry tokens for the one configured audience."""

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        """A token for `subject` that lives `lifetime` seconds. Raises Unavailable while no leaf key can sign."""
        ...

    def ready(self) -> bool:
        """Whether tokens can be signed now: what `/readyz` answers."""
        ...


class AccessReader(Protocol):
    """Everything that the token path asks, answered from memory under a generation number (decision 5)."""

    @property
    def generation(self) -> int:
        """Grows with each access change that is visible here."""
        ...

    @property
    def ownership_generation(self) -> int:
        """The generation of the last change of a project that is visible here."""
        ...

    def owner_of(self, repository: str) -> ProjectId | None:
        """The project that owns this repository name, whether it exists or not."""
        ...

    def access_of(self, principal: Principal) -> Access:
        """All grants of a principal (its own, its groups', those of all users), with the limit of its credential."""
        ...

    def grants_of(self, email: str) -> tuple[Grant, ...]:
        """The grants of a named principal alone: what a credential of that e-mail would hold by its own bindings."""
        ...

    def credential(self, digest: bytes) -> Credential | None:
        """The credential whose secret has this SHA-256, expired or not, or None. One without its parent is None."""
        ...

    def groups_told(self, email: str) -> ToldGroups | None:
        """The groups that this person's last sign-in elsewhere told, however long ago; None where none did."""
        ...

    async def refresh(self) -> None:
        """Sees every change that is committed by now. Called after each access change, before it is answered."""
        ...


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


class RepositoryCatalog(Protocol):
    """What the registry itself says it holds."""

    async def repositories_with_tags(self, owned_by: Sequence[str]) -> list[RepositoryName]:
        """The repositories with at least one tag among these names and prefixes (`acme/*`, `nginx`), in no order.

        Raises RegistryUnavailable if the registry doesn't say.
        """
        ...
