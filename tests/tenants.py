"""Short ways to put tenants and their credentials into the database of a sidecar under test."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sidecar.domain.identity import Credential, CredentialKind, Limit, PrincipalKind
from sidecar.domain.issuing import issue
from sidecar.domain.names import AccountId, Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName
from sidecar.domain.pull_secrets import PullSecret, PullSecretName, principal_of
from sidecar.domain.roles import PermissionPattern
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.domain.tenancy import Binding, Project, Role, ServiceAccount
from sidecar.ports import Clock, Randomness, Store

ROOT: Final = "admin@localhost"
ACCOUNT_DOMAIN: Final = "serviceaccount.auth.example.com"


@dataclass(frozen=True, slots=True)
class Tenants:
    store: Store
    clock: Clock
    randomness: Randomness

    async def project(self, sid: str, owns: Sequence[str] = ()) -> None:
        names = tuple(OwnedName(name) for name in owns)
        async with self.store.writing() as tables:
            await tables.projects.add(Project(ProjectId(sid), sid.title(), names, self.clock.now(), ROOT))

    async def bind(self, project: str, principal: str, *roles: str, only: Sequence[str] | None = None) -> None:
        """Exactly these roles; none takes the binding away."""
        globs = None if only is None else tuple(Glob(glob) for glob in only)
        names = tuple(RoleName(role) for role in roles)
        name = PrincipalName(principal)
        async with self.store.writing() as tables:
            if roles:
                await tables.bindings.put(Binding(project, name, names, globs, self.clock.now(), ROOT))
            else:
                await tables.bindings.remove(project, name)

    async def role(self, project: str, name: str, *permissions: str) -> None:
        patterns = tuple(PermissionPattern(permission) for permission in permissions)
        async with self.store.writing() as tables:
            await tables.roles.put(Role(ProjectId(project), RoleName(name), patterns, self.clock.now(), ROOT, name))

    async def account(self, project: str, sid: str) -> str:
        """A service account; its e-mail."""
        email = Email(f"{sid}@{project}.{ACCOUNT_DOMAIN}")
        async with self.store.writing() as tables:
            await tables.accounts.add(
                ServiceAccount(ProjectId(project), AccountId(sid), email, sid, "", self.clock.now(), ROOT)
            )
        return email

    async def pull_secret(self, project: str, name: str) -> str:
        """One for this registry whose secret nobody has; its e-mail."""
        label, sid = PullSecretName(name), ProjectId(project)
        email = principal_of(label, sid, ACCOUNT_DOMAIN)
        async with self.store.writing() as tables:
            await tables.pull_secrets.add(
                PullSecret(sid, label, email, self.clock.now(), ROOT, renewed_at=self.clock.now())
            )
        return email

    async def secret(
        self,
        email: str,
        kind: CredentialKind = CredentialKind.PERSONAL_TOKEN,
        limit: Limit | None = None,
        expires_at: datetime | None = None,
        identifier: str | None = None,
    ) -> str:
        """A new secret that proves this principal."""
        principal = PrincipalKind.SERVICE_ACCOUNT if email.endswith(ACCOUNT_DOMAIN) else PrincipalKind.PERSON
        credential = Credential(
            identifier or self.randomness.identifier(), kind, Email(email), principal, expires_at, limit
        )
        made = issue(credential, self.randomness.bytes(RANDOM_BYTES), "", self.clock.now(), email)
        async with self.store.writing() as tables:
            await tables.secrets.add(made.kept)
        return made.text

    async def key(self, email: str, expires_at: datetime | None = None) -> str:
        """A new key of a service account."""
        return await self.secret(email, CredentialKind.SERVICE_ACCOUNT_KEY, expires_at=expires_at)

    async def revoke(self, email: str) -> None:
        """Takes away every secret of this principal."""
        kinds = tuple(CredentialKind)
        async with self.store.writing() as tables:
            for secret in await tables.secrets.of_principal(Email(email), kinds):
                await tables.secrets.remove(secret.credential.id)
