"""Makes a personal token for a person, who then signs in with it: how somebody gets in before they have anything."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.domain.audit import done
from sidecar.domain.errors import Invalid
from sidecar.domain.identity import Credential, CredentialKind, PrincipalKind
from sidecar.domain.issuing import NewSecret, issue
from sidecar.domain.names import Email
from sidecar.domain.policy import Caller, require_all
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.ports import AccessReader, Clock, Randomness, Store

LIFETIME: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CreateToken:
    """For administrators of the installation. `account_domain` is where the e-mails of service accounts end."""

    store: Store
    access: AccessReader
    clock: Clock
    randomness: Randomness
    account_domain: str
    groups_of: Callable[[str], frozenset[str]]
    """The groups of a person that count now: such a token holds what they hold."""

    async def __call__(self, caller: Caller, email: Email, label: str, lifetime: timedelta | None) -> NewSecret:
        """The token, its secret for this once. Raises Invalid for a service account, which has keys instead."""
        if email.endswith(f".{self.account_domain}"):
            raise Invalid("email: is kept for service accounts, which have keys instead of tokens")
        now = self.clock.now()
        for name in (email, *self.groups_of(email)):
            require_all(caller.access, self.access.grants_of(name))
        credential = Credential(
            id=self.randomness.identifier(),
            kind=CredentialKind.PERSONAL_TOKEN,
            principal=email,
            principal_kind=PrincipalKind.PERSON,
            expires_at=now + (lifetime or LIFETIME),
        )
        token = issue(credential, self.randomness.bytes(RANDOM_BYTES), label, now, caller.principal.name)
        async with self.store.writing() as tables:
            await tables.secrets.add(token.kept)
            await tables.audit.record(done(caller, now, None, token.kept))
        return token
