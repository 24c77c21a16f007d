"""The namespace `pullSecret`: what clusters and other machines pull with, as docker and Kubernetes read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from sidecar.domain.errors import Invalid
from sidecar.domain.policy import Caller
from sidecar.domain.pull_secrets import (
    SERVER_PATTERN,
    Ending,
    Login,
    PullSecret,
    PullSecretName,
    ServerName,
    docker_config,
    in_base64,
    kubernetes_secret,
)
from sidecar.domain.tenancy import IssuedSecret
from sidecar.usecases.manage_pull_secrets import Handed, ManagePullSecrets
from sidecar.web.api.bodies import InProject, Nothing, Result
from sidecar.web.api.fields import Globs, Made, Time, Title, Whole
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import Listing, Orders

NameField = Annotated[PullSecretName, Made(PullSecretName, 63, pattern=r"[a-z]([a-z0-9-]*[a-z0-9])?")]
ServerField = Annotated[ServerName, Made(ServerName, 255, pattern=SERVER_PATTERN)]
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Password = Annotated[str, Field(max_length=65536)]
Included = Annotated[tuple[NameField, ...], Field(max_length=20)]
Seconds = Annotated[int, Whole(60, 10 * 365 * 86400)]


class NamedPullSecret(InProject):
    name: NameField
    """The pull secret's name, which the Secret in Kubernetes gets too."""


class ShownPullSecret(NamedPullSecret):
    namespace: Namespace | None = None
    """The namespace to write into the Kubernetes manifest."""
    include: Included = ()
    """Pull secrets of the project for other registries that go into the same docker configuration."""


class EndingPullSecret(ShownPullSecret):
    expires_at: Time | None = None
    """When it ends; without an end, a new one never does, a renewed one lives as long as it was to before."""
    ttl_seconds: Seconds | None = None
    """How long it lives, in place of expiresAt."""

    @property
    def ending(self) -> Ending:
        return Ending(self.expires_at, None if self.ttl_seconds is None else timedelta(seconds=self.ttl_seconds))


class CreatePullSecret(EndingPullSecret):
    repositories: Globs | None = None
    """Narrows it to repositories by their full names; `*` is any run of characters. For this registry alone."""
    server: ServerField | None = None
    """Another registry's host name, such as ghcr.io; without it, the pull secret is for this registry."""
    username: Title | None = None
    """The user name at the other registry."""
    password: Password | None = Field(default=None, repr=False)
    """The password at the other registry. It is kept encrypted."""


class RenewPullSecret(EndingPullSecret):
    overlap_seconds: Annotated[int, Whole(1, 365 * 86400)] | None = None
    """How long this registry's secrets before the new one still count; without it, a day."""
    password: Password | None = Field(default=None, repr=False)
    """The new password at the other registry."""


class ListPullSecrets(InProject, Listing):
    sort: Literal["name", "-name", "createdAt", "-createdAt", "expiresAt", "-expiresAt"] = "name"
    """The order; `-` turns it round. Those without an end come last by expiresAt."""
    expiring_within: Annotated[int, Whole(1, 10 * 365 * 86400)] | None = None
    """Only those that end within so many seconds, or have ended."""


class PullSecretResult(Result):
    name: str
    server: str
    """The registry that it is for."""
    username: str
    kept: bool
    """Whether it is another registry's, whose password is kept."""
    repositories: tuple[str, ...] | None = None
    valid: bool
    """Whether it counts at this moment."""
    created_at: datetime
    created_by: str
    renewed_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    """When the newest secret was last used."""


class PullSecretList(Result):
    items: list[PullSecretResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


class IssuedResult(Result):
    id: str
    hint: str
    """How the secret begins."""
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    @classmethod
    def of(cls, secret: IssuedSecret) -> Self:
        return cls(
            id=secret.credential.id,
            hint=secret.hint,
            created_at=secret.created_at,
            created_by=secret.created_by,
            expires_at=secret.credential.expires_at,
            last_used_at=secret.last_used_at,
        )


class HandedPullSecret(PullSecretResult):
    docker_config: str
    """docker's config.json in base64. This registry's secret is in it this once."""
    kubernetes: str
    """A Secret of type kubernetes.io/dockerconfigjson as YAML, for `kubectl apply -f -`."""


class PullSecretDetails(PullSecretResult):
    docker_config: str | None = None
    """docker's config.json in base64, with the logins at other registries; absent where there is none to show."""
    kubernetes: str | None = None
    """The same as a Secret for Kubernetes, in YAML."""
    secrets: list[IssuedResult]
    """This registry's: what is known of its secrets, the oldest first. The secrets themselves are never shown again."""


_NEVER: Final = "9999"
_ORDERS: Final[Orders[PullSecret]] = Orders(
    name=lambda secret: secret.name,
    also=lambda secret: secret.server or "",
    keys={
        "name": lambda secret: secret.name,
        "createdAt": lambda secret: secret.created_at.isoformat(timespec="microseconds"),
        "expiresAt": lambda secret: (
            _NEVER if secret.expires_at is None else secret.expires_at.isoformat(timespec="microseconds")
        ),
    },
)
_UNKNOWN: Final = "pull_secret_not_found"
_LOCKED: Final = "pull_secret_locked"
_MANY: Final = "too_many_pull_secrets"
_EXAMPLE: Final = {"project": "acme", "name": "cluster"}


@dataclass(frozen=True, slots=True)
class PullSecretNamespace:
    pull_secrets: ManagePullSecrets

    def methods(self) -> Sequence[AnyMethod]:
        return (
            Method(
                "pullSecret.create",
                "pullsecret.create",
                CreatePullSecret,
                HandedPullSecret,
                self.create,
                {**_EXAMPLE, "repositories": ["acme/web"], "ttlSeconds": 7776000, "namespace": "shop"},
                ("already_exists", _UNKNOWN, _LOCKED, _MANY),
            ),
            Method(
                "pullSecret.renew",
                "pullsecret.create",
                RenewPullSecret,
                HandedPullSecret,
                self.renew,
                {**_EXAMPLE, "ttlSeconds": 7776000, "overlapSeconds": 86400},
                (_UNKNOWN, _LOCKED, _MANY),
            ),
            Method(
                "pullSecret.list",
                "pullsecret.list",
                ListPullSecrets,
                PullSecretList,
                self.list,
                {"project": "acme", "expiringWithin": 604800},
            ),
            Method(
                "pullSecret.get",
                "pullsecret.get",
                ShownPullSecret,
                PullSecretDetails,
                self.get,
                {"project": "acme", "name": "github"},
                (_UNKNOWN, _LOCKED),
            ),
            Method(
                "pullSecret.delete",
                "pullsecret.delete",
                NamedPullSecret,
                Nothing,
                self.delete,
                _EXAMPLE,
                (_UNKNOWN,),
            ),
        )

    async def create(self, caller: Caller, body: CreatePullSecret) -> HandedPullSecret:
        """Makes a pull secret, shown this once; with server, username and password keeps another registry's login."""
        if body.server is None:
            _refuse(body, "username", "password", why="only beside a server, for another registry")
            handed = await self.pull_secrets.issue(
                caller, body.project, body.name, body.repositories, body.ending, body.include
            )
        else:
            _refuse(body, "repositories", why="only for this registry, without a server")
            login = _login(body, body.server)
            handed = await self.pull_secrets.keep(caller, body.project, body.name, login, body.ending, body.include)
        return self._handed(handed, body.namespace)

    async def renew(self, caller: Caller, body: RenewPullSecret) -> HandedPullSecret:
        """Makes a new secret under the same name, or takes another registry's new password; the old ones run out."""
        overlap = None if body.overlap_seconds is None else timedelta(seconds=body.overlap_seconds)
        handed = await self.pull_secrets.renew(
            caller, body.project, body.name, body.ending, overlap, body.password, body.include
        )
        return self._handed(handed, body.namespace)

    async def list(self, _: Caller, body: ListPullSecrets) -> PullSecretList:
        """The project's pull secrets. `filter` meets the name or the server."""
        known = await self.pull_secrets.all_of(body.project)
        if body.expiring_within is not None:
            span = timedelta(seconds=body.expiring_within)
            known = [secret for secret in known if self.pull_secrets.ends_within(secret, span)]
        items, cursor = _ORDERS.page(known, body)
        return PullSecretList(
            items=[PullSecretResult.model_validate(self._shown(secret)) for secret in items], next_cursor=cursor
        )

    async def get(self, caller: Caller, body: ShownPullSecret) -> PullSecretDetails:
        """One pull secret. Another registry's is shown with its password, this registry's without: it isn't known."""
        handed, secrets = await self.pull_secrets.get(caller, body.project, body.name, body.include)
        forms = _forms(handed.secret.name, body.namespace, handed.logins) if handed.logins else {}
        return PullSecretDetails.model_validate(
            {**self._shown(handed.secret), **forms, "secrets": [IssuedResult.of(secret) for secret in secrets]}
        )

    async def delete(self, caller: Caller, body: NamedPullSecret) -> Nothing:
        """Deletes a pull secret with all of its secrets, which counts at once."""
        await self.pull_secrets.delete(caller, body.project, body.name)
        return Nothing()

    def _handed(self, handed: Handed, namespace: str | None) -> HandedPullSecret:
        forms = _forms(handed.secret.name, namespace, handed.logins)
        return HandedPullSecret.model_validate({**self._shown(handed.secret), **forms})

    def _shown(self, secret: PullSecret) -> dict[str, object]:
        return {
            "name": secret.name,
            "server": secret.server or self.pull_secrets.host,
            "username": secret.username,
            "kept": secret.server is not None,
            "repositories": secret.repositories,
            "valid": self.pull_secrets.valid(secret),
            "created_at": secret.created_at,
            "created_by": secret.created_by,
            "renewed_at": secret.renewed_at,
            "expires_at": secret.expires_at,
            "last_used_at": secret.last_used_at,
        }


def _forms(name: str, namespace: str | None, logins: Sequence[Login]) -> dict[str, str]:
    config = docker_config(logins)
    return {"docker_config": in_base64(config), "kubernetes": kubernetes_secret(name, namespace, config)}


def _login(body: CreatePullSecret, server: ServerName) -> Login:
    if body.username is None or body.password is None:
        missing = [name for name in ("username", "password") if getattr(body, name) is None]
        raise Invalid(*(f"{name}: is missing: the login at the other registry" for name in missing))
    return Login(server, body.username, body.password)


def _refuse(body: CreatePullSecret, *names: str, why: str) -> None:
    given = [name for name in names if getattr(body, name) is not None]
    if given:
        raise Invalid(*(f"{name}: {why}" for name in given))
