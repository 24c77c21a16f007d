"""ports.Authenticator for the passwords of an htpasswd file: a registry that has users today keeps them."""

from collections.abc import Mapping
from typing import Final

import structlog

from sidecar.adapters.sign_in.htpasswd_file import Entries, HtpasswdError, HtpasswdFile
from sidecar.adapters.sign_in.passwords import Passwords
from sidecar.adapters.sign_in.people import People, Refused
from sidecar.domain.errors import InvalidCredentials, SignInFault
from sidecar.domain.identity import CredentialKind, Credentials, Principal, Scheme
from sidecar.domain.names import Email
from sidecar.domain.outsiders import EVERY_DOMAIN, TOKEN_USERS

_UNUSABLE: Final = "the file can't be used"


class HtpasswdAuthenticator:
    """`principals` says who a user name is; others are the e-mail that they are, or the name at `default_domain`."""

    def __init__(
        self,
        file: HtpasswdFile,
        passwords: Passwords,
        people: People,
        principals: Mapping[str, Email],
        default_domain: str | None,
    ) -> None:
        self.file = file
        self._passwords = passwords
        self._people = people
        self._principals = principals
        self._default_domain = default_domain

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """A name that the file doesn't hold is somebody else's to judge, once it has cost the same time (TS-31)."""
        if credentials.scheme is not Scheme.BASIC or credentials.user in TOKEN_USERS:
            return None
        entries = self._entries()
        if not entries.hashes:
            return None
        hashed = entries.hashes.get(credentials.user)
        right = await self._passwords.right(credentials, hashed, entries.cost)
        if hashed is None:
            return None
        if not right:
            raise InvalidCredentials(SignInFault.UNPROVEN)
        return self._principal(credentials.user)

    def trouble(self) -> str | None:
        try:
            self._entries()
        except HtpasswdError:
            return _UNUSABLE
        return None

    def _entries(self) -> Entries:
        entries, is_new = self.file.entries()
        if is_new:
            self._passwords.forget()
            if entries.faults:
                structlog.get_logger().warning(
                    "lines of the password file are ignored", file=str(self.file.path), faults=entries.faults[:20]
                )
        return entries

    def _principal(self, user: str) -> Principal:
        known = self._principals.get(user)
        try:
            if known is not None:
                return self._people.configured(known, None, CredentialKind.HTPASSWD, None)
            return self._people.person(self._email(user), None, (EVERY_DOMAIN,), CredentialKind.HTPASSWD, None)
        except Refused as refused:
            structlog.get_logger().warning("password refused", user=user, why=str(refused))
            raise InvalidCredentials(refused.fault) from None

    def _email(self, user: str) -> str:
        if "@" in user or self._default_domain is None:
            return user
        return f"{user}@{self._default_domain}"
