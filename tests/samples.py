"""Projects, roles, bindings, accounts and secrets to test with: what a test doesn't say has a plain value."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from sidecar.domain.actors import Actor
from sidecar.domain.audit import AuditEntry, Outcome, Resource
from sidecar.domain.identity import Credential, CredentialKind, Limit, Principal, PrincipalKind
from sidecar.domain.names import AccountId, Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName
from sidecar.domain.roles import PermissionPattern
from sidecar.domain.tenancy import Binding, IssuedSecret, Project, Role, ServiceAccount

LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MAKER = "maker@example.com"


def project(sid: str = "acme", *owns: str, name: str = "Acme") -> Project:
    return Project(ProjectId(sid), name, tuple(OwnedName(owned) for owned in owns), LONG_AGO, MAKER)


def role(project: str = "acme", name: str = "puller", *permissions: str) -> Role:
    patterns = tuple(PermissionPattern(pattern) for pattern in permissions or ("registry.pull",))
    return Role(ProjectId(project), RoleName(name), patterns, LONG_AGO, MAKER)


def binding(
    project: str = "acme", principal: str = "ann@example.com", *roles: str, on: Iterable[str] | None = None
) -> Binding:
    """`on` narrows it to repositories."""
    globs = None if on is None else tuple(Glob(glob) for glob in on)
    names = tuple(RoleName(name) for name in roles or ("viewer",))
    return Binding(project, PrincipalName(principal), names, globs, LONG_AGO, MAKER)


def account(project: str = "acme", sid: str = "ci") -> ServiceAccount:
    email = Email(f"{sid}@{project}.serviceaccount.example.com")
    return ServiceAccount(ProjectId(project), AccountId(sid), email, sid, "builds", LONG_AGO, MAKER)


def secret(
    key: str = "one",
    principal: str = "ann@example.com",
    kind: CredentialKind = CredentialKind.PERSONAL_TOKEN,
    expires_at: datetime | None = None,
    limit: Limit | None = None,
    parent: str | None = None,
) -> IssuedSecret:
    """Its digest is `digest_of(key)`."""
    accounts = kind is CredentialKind.SERVICE_ACCOUNT_KEY
    principal_kind = PrincipalKind.SERVICE_ACCOUNT if accounts else PrincipalKind.PERSON
    credential = Credential(key, kind, principal, principal_kind, expires_at, limit, parent)
    return IssuedSecret(credential, digest_of(key), "rpt_abcd…", "laptop", LONG_AGO, MAKER)


def audit_entry(
    project: str | None = "acme",
    actor: str = MAKER,
    outcome: Outcome = Outcome.DONE,
    at: datetime = LONG_AGO,
    resource_type: str = "project",
) -> AuditEntry:
    by = Actor(actor, "person", "one", "192.0.2.1", "r-1")
    return AuditEntry(
        at, by, "project.update", Resource(resource_type, "acme", project), outcome, None, {"name": "Acme"}
    )


def digest_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def person(email: str = "ann@example.com", *groups: str, limit: Limit | None = None) -> Principal:
    names = frozenset(f"group:{group}" for group in groups)
    return Principal(email, PrincipalKind.PERSON, groups=names, limit=limit)
