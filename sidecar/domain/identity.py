"""Who is asking: credentials as presented, the principal that they prove, and the limit that a token puts on it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sidecar.domain.names import Glob, ProjectId


class PrincipalKind(StrEnum):
    __hash__ = str.__hash__  # Enum's own runs in Python, several times for each token

    ANONYMOUS = "anonymous"
    PERSON = "person"
    SERVICE_ACCOUNT = "serviceAccount"


class CredentialKind(StrEnum):
    """What proved the principal; also the metric label `authenticator`, so the set is fixed and small."""

    __hash__ = str.__hash__

    NONE = "none"
    SERVICE_ACCOUNT_KEY = "key"
    PERSONAL_TOKEN = "personal"  # noqa: S105 - a kind, not a secret
    SCOPED_TOKEN = "scoped"  # noqa: S105 - a kind, not a secret
    REFRESH_TOKEN = "refresh"  # noqa: S105 - a kind, not a secret
    PULL_SECRET = "pull"  # noqa: S105 - a kind, not a secret
    OIDC = "oidc"
    """A token that a provider of the configuration signed."""
    HTPASSWD = "htpasswd"
    INTROSPECTION = "introspection"
    """An opaque token that an authorization server knows."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a scoped token lets its holder do, whatever its maker may do."""

    project: ProjectId
    permissions: frozenset[str]
    repositories: tuple[Glob, ...] | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret that was given out, as it is remembered: by its SHA-256, never by itself.

    `principal` is the e-mail it proves. A token's `parent` is the id of the credential it was made with, if it was made
    with one: without it the token is nothing (TS-50, S20).
    """

    id: str
    kind: CredentialKind
    principal: str
    principal_kind: PrincipalKind
    expires_at: datetime | None = None
    limit: Limit | None = None
    parent: str | None = None

    def valid_at(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


class Principal(NamedTuple):
    """Who was authenticated, and by which credential. `name` becomes the `sub` of registry tokens (TS-36)."""

    name: str
    kind: PrincipalKind
    credential: str | None = None
    credential_kind: CredentialKind = CredentialKind.NONE
    expires_at: datetime | None = None
    groups: frozenset[str] = frozenset()
    limit: Limit | None = None


ANONYMOUS: Final = Principal(name="", kind=PrincipalKind.ANONYMOUS)


class Proof(NamedTuple):
    """Who was proven, and the generation of access when the credentials were looked at."""

    principal: Principal
    generation: int


SIDECAR: Final = "sidecar"
"""The sidecar's own name at the registry. All others are e-mails, so nobody else can have it (decision 10)."""


class Scheme(StrEnum):
    __hash__ = str.__hash__

    BASIC = "basic"
    BEARER = "bearer"
    REFRESH = "refresh"


class Credentials(NamedTuple):
    """Credentials as presented, unproven. `user` is empty for a bearer or a refresh token.

    `address` is where they came from, as far as that is known: it proves nothing, and only says whose turn is whose.
    """

    scheme: Scheme
    secret: str
    user: str = ""
    address: str = ""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Credentials(scheme={self.scheme!r}, user={self.user!r}, address={self.address!r})"
