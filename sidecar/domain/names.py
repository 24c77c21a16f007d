"""Names that refuse bad input when made: projects, repositories, principals, and the globs that select repositories.

Every pattern here is fixed; text from users is matched against them and never becomes one (S24).
"""

import re
import string
from typing import Final, Self

from sidecar.domain.errors import Invalid

_PROJECT: Final = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_ACCOUNT: Final = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"
REPOSITORY_PATTERN: Final = rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*"
OWNED_PATTERN: Final = rf"(?:{REPOSITORY_PATTERN}(?:/\*)?|{_HOST}/\*)"
"""Of `ownership.OwnedName`: a repository, or a prefix, which may be a host alone."""
_REPOSITORY: Final = re.compile(REPOSITORY_PATTERN)
_GLOB: Final = re.compile(r"[a-zA-Z0-9._/:*-]+")
_ROLE: Final = re.compile(r"[a-z][a-z0-9-]*")
_EMAIL: Final = re.compile(r"[^\s@:]+@[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?")
_GROUP: Final = re.compile(r"group:\S(?:.*\S)?")
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

ALL_USERS: Final = "allUsers"
ALL_AUTHENTICATED_USERS: Final = "allAuthenticatedUsers"
EVERY_PROJECT: Final = "*"
"""The project of a binding that means every project, now and later."""


class ProjectId(str):
    """A project's short id: `^[a-z][a-z0-9-]*[a-z0-9]$`, 3 to 32 characters; the first component of what it owns."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not (3 <= len(value) <= 32 and _PROJECT.fullmatch(value)):
            raise Invalid("project: must be 3 to 32 of a-z, 0-9 and -, begin with a letter and not end with -")
        return super().__new__(cls, value)


class AccountId(str):
    """A service account's short id within its project: `^[a-z]([a-z0-9-]*[a-z0-9])?$`, at most 32 characters."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not (len(value) <= 32 and _ACCOUNT.fullmatch(value)):
            raise Invalid("sid: must be at most 32 of a-z, 0-9 and -, begin with a letter and not end with -")
        return super().__new__(cls, value)


class RepositoryName(str):
    """A repository's full name, at most 255 characters.

    The grammar is distribution's `reference.NameRegexp`, whose first component may be a `host:port` (registry fact 8).
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not (len(value) <= 255 and _REPOSITORY.fullmatch(value)):
            raise Invalid("repository: must be components of a-z, 0-9, ., _ and - joined by /, at most 255 characters")
        return super().__new__(cls, value)


class RoleName(str):
    """A role's name within its project: `^[a-z][a-z0-9-]*$`, at most 63 characters."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not (len(value) <= 63 and _ROLE.fullmatch(value)):
            raise Invalid("role: must be at most 63 of a-z, 0-9 and -, and begin with a letter")
        return super().__new__(cls, value)


class Email(str):
    """A person's or a service account's address, at most 254 printable characters.

    A colon is refused, because Basic credentials end the user name at the first one (TS-33). Only ASCII is put in lower
    case: Unicode's rules would make `K` (the Kelvin sign) a `k`, and so one person another.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not (len(value) <= 254 and value.isprintable() and _EMAIL.fullmatch(value)):
            raise Invalid("email: must be an e-mail address")
        return super().__new__(cls, value.translate(_LOWER))


class PrincipalName(str):
    """Whom a binding names: an `Email`, `group:<name>`, `allUsers` or `allAuthenticatedUsers`."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if value in (ALL_USERS, ALL_AUTHENTICATED_USERS):
            return super().__new__(cls, value)
        if value.startswith("group:"):
            if not (len(value) <= 260 and value.isprintable() and _GROUP.fullmatch(value)):
                raise Invalid("email: a group must be group:<name>, the name at most 254 printable characters")
            return super().__new__(cls, value)
        try:
            return super().__new__(cls, Email(value))
        except Invalid:
            raise Invalid("email: must be an e-mail address, group:<name>, allUsers or allAuthenticatedUsers") from None


class Glob(str):
    """Selects repositories by whole name: `*` is any run of characters, `/` included; nothing else is special."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if not (len(value) <= 255 and _GLOB.fullmatch(value)):
            raise Invalid("repositories: a pattern must be at most 255 of the characters of a repository name and *")
        return super().__new__(cls, value)

    def matches(self, name: str) -> bool:
        """Whether the whole of `name` fits. Linear: each literal part is found once, leftmost first."""
        head, *rest = self.split("*")
        if not rest:
            return name == head
        *middle, tail = rest
        if not name.startswith(head) or len(name) < len(head) + len(tail):
            return False
        at, end = len(head), len(name) - len(tail)
        if not name.endswith(tail):
            return False
        for part in middle:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def covers(self, other: "Glob") -> bool:
        """Whether each name that fits `other` surely fits this one.

        Matching the other's text suffices: a literal never contains `*`, so the other's `*` fell to one of ours.
        """
        return self.matches(other)


class NameFilter(Glob):
    """A glob on the names of a list, which may be any text: at most 255 characters."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        if len(value) > 255:
            raise Invalid("filter: must be at most 255 characters")
        return str.__new__(cls, value)
