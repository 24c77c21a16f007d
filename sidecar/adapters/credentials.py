"""Proof by a secret that the sidecar gave out: keys of service accounts, personal, scoped and refresh tokens.

A secret's form says its kind, and its SHA-256 finds what is remembered of it, in memory. Unknown, expired and
somebody else's are one answer (TS-31); the look-up is by hash, so its time tells nothing of the secrets that exist.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sidecar.domain.errors import Invalid, InvalidCredentials, SignInFault
from sidecar.domain.identity import Credential, CredentialKind, Credentials, Principal, Scheme
from sidecar.domain.names import Email
from sidecar.domain.secrets import SecretKind, digest, recognise
from sidecar.ports import AccessReader, Clock

_SHOWN_AS: Final[Mapping[SecretKind, frozenset[Scheme]]] = {
    SecretKind.SERVICE_ACCOUNT_KEY: frozenset((Scheme.BASIC,)),
    SecretKind.PERSONAL_TOKEN: frozenset((Scheme.BASIC, Scheme.BEARER)),
    SecretKind.SCOPED_TOKEN: frozenset((Scheme.BASIC, Scheme.BEARER)),
    SecretKind.REFRESH_TOKEN: frozenset((Scheme.REFRESH,)),
    SecretKind.PULL_SECRET: frozenset((Scheme.BASIC,)),
}
_ANY_TOKEN: Final = frozenset(("oauth2accesstoken", "_token", "00000000-0000-0000-0000-000000000000"))
"""User names by which clients say "the secret is a token": those of Google's, of others', and of Azure's clients."""


class IssuedSecretAuthenticator:
    """ports.Authenticator for these kinds of secrets; what hasn't their form is somebody else's to judge."""

    def __init__(self, access: AccessReader, clock: Clock, kinds: Collection[SecretKind]) -> None:
        self._access = access
        self._clock = clock
        self._kinds = frozenset(kinds)

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        kind = recognise(credentials.secret)
        if kind is None or kind not in self._kinds:
            return None
        credential = self._access.credential(digest(credentials.secret))
        if credential is None:
            raise InvalidCredentials(SignInFault.UNKNOWN)
        if not credential.valid_at(self._clock.now()):
            raise InvalidCredentials(SignInFault.EXPIRED)
        if credentials.scheme not in _SHOWN_AS[kind]:
            raise InvalidCredentials(SignInFault.MISPLACED)
        if not _may_use(credentials, credential):
            raise InvalidCredentials(SignInFault.NOT_THEIRS)
        return Principal(
            name=credential.principal,
            kind=credential.principal_kind,
            credential=credential.id,
            credential_kind=credential.kind,
            expires_at=credential.expires_at,
            limit=credential.limit,
        )


def _may_use(credentials: Credentials, credential: Credential) -> bool:
    """Beside a secret, a user name must be its owner's (TS-35), or one that stands for "a token"."""
    if credentials.scheme is not Scheme.BASIC or credentials.user == credential.principal:
        return True
    if credentials.user in _ANY_TOKEN:
        return credential.kind not in (CredentialKind.SERVICE_ACCOUNT_KEY, CredentialKind.PULL_SECRET)
    try:
        return Email(credentials.user) == credential.principal
    except Invalid:
        return False
