"""What bindings give, and which changes of them are refused."""

from datetime import UTC, datetime

import pytest

from sidecar.domain.bindings import check_headed, check_roles, grants_of, heads, permissions_by_role
from sidecar.domain.errors import Invalid, NotFound, Refused
from sidecar.domain.names import Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.policy import Access
from sidecar.domain.roles import INSTALLATION_PERMISSIONS, PERMISSIONS, PermissionPattern
from sidecar.domain.tenancy import Binding, Role

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PUSHER = Role(ProjectId("acme"), RoleName("pusher"), (PermissionPattern("registry.*"),), NOW, "ann@example.com")


def binding(*roles: str, principal: str = "ann@example.com", project: str = "acme", only: str | None = None) -> Binding:
    repositories = None if only is None else (Glob(only),)
    return Binding(project, PrincipalName(principal), tuple(map(RoleName, roles)), repositories, NOW, "root@localhost")


def test_own_roles_stand_beside_the_built_in_ones() -> None:
    """A project can bind the four built-in roles and its own, each for what its patterns stand for."""
    given = permissions_by_role("acme", [PUSHER])
    assert set(given) == {"owner", "admin", "developer", "viewer", "pusher"}
    assert given["pusher"] == {name for name in PERMISSIONS if name.startswith("registry.")}


def test_the_administrator_of_every_project_holds_the_installation() -> None:
    """`admin` on `*` may do everything; `owner` on `*` has no more than the permissions of projects."""
    given = permissions_by_role("*", ())
    assert given["admin"] == {*PERMISSIONS, *INSTALLATION_PERMISSIONS}
    assert given["owner"] == set(PERMISSIONS)


def test_each_role_of_a_binding_is_one_grant() -> None:
    """The narrowing of a binding is that of each of its roles; a role that is gone gives nothing."""
    pusher, gone = grants_of(binding("pusher", "gone", only="acme/web"), permissions_by_role("acme", [PUSHER]))
    assert pusher.role == "pusher"
    assert pusher.repositories == (Glob("acme/web"),)
    assert gone.permissions == frozenset()


def test_an_unknown_role_is_not_found() -> None:
    """Nobody can be bound to what isn't there."""
    with pytest.raises(NotFound, match="role not found"):
        check_roles(binding("pusher"), permissions_by_role("acme", ()))


@pytest.mark.parametrize("principal", ["allUsers", "allAuthenticatedUsers"])
def test_all_users_may_only_look(principal: str) -> None:
    """S18: what everybody holds is at most to list, get and pull."""
    permissions = permissions_by_role("acme", ())
    check_roles(binding("viewer", principal=principal), permissions)
    with pytest.raises(Invalid) as refused:
        check_roles(binding("viewer", "developer", principal=principal), permissions)
    assert [item.partition(" ")[2].partition(" ")[0] for item in refused.value.items] == ["developer"]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (binding("owner"), True),
        (binding("viewer", "owner"), True),
        (binding("admin"), False),
        (binding("owner", only="acme/web"), False),
        (binding("admin", project="*"), True),
        (binding("owner", project="*"), False),
        (None, False),
    ],
)
def test_who_heads_a_project(of: Binding | None, expected: bool) -> None:
    """An owner of the whole project heads it; an administrator heads the installation."""
    assert heads(of) is expected


@pytest.mark.parametrize("new", [None, binding("viewer"), binding("owner", only="acme/web")])
def test_the_last_owner_stays(new: Binding | None) -> None:
    """A project without an owner could never be given one from within, so nobody takes the last one away."""
    narrowed = binding("owner", principal="bob@example.com", only="acme/web")
    with pytest.raises(Refused) as refused:
        check_headed(Access(), binding("owner"), new, [binding("owner"), narrowed])
    assert refused.value.code == "last_owner"


def test_an_owner_may_leave_where_another_stays() -> None:
    """Only the last one is held back."""
    check_headed(Access(), binding("owner"), None, [binding("owner"), binding("owner", principal="bob@example.com")])


def test_an_administrator_may_take_the_last_owner_but_not_the_last_administrator() -> None:
    """The installation can still give a project an owner; nobody could give it an administrator."""
    holder = Access(grants_of(binding("admin", project="*"), permissions_by_role("*", ())))
    check_headed(holder, binding("owner"), None, [binding("owner")])
    with pytest.raises(Refused):
        check_headed(holder, binding("admin", project="*"), None, [binding("admin", project="*")])
