"""All that access depends on, held in memory: who owns names, the roles of projects, bindings, and secrets.

It is filled from rows, either all of them or those of what has changed. Names that occur often are interned: with
100,000 accounts nearly all text is a project's or a principal's name that stands in several places.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Final, NamedTuple

from sidecar.adapters.database.access_log import Touched
from sidecar.adapters.database.columns import list_of
from sidecar.adapters.database.driver import Row
from sidecar.adapters.database.issued_secrets import credential_of
from sidecar.domain.identity import Credential
from sidecar.domain.names import ALL_AUTHENTICATED_USERS, ALL_USERS, Glob, ProjectId
from sidecar.domain.ownership import OwnedName, Ownership
from sidecar.domain.policy import Grant
from sidecar.domain.roles import PUBLIC_PERMISSIONS, PermissionPattern, built_in_permissions, expand

_PUBLIC: Final = (ALL_USERS, ALL_AUTHENTICATED_USERS)


class _Held(NamedTuple):
    """One binding, without its principal."""

    project: str
    roles: tuple[str, ...]
    repositories: tuple[Glob, ...] | None


class _Known(NamedTuple):
    """One secret. `parent` is the digest of the credential it came from."""

    digest: bytes
    credential: Credential
    parent: bytes | None


class AccessSnapshot:
    """The state of access at one generation."""

    def __init__(self, generation: int = -1) -> None:
        self.generation = generation
        self.ownership = Ownership()
        self._roles: dict[str, dict[str, frozenset[str]]] = {}
        self._held: dict[str, list[_Held]] = {}
        self._secrets: dict[bytes, _Known] = {}

    def grants_of(self, principal: str) -> Iterator[Grant]:
        """One grant per role that is bound to this very principal. A role that is gone gives no permission."""
        for held in self._held.get(principal, ()):
            for role in held.roles:
                permissions = self._permissions(held.project, role)
                if principal in _PUBLIC:
                    permissions = _public_part(permissions)
                yield Grant(held.project, permissions, held.repositories, principal, role)

    def credential(self, digest: bytes, now: datetime) -> Credential | None:
        """The credential of this SHA-256, expired or not; None where one that it came from is gone or expired."""
        known = self._secrets.get(digest)
        if known is None or not hmac.compare_digest(known.digest, digest):
            return None
        if known.parent is None:
            return known.credential
        parent = self.credential(known.parent, now)
        return known.credential if parent is not None and parent.valid_at(now) else None

    def add(self, kind: Touched, rows: Iterable[Row]) -> None:
        """Takes rows in, each as `access_reading` selects it: its subject, then its columns."""
        add = self._adders[kind]
        for row in rows:
            add(self, *row)

    def replace(self, kind: Touched, rows: Iterable[Row]) -> None:
        """Forgets the subjects of these rows, then takes in those rows that hold more than a subject."""
        rows = tuple(rows)
        for subject in {row[0] for row in rows}:
            self._forgetters[kind](self, subject)
        self.add(kind, (row for row in rows if row[1] is not None))

    def _permissions(self, project: str, role: str) -> frozenset[str]:
        built_in = built_in_permissions(project, role)
        if built_in is not None:
            return built_in
        return self._roles.get(project, {}).get(role, frozenset())

    def _add_project(self, sid: str, owns: str) -> None:
        self.ownership.put(ProjectId(sid), (OwnedName(name) for name in list_of(owns)))

    def _add_role(self, project: str, name: str, permissions: str) -> None:
        self._roles.setdefault(project, {})[name] = _expanded(permissions)

    def _add_binding(self, principal: str, project: str, roles: str, repositories: str | None) -> None:
        held = _Held(intern(project), _names(roles), None if repositories is None else _globs(repositories))
        self._held.setdefault(intern(principal), []).append(held)

    def _add_secret(self, digest: str, *columns: str | int | None) -> None:
        *credential, parent = columns
        known = _Known(
            bytes.fromhex(digest),
            credential_of(tuple(credential)),
            None if parent is None else bytes.fromhex(str(parent)),
        )
        self._secrets[known.digest] = known

    def _forget_project(self, sid: str) -> None:
        self.ownership.remove(ProjectId(sid))

    def _forget_roles(self, project: str) -> None:
        self._roles.pop(project, None)

    def _forget_bindings(self, principal: str) -> None:
        self._held.pop(principal, None)

    def _forget_secret(self, digest: str) -> None:
        self._secrets.pop(bytes.fromhex(digest), None)

    _adders: Final[Mapping[Touched, Callable[..., None]]] = {
        Touched.PROJECT: _add_project,
        Touched.ROLES: _add_role,
        Touched.BINDINGS: _add_binding,
        Touched.SECRET: _add_secret,
    }
    _forgetters: Final[Mapping[Touched, Callable[["AccessSnapshot", str], None]]] = {
        Touched.PROJECT: _forget_project,
        Touched.ROLES: _forget_roles,
        Touched.BINDINGS: _forget_bindings,
        Touched.SECRET: _forget_secret,
    }


@lru_cache(1024)
def _names(column: str) -> tuple[str, ...]:
    return tuple(intern(name) for name in list_of(column))


@lru_cache(1024)
def _globs(column: str) -> tuple[Glob, ...]:
    return tuple(Glob(glob) for glob in list_of(column))


@lru_cache(1024)
def _expanded(column: str) -> frozenset[str]:
    return expand(PermissionPattern(pattern) for pattern in list_of(column))


@lru_cache(1024)
def _public_part(permissions: frozenset[str]) -> frozenset[str]:
    """What may be held by everybody, whatever a binding says (S18)."""
    return permissions & PUBLIC_PERMISSIONS
