"""A refresh token for whoever may have one: docker stores it at `docker login`, in place of the password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sidecar.domain.actors import Actor, Asking
from sidecar.domain.audit import changed, gathered
from sidecar.domain.errors import InvalidCredentials
from sidecar.domain.identity import Credential, CredentialKind, Principal
from sidecar.domain.issuing import issue
from sidecar.domain.names import Email
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.domain.tenancy import IssuedSecret
from sidecar.ports import Clock, Randomness, Store, Tables

LIFETIME: Final = timedelta(days=90)
MAX_OF_ONE: Final = 1000
"""How many may have come from one credential. The oldest goes first, so that logins in a loop don't fill the memory."""
MAX_OF_PRINCIPAL: Final = 10_000
"""How many may prove one principal, from whatever credentials; the oldest goes first there, too (decision 33)."""
REFRESHABLE: Final = frozenset((CredentialKind.PERSONAL_TOKEN, CredentialKind.SCOPED_TOKEN))
"""Whose holders get one: a service account's key is kept by docker itself, and works as long (TS-52)."""
ACTION: Final = "token.refresh"
"""What the audit log calls it: one entry for all that one credential got from one address within some minutes."""


@dataclass(frozen=True, slots=True)
class IssueRefreshToken:
    store: Store
    clock: Clock
    randomness: Randomness

    async def __call__(self, principal: Principal, asking: Asking) -> str | None:
        """The secret, shown this once (TS-46 to 52); None for whoever gets none.

        Raises InvalidCredentials where the principal's credential was revoked meanwhile.
        """
        if principal.credential is None or principal.credential_kind not in REFRESHABLE:
            return None
        now = self.clock.now()
        credential = Credential(
            id=self.randomness.identifier(),
            kind=CredentialKind.REFRESH_TOKEN,
            principal=principal.name,
            principal_kind=principal.kind,
            expires_at=_end(principal, now),
            limit=principal.limit,
            parent=principal.credential,
        )
        secret = issue(credential, self.randomness.bytes(RANDOM_BYTES), "", now, principal.name)
        await self._keep(secret.kept, principal.credential, Actor.of(principal, asking))
        return secret.text

    async def _keep(self, secret: IssuedSecret, parent: str, actor: Actor) -> None:
        async with self.store.writing() as tables:
            if await tables.secrets.get(parent) is None:
                raise InvalidCredentials
            await _make_room(tables, Email(secret.credential.principal), parent)
            await tables.secrets.add(secret)
            entry = changed(actor, ACTION, secret.created_at, None, secret)
            await tables.audit.record(gathered(entry, actor.name, actor.credential, actor.address))


def _end(principal: Principal, now: datetime) -> datetime:
    """With the credential that it comes from, at most `LIFETIME` from now."""
    end = now + LIFETIME
    return end if principal.expires_at is None else min(end, principal.expires_at)


async def _make_room(tables: Tables, principal: Email, parent: str) -> None:
    """For one more."""
    for identifier in await tables.secrets.old_refresh_tokens_from(parent, MAX_OF_ONE - 1):
        await tables.secrets.remove(identifier)
    for identifier in await tables.secrets.old_refresh_tokens(principal, MAX_OF_PRINCIPAL - 1):
        await tables.secrets.remove(identifier)
