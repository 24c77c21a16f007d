"""The first administrator: signed in by a token file, and bound to `admin` on every project while nobody else is."""

from dataclasses import dataclass
from typing import Final

from sidecar.domain.actors import ITSELF
from sidecar.domain.audit import Thing, changed
from sidecar.domain.errors import Invalid
from sidecar.domain.identity import SIDECAR, Credential, CredentialKind, PrincipalKind
from sidecar.domain.names import EVERY_PROJECT, Email, PrincipalName, RoleName
from sidecar.domain.roles import ADMIN
from sidecar.domain.secrets import SecretKind, digest, hint, recognise
from sidecar.domain.tenancy import Binding, IssuedSecret
from sidecar.ports import Clock, Store, Tables

CREDENTIAL_ID: Final = "administrator-token-file"
ACTION: Final = "sidecar.ensureAdministrator"
"""What the audit log calls it."""


@dataclass(frozen=True, slots=True)
class EnsureAdministrator:
    """Runs at each start, so that the token in the file is the one that counts, and the last one no longer does."""

    store: Store
    clock: Clock

    async def __call__(self, email: str, token: str | None) -> None:
        """Makes the database know this token of this administrator, and no older one; None takes it away.

        Raises Invalid for a token that `sidecar init` didn't make.
        """
        name = Email(email)
        if token is not None and recognise(token) is not SecretKind.PERSONAL_TOKEN:
            raise Invalid("administrator.token_file: must hold a personal token, as `sidecar init` writes one")
        async with self.store.writing() as tables:
            await self._replace_token(tables, name, token)
            if not await tables.bindings.list(EVERY_PROJECT):
                binding = self._binding(name)
                await tables.bindings.put(binding)
                await self._record(tables, None, binding)

    async def _replace_token(self, tables: Tables, email: Email, token: str | None) -> None:
        """Leaves a token that is the same as it was, because what came from it goes when it is removed."""
        wanted = None if token is None else self._secret(email, token)
        known = await tables.secrets.get(CREDENTIAL_ID)
        if known and wanted and (known.digest, known.credential) == (wanted.digest, wanted.credential):
            return
        if known:
            await tables.secrets.remove(CREDENTIAL_ID)
        if wanted:
            await tables.secrets.add(wanted)
        if known or wanted:
            await self._record(tables, known, wanted)

    async def _record(self, tables: Tables, before: Thing | None, after: Thing | None) -> None:
        await tables.audit.record(changed(ITSELF, ACTION, self.clock.now(), before, after))

    def _secret(self, email: Email, token: str) -> IssuedSecret:
        credential = Credential(CREDENTIAL_ID, CredentialKind.PERSONAL_TOKEN, email, PrincipalKind.PERSON)
        return IssuedSecret(credential, digest(token), hint(token), "administrator", self.clock.now(), SIDECAR)

    def _binding(self, email: Email) -> Binding:
        roles = (RoleName(ADMIN),)
        return Binding(EVERY_PROJECT, PrincipalName(email), roles, None, self.clock.now(), SIDECAR)
