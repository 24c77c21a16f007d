"""Proof by a secret that the sidecar gave out: keys of service accounts, personal, scoped and refresh tokens.

A secret's form says its kind, and its SHA-256 finds what is remembered of it, in memory. Unknown, expired and
somebody else's are one answer (TS-31); the look-up is by hash, so its time tells nothing of the secrets that exist.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from sidecar.domain.errors import InvalidCredentials, SignInFault
from sidecar.domain.identity import Credential, CredentialKind, Credentials, Principal, PrincipalKind, Scheme
from sidecar.domain.outsiders import TOKEN_USERS, is_user
from sidecar.domain.secrets import SecretKind, digest, recognise
from sidecar.ports import AccessReader, Clock

_SHOWN_AS: Final[Mapping[SecretKind, frozenset[Scheme]]] = {
    SecretKind.SERVICE_ACCOUNT_KEY: frozenset((Scheme.BASIC,)),
    SecretKind.PERSONAL_TOKEN: frozenset((Scheme.BASIC, Scheme.BEARER)),
    SecretKind.SCOPED_TOKEN: frozenset((Scheme.BASIC, Scheme.BEARER)),
    SecretKind.REFRESH_TOKEN: frozenset((Scheme.REFRESH,)),
    SecretKind.PULL_SECRET: frozenset((Scheme.BASIC,)),
}
_NO_TOKENS: Final = frozenset((CredentialKind.SERVICE_ACCOUNT_KEY, CredentialKind.PULL_SECRET))
"""What goes with the name of its own account alone."""


class IssuedSecretAuthenticator:
    """ports.Authenticator for these kinds of secrets; what hasn't their form is somebody else's to judge."""

    def __init__(
        self,
        access: AccessReader,
        clock: Clock,
        kinds: Collection[SecretKind],
        groups_of: Callable[[str], frozenset[str]],
    ) -> None:
        """`groups_of` gives the groups of a person that count now."""
        self._access = access
        self._groups_of = groups_of
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
            groups=self._groups(credential),
            limit=credential.limit,
        )

    def _groups(self, credential: Credential) -> frozenset[str]:
        """A service account has none, whatever its name."""
        if credential.principal_kind is not PrincipalKind.PERSON:
            return frozenset()
        return self._groups_of(credential.principal)


def _may_use(credentials: Credentials, credential: Credential) -> bool:
    """Beside a secret, a user name must be its owner's (TS-35), or one that stands for "a token"."""
    if credentials.scheme is not Scheme.BASIC or is_user(credentials.user, credential.principal):
        return True
    return credentials.user in TOKEN_USERS and credential.kind not in _NO_TOKENS
