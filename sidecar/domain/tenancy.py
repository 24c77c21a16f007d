"""What administrators manage: projects, roles, bindings, service accounts, and the secrets that were given out."""

from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.identity import Credential
from sidecar.domain.names import AccountId, Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName
from sidecar.domain.roles import PermissionPattern


@dataclass(frozen=True, slots=True)
class Project:
    sid: ProjectId
    name: str
    owns: tuple[OwnedName, ...]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Role:
    """A project's own role: `name` is what bindings say, `title` what people read. Built-in roles are not stored."""

    project: ProjectId
    name: RoleName
    permissions: tuple[PermissionPattern, ...]
    created_at: datetime
    created_by: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """What one principal holds in one project (or in every project, `*`): at most one binding per pair.

    With `repositories`, its roles count for the matching repositories only, and only their registry permissions.
    """

    project: str
    principal: PrincipalName
    roles: tuple[RoleName, ...]
    repositories: tuple[Glob, ...] | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    project: ProjectId
    sid: AccountId
    email: Email
    name: str
    description: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A key, a personal, scoped or refresh token, as it is listed: never the secret itself.

    `digest` is the secret's SHA-256, `hint` its first characters, `label` what its maker wrote beside it.
    """

    credential: Credential
    digest: bytes
    hint: str
    label: str
    created_at: datetime
    created_by: str
    last_used_at: datetime | None = None
