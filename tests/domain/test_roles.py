"""The vocabulary of permissions and the built-in roles."""

import pytest

from sidecar.domain.errors import Invalid
from sidecar.domain.roles import (
    BUILT_IN,
    INSTALLATION_PERMISSIONS,
    NEVER_SCOPED,
    PERMISSIONS,
    PermissionPattern,
    built_in_permissions,
    expand,
)


def expanded(*patterns: str) -> set[str]:
    return set(expand(PermissionPattern(pattern) for pattern in patterns))


def test_everything() -> None:
    """`*` is every permission of a project, and none of the installation's."""
    assert expanded("*") == set(PERMISSIONS)
    assert not expanded("*") & set(INSTALLATION_PERMISSIONS)


def test_a_resource() -> None:
    """`<resource>.*` is all of that resource."""
    assert expanded("registry.*") == {f"registry.{action}" for action in ("list", "get", "pull", "push", "delete")}


def test_a_resource_is_not_the_one_below_it() -> None:
    """`serviceaccount.*` doesn't give out keys; `serviceaccount.key.*` does."""
    assert not any(name.startswith("serviceaccount.key.") for name in expanded("serviceaccount.*"))
    assert expanded("serviceaccount.key.*") == {"serviceaccount.key.create", "serviceaccount.key.delete"}


def test_patterns_add_up() -> None:
    """A role holds the union of its patterns, and none gives nothing."""
    assert expanded("registry.pull", "role.list", "registry.pull") == {"registry.pull", "role.list"}
    assert expanded() == set()


def test_patterns_ignore_case() -> None:
    """Permission strings are lower-case whatever was sent."""
    assert PermissionPattern("ServiceAccount.List") == "serviceaccount.list"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "registry",
        "registry.",
        ".*",
        "*.*",
        "registry.pul",
        "registry.*.*",
        "*.pull",
        "reg*",
        "**",
        "installation.operate",
        "project.create",
        "registry.pull ",
        "registry.pull\n",
    ],
)
def test_no_permission(pattern: str) -> None:
    """A typo, a bare resource or a permission of the installation can't stand in a role."""
    with pytest.raises(Invalid):
        PermissionPattern(pattern)


@pytest.mark.parametrize(
    ("role", "lacks"),
    [
        ("owner", set()),
        ("admin", {"project.delete"}),
        ("developer", set(PERMISSIONS) - {f"registry.{action}" for action in ("list", "get", "pull", "push")}),
        ("viewer", set(PERMISSIONS) - {f"registry.{action}" for action in ("list", "get", "pull")}),
    ],
)
def test_built_in_roles(role: str, lacks: set[str]) -> None:
    """What each built-in role lacks; above all, who pushes can't delete."""
    assert set(PERMISSIONS) - (built_in_permissions("acme", role) or set()) == lacks


def test_only_admin_on_every_project_runs_the_installation() -> None:
    """On `*`, `admin` holds the installation; no other role and no project does."""
    holders = [
        (project, role)
        for project in ("acme", "*")
        for role in BUILT_IN
        if (built_in_permissions(project, role) or frozenset()) & set(INSTALLATION_PERMISSIONS)
    ]
    assert holders == [("*", "admin")]


def test_another_role_is_not_built_in() -> None:
    """A project's own role has no built-in meaning."""
    assert built_in_permissions("acme", "deployer") is None


def test_what_no_scoped_token_holds() -> None:
    """S17: nothing by which a token could mint credentials that outlive it."""
    assert {"role.bind", "role.create", "serviceaccount.key.create", "pullsecret.get"} < NEVER_SCOPED
    assert not NEVER_SCOPED & {f"registry.{action}" for action in ("list", "get", "pull", "push", "delete")}
