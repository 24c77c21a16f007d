"""Pull secrets of a project: made for this registry, or kept for another one; renewed, shown and deleted.

Those of this registry allow pulls and nothing else, never more than their maker may pull (S2). Like a service account's
keys they belong to the project from then on: a cluster goes on pulling when their maker leaves (decision 26).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sidecar.domain.audit import done, read_out
from sidecar.domain.errors import Invalid, InvalidCredentials, Refused, found
from sidecar.domain.identity import Credential, CredentialKind, Limit, Principal, PrincipalKind
from sidecar.domain.issuing import NewSecret, issue
from sidecar.domain.names import Email, Glob, ProjectId
from sidecar.domain.ownership import check_reach, own_slice
from sidecar.domain.policy import Caller, Grant, require, require_all
from sidecar.domain.pull_secrets import (
    PULL,
    Ending,
    Login,
    PullSecret,
    PullSecretName,
    ServerName,
    check_include,
    check_login,
    check_together,
    principal_of,
)
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.domain.tenancy import IssuedSecret
from sidecar.ports import Clock, Randomness, Store, Tables
from sidecar.ports.pull_secrets import Sealing

MOST: Final = 100
"""Pull secrets of one project, and living secrets of one pull secret (S30)."""
OVERLAP: Final = timedelta(days=1)
"""How long the secrets before it still open what they did when a pull secret is renewed."""

_KINDS: Final = (CredentialKind.PULL_SECRET,)


@dataclass(frozen=True, slots=True)
class Handed:
    """A pull secret, and the logins that go out with it: empty where it is of this registry and not new."""

    secret: PullSecret
    logins: tuple[Login, ...] = ()


@dataclass(frozen=True, slots=True)
class ManagePullSecrets:
    """`host` is what clients call this registry, `domain` where the e-mails of service accounts end."""

    store: Store
    sealing: Sealing
    clock: Clock
    randomness: Randomness
    host: str
    domain: str

    async def issue(
        self,
        caller: Caller,
        project: ProjectId,
        name: PullSecretName,
        repositories: tuple[Glob, ...] | None,
        ending: Ending,
        include: Sequence[PullSecretName] = (),
    ) -> Handed:
        """One for this registry, with its secret for this once. The caller must be allowed the pulls itself."""
        now = self.clock.now()
        _require_pulls(caller, project, repositories)
        async with self.store.writing() as tables:
            others = await self._included(tables, caller, project, name, include)
            known = found(await tables.projects.get(project), "project")
            check_reach(repositories or (), (own_slice(project), *known.owns))
            made = PullSecret(
                project,
                name,
                principal_of(name, project, self.domain),
                created_at=now,
                created_by=caller.principal.name,
                renewed_at=now,
                repositories=repositories,
                expires_at=_end(ending.from_now(now), caller.principal),
            )
            new = await self._new_credential(tables, caller, made)
            made = replace(made, credential=new.kept.credential.id)
            handed = _handed(made, Login(self.host, made.username, new.text), others)
            await _add(tables, caller, made)
        return handed

    async def keep(
        self,
        caller: Caller,
        project: ProjectId,
        name: PullSecretName,
        login: Login,
        ending: Ending,
        include: Sequence[PullSecretName] = (),
    ) -> Handed:
        """One for another registry; `ending` is when its password ends there, so that it can be renewed in time."""
        now = self.clock.now()
        check_login(login.username, login.password)
        server = ServerName(login.server)
        if server.host == self.host.lower():
            raise Invalid("server: is this registry; leave server, username and password out")
        made = PullSecret(
            project,
            name,
            login.username,
            created_at=now,
            created_by=caller.principal.name,
            renewed_at=now,
            server=server,
            expires_at=ending.from_now(now),
        )
        async with self.store.writing() as tables:
            others = await self._included(tables, caller, project, name, include)
            found(await tables.projects.get(project), "project")
            made = replace(made, sealed=self.sealing.seal(login.password, made.sealed_about()))
            handed = _handed(made, replace(login, server=server), others)
            await _add(tables, caller, made)
        return handed

    async def renew(
        self,
        caller: Caller,
        project: ProjectId,
        name: PullSecretName,
        ending: Ending,
        overlap: timedelta | None,
        password: str | None,
        include: Sequence[PullSecretName] = (),
    ) -> Handed:
        """A new secret under the old name, or another registry's new password.

        It lives as long as the one before was to, where `ending` doesn't say. Secrets of this registry that came before
        live on for `overlap`, so that pulls go on while machines learn the new one.
        """
        now = self.clock.now()
        async with self.store.writing() as tables:
            others = await self._included(tables, caller, project, name, include)
            known = await _known(tables, project, name)
            renewed = replace(known, renewed_at=now, expires_at=ending.from_now(now, known.lifetime))
            if known.server is None:
                renewed, login = await self._reissued(tables, caller, known, renewed, overlap or OVERLAP, password)
            else:
                renewed, login = self._resealed(renewed, known.server, password)
            handed = _handed(renewed, login, others)
            await tables.pull_secrets.replace(renewed)
            await tables.audit.record(done(caller, now, known, renewed))
        return handed

    async def all_of(self, project: ProjectId) -> list[PullSecret]:
        """The project's, by name."""
        async with self.store.reading() as tables:
            found(await tables.projects.get(project), "project")
            return await tables.pull_secrets.list(project)

    async def get(
        self, caller: Caller, project: ProjectId, name: PullSecretName, include: Sequence[PullSecretName] = ()
    ) -> tuple[Handed, list[IssuedSecret]]:
        """The pull secret with the logins that are kept, and what is known of its secrets, the oldest first.

        The audit log knows of each password before its reader does (decision 32).
        """
        async with self.store.writing() as tables:
            others = await self._included(tables, caller, project, name, include)
            known = await _known(tables, project, name)
            login = None if known.server is None else await self._read_out(tables, caller, known)
            handed = _handed(known, login, others)
            return handed, await _issued(tables, known)

    async def delete(self, caller: Caller, project: ProjectId, name: PullSecretName) -> None:
        """With all of its secrets, at once."""
        async with self.store.writing() as tables:
            known = await _known(tables, project, name)
            for secret in await _issued(tables, known):
                await tables.secrets.remove(secret.credential.id)
            await tables.pull_secrets.remove(project, name)
            await tables.audit.record(done(caller, self.clock.now(), known, None))

    def valid(self, secret: PullSecret) -> bool:
        """Whether it opens anything now."""
        return secret.valid_at(self.clock.now())

    def ends_within(self, secret: PullSecret, span: timedelta) -> bool:
        """Whether it ends before that long, or has ended."""
        return secret.expires_at is not None and secret.expires_at < self.clock.now() + span

    async def _reissued(
        self,
        tables: Tables,
        caller: Caller,
        before: PullSecret,
        renewed: PullSecret,
        overlap: timedelta,
        password: str | None,
    ) -> tuple[PullSecret, Login]:
        if password is not None:
            raise Invalid("password: this registry's secrets are made here; leave it out")
        _require_pulls(caller, renewed.project, renewed.repositories)
        await self._let_run_out(tables, renewed, overlap)
        renewed = replace(renewed, expires_at=_later_end(renewed, before, caller.principal))
        new = await self._new_credential(tables, caller, renewed)
        renewed = replace(renewed, credential=new.kept.credential.id, usable=True)
        return renewed, Login(self.host, renewed.username, new.text)

    def _resealed(self, renewed: PullSecret, server: str, password: str | None) -> tuple[PullSecret, Login]:
        if password is None:
            raise Invalid("password: is missing: the other registry's new one")
        check_login(renewed.username, password)
        sealed = self.sealing.seal(password, renewed.sealed_about())
        return replace(renewed, sealed=sealed), Login(server, renewed.username, password)

    async def _let_run_out(self, tables: Tables, secret: PullSecret, overlap: timedelta) -> None:
        """Secrets before this one end when the overlap does; none lives longer for it."""
        now = self.clock.now()
        living = [each for each in await _issued(tables, secret) if each.credential.valid_at(now)]
        if len(living) >= MOST:
            raise _too_many(f"{secret.name} has {MOST} secrets that still live")
        for each in living:
            end = each.credential.expires_at
            if end is None or end > now + overlap:
                await tables.secrets.remove(each.credential.id)
                await tables.secrets.add(replace(each, credential=replace(each.credential, expires_at=now + overlap)))

    async def _new_credential(self, tables: Tables, caller: Caller, secret: PullSecret) -> NewSecret:
        """Made with a scoped token, it ends with that token (decision 22)."""
        maker = caller.principal
        parent = maker.credential if maker.limit is not None else None
        if parent is not None and await tables.secrets.get(parent) is None:
            raise InvalidCredentials
        credential = Credential(
            self.randomness.identifier(),
            CredentialKind.PULL_SECRET,
            secret.username,
            PrincipalKind.SERVICE_ACCOUNT,
            secret.expires_at,
            Limit(secret.project, frozenset((PULL,)), secret.repositories),
            parent,
        )
        new = issue(
            credential, self.randomness.bytes(RANDOM_BYTES), secret.name, secret.renewed_at, caller.principal.name
        )
        await tables.secrets.add(new.kept)
        return new

    async def _included(
        self,
        tables: Tables,
        caller: Caller,
        project: ProjectId,
        name: PullSecretName,
        include: Sequence[PullSecretName],
    ) -> tuple[Login, ...]:
        """The kept logins of these, for one docker configuration; whoever may not get them may not include them."""
        if not include:
            return ()
        require(caller.access, "pullsecret.get", project)
        check_include(include, name)
        others = [await _known(tables, project, other) for other in include]
        here = [other.name for other in others if other.server is None]
        if here:
            raise Invalid(*(f"include: {other} is for this registry: only a new secret can be shown" for other in here))
        return tuple([await self._read_out(tables, caller, other) for other in others])

    async def _read_out(self, tables: Tables, caller: Caller, secret: PullSecret) -> Login:
        """The login that is kept; an entry of the audit log says that the caller has it."""
        await tables.audit.record(read_out(caller, self.clock.now(), secret))
        return Login(
            secret.server or self.host,
            secret.username,
            self.sealing.open(secret.sealed or b"", secret.sealed_about()),
        )


def _handed(secret: PullSecret, login: Login | None, others: tuple[Login, ...]) -> Handed:
    """Raises Invalid where the logins don't go together: before anything is kept, so that no secret is lost."""
    logins = others if login is None else (login, *others)
    check_together(logins)
    return Handed(secret, logins)


def _require_pulls(caller: Caller, project: ProjectId, repositories: tuple[Glob, ...] | None) -> None:
    require_all(caller.access, [Grant(project, frozenset((PULL,)), repositories, caller.principal.name, "")])


def _end(wanted: datetime | None, maker: Principal) -> datetime | None:
    """No later than the scoped token that it is made with."""
    if maker.limit is None or maker.expires_at is None:
        return wanted
    return maker.expires_at if wanted is None else min(wanted, maker.expires_at)


def _later_end(renewed: PullSecret, before: PullSecret, maker: Principal) -> datetime | None:
    """Invalid where the maker's token would end it before the secret that it takes the place of: pulls would stop."""
    end = _end(renewed.expires_at, maker)
    if end is None or end == renewed.expires_at or (before.expires_at is not None and before.expires_at <= end):
        return end
    raise Invalid(
        "expiresAt: the secret would end with the scoped token, before the one that is there; renew with a personal "
        "token or a service account's key, or say an end within the token's"
    )


async def _add(tables: Tables, caller: Caller, secret: PullSecret) -> None:
    if len(await tables.pull_secrets.list(secret.project)) >= MOST:
        raise _too_many(f"{secret.project} has {MOST} pull secrets")
    await tables.pull_secrets.add(secret)
    await tables.audit.record(done(caller, secret.created_at, None, secret))


async def _known(tables: Tables, project: ProjectId, name: PullSecretName) -> PullSecret:
    found(await tables.projects.get(project), "project")
    return found(await tables.pull_secrets.get(project, name), "pull secret")


async def _issued(tables: Tables, secret: PullSecret) -> list[IssuedSecret]:
    """Those made here; none for another registry's, whatever its user is called there."""
    if secret.server is not None:
        return []
    return await tables.secrets.of_principal(Email(secret.username), _KINDS)


def _too_many(what: str) -> Refused:
    return Refused("too_many_pull_secrets", "api: too many pull secrets", (what,))
