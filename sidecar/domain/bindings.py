"""What a binding gives, and the rules that every change of one keeps. Knows nothing of where bindings are stored."""

from collections.abc import Iterable, Mapping

from sidecar.domain.errors import Invalid, NotFound, Refused
from sidecar.domain.names import ALL_AUTHENTICATED_USERS, ALL_USERS, EVERY_PROJECT
from sidecar.domain.policy import Access, Grant, administers
from sidecar.domain.roles import ADMIN, BUILT_IN, OWNER, PUBLIC_PERMISSIONS, built_in_permissions, expand
from sidecar.domain.tenancy import Binding, Role


def permissions_by_role(project: str, own_roles: Iterable[Role]) -> dict[str, frozenset[str]]:
    """What each role that can be bound in this project gives: the built-in ones, and the project's own."""
    given = {role.name: expand(role.permissions) for role in own_roles}
    return given | {name: built_in_permissions(project, name) or frozenset() for name in BUILT_IN}


def grants_of(binding: Binding, permissions: Mapping[str, frozenset[str]]) -> tuple[Grant, ...]:
    """One grant per role of the binding, by what `permissions_by_role` says; a role that is gone gives nothing."""
    return tuple(
        Grant(binding.project, permissions.get(role, frozenset()), binding.repositories, binding.principal, role)
        for role in binding.roles
    )


def check_roles(binding: Binding, permissions: Mapping[str, frozenset[str]]) -> None:
    """NotFound for a role that there isn't; Invalid where all users would get more than anybody may have (S18)."""
    if any(role not in permissions for role in binding.roles):
        raise NotFound("role")
    if binding.principal not in (ALL_USERS, ALL_AUTHENTICATED_USERS):
        return
    faults = [
        f"roles: {role} gives more than {binding.principal} may hold: {', '.join(sorted(PUBLIC_PERMISSIONS))}"
        for role in binding.roles
        if not permissions[role] <= PUBLIC_PERMISSIONS
    ]
    if faults:
        raise Invalid(*faults)


def heads(binding: Binding | None) -> bool:
    """Whether this binding makes an owner of its project, or on `*` an administrator of the installation."""
    role = ADMIN if binding is not None and binding.project == EVERY_PROJECT else OWNER
    return binding is not None and role in binding.roles and binding.repositories is None


def check_headed(holder: Access, old: Binding | None, new: Binding | None, bindings: Iterable[Binding]) -> None:
    """Refused where this change takes away the last of `bindings`, all of one project, that heads it.

    An administrator may leave a project without an owner, but nobody the installation without an administrator.
    """
    if old is None or not heads(old) or heads(new):
        return
    if old.project != EVERY_PROJECT and administers(holder):
        return
    if not any(heads(binding) for binding in bindings if binding.principal != old.principal):
        raise Refused("last_owner", "api: the last owner can't be removed")
