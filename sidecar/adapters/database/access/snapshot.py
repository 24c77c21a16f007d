"""All that access depends on, held in memory: who owns names, the roles of projects, bindings, secrets, groups.

Each part is filled from rows, either all of them or those of what has changed. A row begins with the subject that the
log knows it by. Names that stand in many places are interned, and lists that many rows share are decoded once.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import NamedTuple, Protocol

from sidecar.adapters.database.access_log import Touched
from sidecar.adapters.database.columns import list_of, time_of
from sidecar.adapters.database.driver import Row
from sidecar.adapters.database.issued_secrets import credential_of
from sidecar.domain.identity import Credential
from sidecar.domain.names import Glob, ProjectId
from sidecar.domain.outsiders import ToldGroups
from sidecar.domain.ownership import OwnedName, Ownership
from sidecar.domain.policy import Grant, holdable
from sidecar.domain.roles import PermissionPattern, built_in_permissions, expand


class AccessSnapshot:
    """The state of access at one generation."""

    def __init__(self, generation: int = -1) -> None:
        self.generation = generation
        self._names = _OwnedNames()
        self._roles = _Roles()
        self._bindings = _Bindings()
        self._secrets = _Secrets()
        self._groups = _Groups()
        self._parts: Mapping[Touched, _Part] = {
            Touched.PROJECT: self._names,
            Touched.ROLES: self._roles,
            Touched.BINDINGS: self._bindings,
            Touched.SECRET: self._secrets,
            Touched.GROUPS: self._groups,
        }

    def owner_of(self, repository: str) -> ProjectId | None:
        return self._names.ownership.owner_of(repository)

    def grants_of(self, principal: str) -> Iterator[Grant]:
        """One grant per role that is bound to this very principal. A role that is gone gives no permission."""
        for held in self._bindings.of(principal):
            for role in held.roles:
                permissions = holdable(principal, self._roles.permissions(held.project, role))
                yield Grant(held.project, permissions, held.repositories, principal, role)

    def credential(self, digest: bytes, now: datetime) -> Credential | None:
        """The credential of this SHA-256, expired or not; None where one that it came from is gone or expired."""
        return self._secrets.credential(digest, now)

    def groups_told(self, email: str) -> ToldGroups | None:
        return self._groups.of(email)

    def add(self, kind: Touched, rows: Iterable[Row]) -> None:
        """Takes in rows of subjects that aren't there yet."""
        part = self._parts[kind]
        for row in rows:
            part.add(row)

    def replace(self, kind: Touched, rows: Iterable[Row]) -> None:
        """Forgets the subjects of these rows, and takes in the rows. One whose second column is None adds nothing."""
        rows = tuple(rows)
        for subject in {row[0] for row in rows}:
            self._parts[kind].forget(subject)
        self.add(kind, (row for row in rows if row[1] is not None))


class _Part(Protocol):
    def add(self, row: Row) -> None: ...

    def forget(self, subject: str) -> None: ...


class _OwnedNames:
    """What each project owns. Rows: sid, owns."""

    def __init__(self) -> None:
        self.ownership = Ownership()

    def add(self, row: Row) -> None:
        sid, owns = row
        self.ownership.put(ProjectId(sid), (OwnedName(name) for name in list_of(owns)))

    def forget(self, subject: str) -> None:
        self.ownership.remove(ProjectId(subject))


class _Roles:
    """The own roles of each project. Rows: project, name, permissions."""

    def __init__(self) -> None:
        self._by_project: dict[str, dict[str, frozenset[str]]] = {}

    def permissions(self, project: str, role: str) -> frozenset[str]:
        """What a role gives in this project, built in or its own; nothing where there is no such role."""
        built_in = built_in_permissions(project, role)
        return self._by_project.get(project, {}).get(role, frozenset()) if built_in is None else built_in

    def add(self, row: Row) -> None:
        project, name, permissions = row
        self._by_project.setdefault(project, {})[name] = _expanded(permissions)

    def forget(self, subject: str) -> None:
        self._by_project.pop(subject, None)


class _Held(NamedTuple):
    """One binding, without its principal."""

    project: str
    roles: tuple[str, ...]
    repositories: tuple[Glob, ...] | None


class _Bindings:
    """The bindings of each principal. Rows: principal, project, roles, repositories."""

    def __init__(self) -> None:
        self._by_principal: dict[str, list[_Held]] = {}

    def of(self, principal: str) -> Iterable[_Held]:
        return self._by_principal.get(principal, ())

    def add(self, row: Row) -> None:
        principal, project, roles, repositories = row
        held = _Held(intern(project), _names(roles), None if repositories is None else _globs(repositories))
        self._by_principal.setdefault(intern(principal), []).append(held)

    def forget(self, subject: str) -> None:
        self._by_principal.pop(subject, None)


class _Known(NamedTuple):
    """One secret. `parent` is the digest of the credential that it came from."""

    digest: bytes
    credential: Credential
    parent: bytes | None


class _Secrets:
    """Secrets by their digest. Rows: digest, the columns of a credential, the parent's digest."""

    def __init__(self) -> None:
        self._by_digest: dict[bytes, _Known] = {}

    def credential(self, digest: bytes, now: datetime) -> Credential | None:
        known = self._by_digest.get(digest)
        if known is None or not hmac.compare_digest(known.digest, digest):
            return None
        if known.parent is None:
            return known.credential
        parent = self.credential(known.parent, now)
        return known.credential if parent is not None and parent.valid_at(now) else None

    def add(self, row: Row) -> None:
        digest, *columns, parent = row
        known = _Known(bytes.fromhex(digest), credential_of(columns), None if parent is None else bytes.fromhex(parent))
        self._by_digest[known.digest] = known

    def forget(self, subject: str) -> None:
        self._by_digest.pop(bytes.fromhex(subject), None)


class _Groups:
    """The groups of people. Rows: email, groups, when they were told."""

    def __init__(self) -> None:
        self._by_email: dict[str, ToldGroups] = {}

    def of(self, email: str) -> ToldGroups | None:
        return self._by_email.get(email)

    def add(self, row: Row) -> None:
        email, groups, told_at = row
        self._by_email[email] = ToldGroups(frozenset(_names(groups)), time_of(told_at))

    def forget(self, subject: str) -> None:
        self._by_email.pop(subject, None)


@lru_cache(1024)
def _names(column: str) -> tuple[str, ...]:
    return tuple(intern(name) for name in list_of(column))


@lru_cache(1024)
def _globs(column: str) -> tuple[Glob, ...]:
    return tuple(Glob(glob) for glob in list_of(column))


@lru_cache(1024)
def _expanded(column: str) -> frozenset[str]:
    return expand(PermissionPattern(pattern) for pattern in list_of(column))
