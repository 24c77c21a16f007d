"""Service accounts and their keys. Whoever gets a key holds nothing that its maker didn't (S2)."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sidecar.domain.audit import done
from sidecar.domain.bindings import check_headed
from sidecar.domain.bounds import SERVICE_ACCOUNTS
from sidecar.domain.errors import Invalid, NotFound, Refused, found
from sidecar.domain.identity import Credential, CredentialKind, PrincipalKind
from sidecar.domain.issuing import NewSecret, issue
from sidecar.domain.names import EVERY_PROJECT, AccountId, Email, PrincipalName, ProjectId
from sidecar.domain.policy import Caller, require_all
from sidecar.domain.secrets import RANDOM_BYTES, digest
from sidecar.domain.tenancy import IssuedSecret, ServiceAccount
from sidecar.ports import AccessReader, Clock, Randomness, Store, Tables

MAX_KEYS: Final = 100
"""The most keys that one account can have, expired ones included (S30)."""

_KEYS: Final = (CredentialKind.SERVICE_ACCOUNT_KEY,)


@dataclass(frozen=True, slots=True)
class ManageServiceAccounts:
    """Accounts are `<sid>@<project>.<domain>`; an `account` is asked for by its sid or its e-mail."""

    store: Store
    access: AccessReader
    clock: Clock
    randomness: Randomness
    domain: str

    async def create(
        self, caller: Caller, project: ProjectId, sid: AccountId, name: str, description: str
    ) -> ServiceAccount:
        email = Email(f"{sid}@{project}.{self.domain}")
        made = ServiceAccount(project, sid, email, name, description, self.clock.now(), caller.principal.name)
        async with self.store.writing() as tables:
            found(await tables.projects.get(project), "project")
            if await tables.accounts.get(project, sid) is None:
                SERVICE_ACCOUNTS.check(project, len(await tables.accounts.list(project)))
            await tables.accounts.add(made)
            await tables.audit.record(done(caller, made.created_at, None, made))
        return made

    async def all_of(self, project: ProjectId) -> list[ServiceAccount]:
        """The project's accounts, by sid."""
        async with self.store.reading() as tables:
            found(await tables.projects.get(project), "project")
            return await tables.accounts.list(project)

    async def get(self, project: ProjectId, account: str) -> tuple[ServiceAccount, list[IssuedSecret]]:
        """The account and its keys, the oldest first."""
        async with self.store.reading() as tables:
            known = await _account(tables, project, account)
            return known, await tables.secrets.of_principal(known.email, _KEYS)

    async def update(
        self, caller: Caller, project: ProjectId, account: str, name: str | None, description: str | None
    ) -> ServiceAccount:
        """The account with another name or description; None leaves as it is."""
        async with self.store.writing() as tables:
            known = await _account(tables, project, account)
            changed = replace(
                known,
                name=known.name if name is None else name,
                description=known.description if description is None else description,
            )
            await tables.accounts.replace(changed)
            await tables.audit.record(done(caller, self.clock.now(), known, changed))
        return changed

    async def delete(self, caller: Caller, project: ProjectId, account: str) -> None:
        """With its keys and bindings. It may hold nothing here that the caller lacks, nor be the last owner."""
        async with self.store.writing() as tables:
            known = await _account(tables, project, account)
            grants = self.access.grants_of(known.email)
            require_all(caller.access, [grant for grant in grants if grant.project == project])
            for place in (project, EVERY_PROJECT):
                held = await tables.bindings.get(place, PrincipalName(known.email))
                check_headed(caller.access, held, None, await tables.bindings.list(place))
            await tables.accounts.remove(known)
            await tables.audit.record(done(caller, self.clock.now(), known, None))

    async def create_key(
        self, caller: Caller, project: ProjectId, account: str, label: str, expires_at: datetime | None
    ) -> NewSecret:
        """A key that proves the account. The caller must hold all that the account holds, in whatever project."""
        now = self.clock.now()
        if expires_at is not None and expires_at <= now:
            raise Invalid("expiresAt: must lie in the future")
        async with self.store.writing() as tables:
            known = await _account(tables, project, account)
            require_all(caller.access, self.access.grants_of(known.email))
            if len(await tables.secrets.of_principal(known.email, _KEYS)) >= MAX_KEYS:
                raise Refused("too_many_keys", f"api: a service account has at most {MAX_KEYS} keys")
            key = issue(
                Credential(
                    self.randomness.identifier(),
                    CredentialKind.SERVICE_ACCOUNT_KEY,
                    known.email,
                    PrincipalKind.SERVICE_ACCOUNT,
                    expires_at,
                ),
                self.randomness.bytes(RANDOM_BYTES),
                label,
                now,
                caller.principal.name,
            )
            await tables.secrets.add(key.kept)
            await tables.audit.record(done(caller, now, None, key.kept, project))
        return key

    async def delete_key(self, caller: Caller, project: ProjectId, account: str, key: str) -> None:
        """The key by its id, or by the secret itself."""
        async with self.store.writing() as tables:
            known = await _account(tables, project, account)
            keys = await tables.secrets.of_principal(known.email, _KEYS)
            named = found(next((each for each in keys if _is_key(each, key)), None), "key")
            await tables.secrets.remove(named.credential.id)
            await tables.audit.record(done(caller, self.clock.now(), named, None, project))


async def _account(tables: Tables, project: ProjectId, account: str) -> ServiceAccount:
    """The project's account of this sid or e-mail; one of another project isn't found (S3)."""
    found(await tables.projects.get(project), "project")
    if isinstance(account, Email):
        known = await tables.accounts.by_email(account)
    else:
        known = await tables.accounts.get(project, account)
    if known is None or known.project != project:
        raise NotFound("service account")
    return known


def _is_key(kept: IssuedSecret, key: str) -> bool:
    return kept.credential.id == key or hmac.compare_digest(kept.digest, digest(key))
