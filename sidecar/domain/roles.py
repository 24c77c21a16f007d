"""The vocabulary of permissions, and the roles that need no definition.

A permission is `<resource>.<action>`. A role holds permission patterns: a permission, `<resource>.*` (that very
resource: `serviceaccount.*` does not reach `serviceaccount.key.create`), or `*`. Patterns only ever add.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, Self

from sidecar.domain.errors import Invalid
from sidecar.domain.names import EVERY_PROJECT

_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "registry": ("list", "get", "pull", "push", "delete"),
    "project": ("get", "update", "delete", "usage"),
    "serviceaccount": ("list", "get", "create", "delete"),
    "serviceaccount.key": ("create", "delete"),
    "role": ("list", "get", "create", "delete", "bind"),
    "pullsecret": ("list", "get", "create", "delete"),
    "auditlog": ("list",),
}

PERMISSIONS: Final = tuple(f"{resource}.{action}" for resource, actions in _ACTIONS.items() for action in actions)
"""Every permission that a project's role can hold."""

PROJECT_CREATE: Final = "project.create"
OPERATE: Final = "installation.operate"
INSTALLATION_PERMISSIONS: Final = (PROJECT_CREATE, OPERATE)
"""What only the installation role `admin`, bound on every project, holds besides all of PERMISSIONS."""

REGISTRY_PERMISSIONS: Final = frozenset(name for name in PERMISSIONS if name.startswith("registry."))
"""What a binding narrowed to repositories can carry: the rest is about projects, not repositories."""

PUBLIC_PERMISSIONS: Final = frozenset(("registry.list", "registry.get", "registry.pull"))
"""The most that allUsers and allAuthenticatedUsers can hold, whatever a binding says (S18)."""

NEVER_SCOPED_RESOURCES: Final = ("role", "serviceaccount.key")
NEVER_SCOPED: Final = frozenset(name for name in PERMISSIONS if name.rpartition(".")[0] in NEVER_SCOPED_RESOURCES) | {
    "pullsecret.get"
}
"""What no scoped token can hold: they would let it mint credentials that outlive it."""


_PATTERNS: Final = frozenset(("*", *PERMISSIONS, *(f"{resource}.*" for resource in _ACTIONS)))


class PermissionPattern(str):
    """A permission, `<resource>.*` or `*`, in lower case; any other text is Invalid. Only ASCII folds (decision 23)."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        lowered = value.lower() if value.isascii() else value
        if lowered not in _PATTERNS:
            raise Invalid(f"permissions: {value[:64]!r} is not a permission; see role.permissions for all of them")
        return super().__new__(cls, lowered)


@cache
def _expand_one(pattern: str) -> frozenset[str]:
    if pattern == "*":
        return frozenset(PERMISSIONS)
    if pattern.endswith(".*"):
        resource = pattern[:-2]
        return frozenset(f"{resource}.{action}" for action in _ACTIONS[resource])
    return frozenset((pattern,))


def expand(patterns: Iterable[PermissionPattern]) -> frozenset[str]:
    """The permissions that the patterns stand for."""
    return frozenset().union(*(_expand_one(pattern) for pattern in patterns))


OWNER: Final = "owner"
ADMIN: Final = "admin"
DEVELOPER: Final = "developer"
VIEWER: Final = "viewer"

BUILT_IN: Final[Mapping[str, tuple[PermissionPattern, ...]]] = {
    OWNER: (PermissionPattern("*"),),
    ADMIN: tuple(PermissionPattern(name) for name in PERMISSIONS if name != "project.delete"),
    DEVELOPER: tuple(PermissionPattern(f"registry.{action}") for action in ("list", "get", "pull", "push")),
    VIEWER: tuple(PermissionPattern(f"registry.{action}") for action in ("list", "get", "pull")),
}
"""The roles of every project, not editable. `admin` lacks project.delete, so it can neither make nor unmake owners."""


def built_in_permissions(project: str, role: str) -> frozenset[str] | None:
    """What a built-in role gives in this project, or None where the role isn't built in.

    On every project (`*`), `admin` is the installation's administrator and holds everything.
    """
    if project == EVERY_PROJECT and role == ADMIN:
        return frozenset((*PERMISSIONS, *INSTALLATION_PERMISSIONS))
    patterns = BUILT_IN.get(role)
    return None if patterns is None else expand(patterns)
