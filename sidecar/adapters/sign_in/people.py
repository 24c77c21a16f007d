"""Makes principals of whoever was proven elsewhere, by one rule for all ways (S20)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.errors import Invalid, SignInFault
from sidecar.domain.identity import CredentialKind, Credentials, Principal, PrincipalKind, Scheme
from sidecar.domain.names import Email
from sidecar.domain.outsiders import TOKEN_USERS, Reserved, ToldGroups, in_domains, is_user


class Refused(Exception):
    """Mine, and bad. The message is for the log: one of a fixed set, and never part of what was shown."""

    def __init__(self, why: str, fault: SignInFault = SignInFault.UNPROVEN) -> None:
        super().__init__(why)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class People:
    """`groups_of` gives the groups of a person that count now, `told` hears of those that a sign-in tells."""

    reserved: Reserved
    account_domain: str
    groups_of: Callable[[str], frozenset[str]]
    told: Callable[[Email, ToldGroups], None]

    def person(
        self,
        name: object,
        shown: Credentials | None,
        domains: Sequence[str],
        kind: CredentialKind,
        expires_at: datetime | None,
        groups: ToldGroups | None = None,
    ) -> Principal:
        """The person of this e-mail, in these domains; raises Refused. `groups` is None where the proof tells of none.

        Of a token, `shown` is how it was shown: a user name beside it must be its owner's (TS-35).
        """
        email = _email(name)
        _check_user(shown, email)
        if self.reserved.holds(email):
            raise Refused("the e-mail is reserved", SignInFault.NOT_WELCOME)
        if not in_domains(email, domains):
            raise Refused("the e-mail's domain is not allowed", SignInFault.NOT_WELCOME)
        if groups is None:
            return Principal(email, PrincipalKind.PERSON, None, kind, expires_at, self.groups_of(email))
        self.told(email, groups)
        return Principal(email, PrincipalKind.PERSON, None, kind, expires_at, groups.groups)

    def configured(
        self, email: Email, shown: Credentials | None, kind: CredentialKind, expires_at: datetime | None
    ) -> Principal:
        """Whom the configuration itself names, which may be a service account or the administrator."""
        _check_user(shown, email)
        if email.endswith(f".{self.account_domain}"):
            return Principal(email, PrincipalKind.SERVICE_ACCOUNT, None, kind, expires_at)
        return Principal(email, PrincipalKind.PERSON, None, kind, expires_at, self.groups_of(email))


def _check_user(shown: Credentials | None, email: Email) -> None:
    """Or it stands for "a token"."""
    if shown is None or shown.scheme is not Scheme.BASIC or shown.user in TOKEN_USERS:
        return
    if not is_user(shown.user, email):
        raise Refused("it is another user's", SignInFault.NOT_THEIRS)


def _email(name: object) -> Email:
    try:
        return Email(name if isinstance(name, str) else "")
    except Invalid:
        raise Refused("no e-mail address is told", SignInFault.NOT_WELCOME) from None
