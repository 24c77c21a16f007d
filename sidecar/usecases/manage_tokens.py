"""Tokens that people and service accounts make for themselves; none ever exceeds its maker (S20).

A personal token stands for a person. A scoped token is cut to one project, some permissions, and some repositories or
all. Both end with the credential they were made with, and scoped tokens neither make nor see any.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sidecar.domain.audit import done
from sidecar.domain.errors import Forbidden, Invalid, InvalidCredentials, Refused, found
from sidecar.domain.identity import Credential, CredentialKind, Limit, Principal, PrincipalKind
from sidecar.domain.issuing import NewSecret, issue
from sidecar.domain.names import Email, Glob, ProjectId
from sidecar.domain.ownership import check_reach, own_slice
from sidecar.domain.policy import Caller, Grant, missing_from, require_all
from sidecar.domain.roles import NEVER_SCOPED, PERMISSIONS, REGISTRY_PERMISSIONS
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.domain.tenancy import IssuedSecret
from sidecar.ports import Clock, Randomness, Store, Tables

PERSONAL_LIFETIME: Final = timedelta(days=30)
SCOPED_LIFETIME: Final = timedelta(seconds=900)

MOST: Final = 1000
"""Tokens of one principal that are remembered: whoever can sign in makes them, with rights or without (S30)."""

_LISTED: Final = (CredentialKind.PERSONAL_TOKEN, CredentialKind.SCOPED_TOKEN)


@dataclass(frozen=True, slots=True)
class ManageTokens:
    store: Store
    clock: Clock
    randomness: Randomness

    async def make_personal(self, caller: Caller, label: str, lifetime: timedelta | None) -> NewSecret:
        """A token that stands for the caller, a person, wherever their bindings reach."""
        principal = _maker(caller)
        if principal.kind is not PrincipalKind.PERSON:
            raise Invalid("project: is missing; a service account makes scoped tokens only")
        return await self._issue(caller, CredentialKind.PERSONAL_TOKEN, None, label, lifetime or PERSONAL_LIFETIME)

    async def make_scoped(
        self,
        caller: Caller,
        project: ProjectId,
        permissions: frozenset[str],
        repositories: tuple[Glob, ...] | None,
        label: str,
        lifetime: timedelta | None,
    ) -> NewSecret:
        """A token for these permissions, or, where none are named, for all that the caller could put into one."""
        principal = _maker(caller)
        _check_permissions(permissions, repositories)
        async with self.store.reading() as tables:
            known = found(await tables.projects.get(project) if caller.access.knows(project) else None, "project")
        check_reach(repositories or (), (own_slice(project), *known.owns))
        given = permissions or _all_that_fit(caller, project, repositories)
        require_all(caller.access, [Grant(project, given, repositories, principal.name, "")])
        limit = Limit(project, given, repositories)
        return await self._issue(caller, CredentialKind.SCOPED_TOKEN, limit, label, lifetime or SCOPED_LIFETIME)

    async def all_of(self, caller: Caller) -> list[IssuedSecret]:
        """The caller's personal and scoped tokens, the oldest first."""
        principal = _maker(caller)
        async with self.store.reading() as tables:
            return await tables.secrets.of_principal(Email(principal.name), _LISTED)

    async def revoke(self, caller: Caller, token_id: str) -> None:
        """At once, with every token that was made with it; one of somebody else isn't found (S3)."""
        principal = _maker(caller)
        async with self.store.writing() as tables:
            known = found(await tables.secrets.get(token_id), "token")
            mine = known.credential.principal == principal.name and known.credential.kind in _LISTED
            token = found(known if mine else None, "token")
            await tables.secrets.remove(token.credential.id)
            await tables.audit.record(done(caller, self.clock.now(), token, None))

    async def _issue(
        self, caller: Caller, kind: CredentialKind, limit: Limit | None, label: str, lifetime: timedelta
    ) -> NewSecret:
        maker, now = caller.principal, self.clock.now()
        credential = Credential(
            self.randomness.identifier(),
            kind,
            maker.name,
            maker.kind,
            _end(now + lifetime, maker),
            limit,
            maker.credential,
        )
        token = issue(credential, self.randomness.bytes(RANDOM_BYTES), label, now, maker.name)
        async with self.store.writing() as tables:
            if maker.credential is not None and await tables.secrets.get(maker.credential) is None:
                raise InvalidCredentials
            await _make_room(tables, maker, now)
            await tables.secrets.add(token.kept)
            await tables.audit.record(done(caller, now, None, token.kept))
        return token


async def _make_room(tables: Tables, maker: Principal, now: datetime) -> None:
    """For one more. What has expired goes, the oldest first; what lives stays, and Refused says so."""
    known = await tables.secrets.of_principal(Email(maker.name), _LISTED)
    surplus = max(0, len(known) - MOST + 1)
    expired = [token for token in known if not token.credential.valid_at(now)][:surplus]
    if len(expired) < surplus:
        many = f"{maker.name} has {MOST} tokens that still live: revoke some, or make them live for less long"
        raise Refused("too_many_tokens", "api: too many tokens", (many,))
    for token in expired:
        await tables.secrets.remove(token.credential.id)


def _maker(caller: Caller) -> Principal:
    """Scoped tokens may not make, list or revoke tokens."""
    if caller.principal.limit is not None:
        raise Forbidden(("a credential other than a scoped token",))
    return caller.principal


def _check_permissions(permissions: frozenset[str], repositories: tuple[Glob, ...] | None) -> None:
    """Plain permissions only, and none that would mint credentials or do nothing in a token that is narrowed."""
    can_be_given = frozenset(PERMISSIONS) - NEVER_SCOPED
    faults = [f"permissions: a token can't hold {name}" for name in sorted(permissions - can_be_given)]
    if repositories is not None:
        useless = sorted(permissions & can_be_given - REGISTRY_PERMISSIONS)
        faults += [f"permissions: {name} can't be narrowed to repositories" for name in useless]
    if faults:
        raise Invalid(*faults)


def _end(wanted: datetime, maker: Principal) -> datetime:
    """No later than the credential that the token is made with; a sign-in from elsewhere is no such credential."""
    if maker.credential is None or maker.expires_at is None:
        return wanted
    return min(wanted, maker.expires_at)


def _all_that_fit(caller: Caller, project: ProjectId, repositories: tuple[Glob, ...] | None) -> frozenset[str]:
    fitting = set(PERMISSIONS) - NEVER_SCOPED if repositories is None else REGISTRY_PERMISSIONS
    held = {
        permission
        for permission in fitting
        if not missing_from(caller.access, [Grant(project, frozenset((permission,)), repositories, "", "")])
    }
    if not held:
        raise Forbidden(("any permission that a token can hold",))
    return frozenset(held)
