"""Whom a sign-in from elsewhere may prove: people of some domains, and never the sidecar's own accounts.

An OIDC provider, an authorization server or a file of passwords vouches for a name. What that name may be is decided
here, so that no such voucher makes anybody a service account or the first administrator.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sidecar.domain.errors import Invalid
from sidecar.domain.names import Email, PrincipalName

EVERY_DOMAIN: Final = "*"
MOST_GROUPS: Final = 500
"""Of one person; the first by name count, so that a token with very many costs a bounded amount (S30)."""
GROUPS_KEPT: Final = timedelta(days=30)
"""For how long after the sign-in that told them a person's groups count for tokens made here."""

TOKEN_USERS: Final = frozenset(("oauth2accesstoken", "_token", "00000000-0000-0000-0000-000000000000"))
"""User names by which clients say "the secret is a token": those of Google's, of others', and of Azure's clients."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """E-mails that are the sidecar's own: the administrator's, and all below the domains of service accounts."""

    administrator: Email
    domains: tuple[str, ...]

    def holds(self, email: Email) -> bool:
        domain = domain_of(email)
        within = any(domain == own or domain.endswith(f".{own}") for own in self.domains)
        return within or email == self.administrator


def domain_of(email: Email) -> str:
    return email.rpartition("@")[2]


def in_domains(email: Email, domains: Iterable[str]) -> bool:
    """Whether the e-mail's domain is one of these, whole: `example.com` doesn't stand for `a.example.com`."""
    allowed = frozenset(domains)
    return EVERY_DOMAIN in allowed or domain_of(email) in allowed


def is_user(user: str, email: str) -> bool:
    """Whether a user name means the owner of this e-mail (TS-35)."""
    if user == email:
        return True
    try:
        return Email(user) == email
    except Invalid:
        return False


def groups_from(told: object, prefix: str) -> frozenset[str]:
    """The `group:<prefix><name>` that a claim tells, in a list or as one text; what can't be a name is left out."""
    names = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return frozenset(sorted(_group_names(names, prefix))[:MOST_GROUPS])


def _group_names(names: Iterable[object], prefix: str) -> set[str]:
    found = set()
    for name in names:
        if isinstance(name, str) and name:
            try:
                found.add(str(PrincipalName(f"group:{prefix}{name}")))
            except Invalid:
                continue
    return found


@dataclass(frozen=True, slots=True)
class ToldGroups:
    """The groups of a person as a sign-in told them; `at` is when the provider said so, by its token's `iat`."""

    groups: frozenset[str]
    at: datetime

    def counting(self, now: datetime) -> frozenset[str]:
        """Those that still count."""
        return self.groups if now - self.at < GROUPS_KEPT else frozenset()
