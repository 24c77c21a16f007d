"""Pull secrets: what a machine that runs images is given, in the forms that docker and Kubernetes read.

Of this registry's, the password is a secret made here, of which only the hash is kept. Another registry's password was
made elsewhere and is kept, sealed, so that it can be handed out again (decision 26).
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from sidecar.domain.errors import Invalid
from sidecar.domain.names import Email, Glob, ProjectId

PULL: Final = "registry.pull"
"""All that a pull secret of this registry allows."""

_LABEL: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
SERVER_PATTERN: Final = r"(https?://)?[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[a-zA-Z0-9._/-]*)?"
_SERVER: Final = re.compile(SERVER_PATTERN)
_DOCKER_HUB: Final = frozenset(("docker.io", "index.docker.io", "registry-1.docker.io"))
_DOCKER_HUBS_ENTRY: Final = "https://index.docker.io/v1/"
"""What docker looks up for images without a host (distribution/reference and docker's `auths`)."""


class PullSecretName(str):
    """A pull secret's name within its project, which is also a name in Kubernetes: a DNS label, a letter first."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not _LABEL.fullmatch(value):
            raise Invalid("name: must be at most 63 of a-z, 0-9 and -, begin with a letter and not end with -")
        return super().__new__(cls, value)


class ServerName(str):
    """A registry as docker's `auths` name it: `ghcr.io`, `registry.example.com:5000`, `https://index.docker.io/v1/`."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if len(value) > 255 or not _SERVER.fullmatch(value):
            raise Invalid("server: must be a registry's host name, such as ghcr.io or registry.example.com:5000")
        return super().__new__(cls, _DOCKER_HUBS_ENTRY if value.lower() in _DOCKER_HUB else value)

    @property
    def host(self) -> str:
        """The host and its port, in lower case, without what may stand around them."""
        return self.rpartition("://")[2].partition("/")[0].lower()


def principal_of(name: PullSecretName, project: ProjectId, account_domain: str) -> Email:
    """Whom the registry sees pulling. No service account has it: an account's id has no dot."""
    return Email(f"{name}.pullsecret@{project}.{account_domain}")


@dataclass(frozen=True, slots=True)
class PullSecret:
    """What is kept of a pull secret.

    Of this registry's, `server` and `sealed` are None, `credential` is the id of the newest secret, and `usable` tells
    whether that one is still there. Of another registry's, `sealed` is the password (`ports.Sealing`).
    """

    project: ProjectId
    name: PullSecretName
    username: str
    created_at: datetime
    created_by: str
    renewed_at: datetime
    server: ServerName | None = None
    sealed: bytes | None = field(default=None, repr=False)
    credential: str | None = None
    repositories: tuple[Glob, ...] | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    usable: bool = True

    @property
    def lifetime(self) -> timedelta | None:
        """How long it was to live when it was made or renewed; None for without end."""
        return None if self.expires_at is None else self.expires_at - self.renewed_at

    def valid_at(self, now: datetime) -> bool:
        return self.usable and (self.expires_at is None or now < self.expires_at)

    def sealed_about(self) -> tuple[str, ...]:
        """What a sealed password belongs to, so that none opens in another's place, or for another server."""
        return (self.project, self.name, self.server or "", self.username)


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and a password at one registry, on their one way to whoever may have them."""

    server: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ending:
    """When something is to end: at a time, after a while, or, where neither is said, as the rule at hand says."""

    at: datetime | None = None
    after: timedelta | None = None

    def from_now(self, now: datetime, otherwise: timedelta | None = None) -> datetime | None:
        """The time, None for never. Raises Invalid where both are said, or the time isn't ahead."""
        if self.at is not None and self.after is not None:
            raise Invalid("ttlSeconds: either this or expiresAt")
        if self.at is not None and self.at <= now:
            raise Invalid("expiresAt: must lie in the future")
        if self.at is not None:
            return self.at
        after = self.after if self.after is not None else otherwise
        try:
            return None if after is None else now + after
        except OverflowError:
            raise Invalid("expiresAt: is missing: as long as before would be after the year 9999") from None


def check_together(logins: Iterable[Login]) -> None:
    """Invalid where two logins are for one server: docker's configuration has one for each."""
    servers = Counter(login.server for login in logins)
    twice = [server for server, count in servers.items() if count > 1]
    if twice:
        raise Invalid(
            *(f"include: two logins for {server} don't fit into one docker configuration" for server in twice)
        )


def docker_config(logins: Iterable[Login]) -> str:
    """The text of docker's `config.json` with these logins, which `check_together`."""
    auths = {
        login.server: {"auth": base64.b64encode(f"{login.username}:{login.password}".encode()).decode()}
        for login in logins
    }
    return json.dumps({"auths": auths}, separators=(",", ":"))


def in_base64(config: str) -> str:
    return base64.b64encode(config.encode()).decode()


def kubernetes_secret(name: str, namespace: str | None, config: str) -> str:
    """A Secret for `imagePullSecrets`, as YAML that `kubectl apply -f -` takes."""
    lines = ["apiVersion: v1", "kind: Secret", "metadata:", f"  name: {json.dumps(name)}"]
    if namespace is not None:
        lines.append(f"  namespace: {json.dumps(namespace)}")
    lines += ["type: kubernetes.io/dockerconfigjson", "data:", f"  .dockerconfigjson: {in_base64(config)}"]
    return "\n".join(lines) + "\n"


def check_login(username: str, password: str) -> None:
    """Invalid for a user name that Basic credentials can't carry (TS-33)."""
    faults = [] if ":" not in username else ["username: must not contain a colon"]
    if "\x00" in password:
        faults.append("password: must not contain a NUL")
    if faults:
        raise Invalid(*faults)


def check_include(names: Sequence[PullSecretName], itself: PullSecretName) -> None:
    if itself in names:
        raise Invalid("include: names the pull secret itself")
