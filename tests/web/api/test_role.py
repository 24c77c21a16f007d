"""The namespace `role`: nobody gives or takes what they don't hold."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from sidecar.domain.roles import BUILT_IN, INSTALLATION_PERMISSIONS, NEVER_SCOPED, PERMISSIONS
from tests.tenants import ROOT
from tests.web.api.calling import Api

OWNER, ADMIN, DEV, NEW = "olga@example.com", "adam@example.com", "dan@example.com", "new@example.com"


@dataclass
class Acme:
    """Project acme, called by those who hold something in it."""

    api: Api
    owner: str
    admin: str

    async def users(self, project: str = "acme") -> dict[str, Any]:
        items = (await self.api.result("role.users", self.api.root, project=project))["items"]
        return {item["email"]: item["roles"] for item in items}


@pytest.fixture
async def acme(api: Api) -> Acme:
    await api.tenants.project("acme")
    await api.tenants.bind("acme", OWNER, "owner")
    await api.tenants.bind("acme", ADMIN, "admin")
    await api.tenants.bind("acme", DEV, "developer")
    return Acme(api, await api.tenants.secret(OWNER), await api.tenants.secret(ADMIN))


async def test_a_role_is_made_shown_and_replaced(acme: Acme) -> None:
    """Creating it again replaces what it gives; when and by whom it was made stays."""
    role = {"project": "acme", "role": "cleaner"}
    made = await acme.api.result(
        "role.create",
        acme.owner,
        **role,
        name="Cleaner",
        permissions=["REGISTRY.delete", "registry.list", "registry.list"],
    )
    assert made == {
        "role": "cleaner",
        "name": "Cleaner",
        "permissions": ["registry.delete", "registry.list"],
        "builtIn": False,
        "createdAt": "2026-11-23T12:00:00Z",
        "createdBy": OWNER,
    }
    acme.api.clock.advance(hours=1)
    again = await acme.api.result("role.create", acme.admin, **role, permissions=["registry.*"])
    assert again == made | {"permissions": ["registry.*"], "name": "cleaner"}
    assert await acme.api.result("role.get", acme.owner, **role) == again


async def test_the_built_in_roles_are_listed_first_and_fixed(acme: Acme) -> None:
    """Every project has the four; they can be neither replaced nor deleted."""
    await acme.api.tenants.role("acme", "cleaner", "registry.delete")
    items = (await acme.api.result("role.list", acme.owner, project="acme"))["items"]
    assert {item["role"]: item["builtIn"] for item in items} == {**dict.fromkeys(BUILT_IN, True), "cleaner": False}
    for role in BUILT_IN:
        error = await acme.api.error("role.create", acme.owner, project="acme", role=role, permissions=["registry.get"])
        assert error["items"] == [f"role: {role} is built in and can't be changed"]
        error = await acme.api.error("role.delete", acme.owner, project="acme", role=role)
        assert error["items"] == [f"role: {role} is built in and can't be deleted"]


@pytest.mark.parametrize(
    "pattern", ["registry", "registry.fly", "*.*", "registry.**", "reg*", "project.create", "installation.operate"]
)
async def test_a_permission_is_one_of_the_vocabulary(acme: Acme, pattern: str) -> None:
    """Typos are refused, and so is what only the installation's administrators hold."""
    permissions = ["registry.get", pattern]
    error = await acme.api.error("role.create", acme.owner, project="acme", role="odd", permissions=permissions)
    (fault,) = error["items"]
    assert fault.startswith(f"permissions.1: '{pattern}' is not a permission")


@pytest.mark.parametrize("fields", [{}, {"permissions": None}, {"permissions": []}])
async def test_a_role_has_permissions(acme: Acme, fields: dict[str, Any]) -> None:
    """A role that gives nothing is a mistake."""
    error = await acme.api.error("role.create", acme.owner, project="acme", role="odd", **fields)
    assert error["items"][0].startswith("permissions: ")


async def test_nobody_makes_a_role_beyond_themselves(acme: Acme) -> None:
    """S2: an admin lacks project.delete, so no role of theirs gives it."""
    for permissions in (["*"], ["project.*"], ["project.delete"]):
        error = await acme.api.error("role.create", acme.admin, project="acme", role="boss", permissions=permissions)
        assert error == {"code": "forbidden", "message": "api: forbidden", "items": ["project.delete"]}
    assert (await acme.api.error("role.get", acme.owner, project="acme", role="boss"))["code"] == "role_not_found"


async def test_nobody_changes_or_deletes_a_role_beyond_themselves(acme: Acme) -> None:
    """Taking power away from those above is power over them."""
    await acme.api.tenants.role("acme", "boss", "*")
    error = await acme.api.error("role.create", acme.admin, project="acme", role="boss", permissions=["registry.get"])
    assert error["items"] == ["project.delete"]
    error = await acme.api.error("role.delete", acme.admin, project="acme", role="boss")
    assert error["items"] == ["project.delete"]
    assert await acme.api.result("role.delete", acme.owner, project="acme", role="boss") == {}


async def test_a_role_in_use_stays(acme: Acme) -> None:
    """`items` names who is bound to it."""
    await acme.api.tenants.role("acme", "cleaner", "registry.delete")
    await acme.api.tenants.bind("acme", NEW, "viewer", "cleaner")
    await acme.api.tenants.bind("acme", "group:ops", "cleaner")
    error = await acme.api.error("role.delete", acme.owner, project="acme", role="cleaner")
    assert (error["code"], error["items"]) == ("role_in_use", ["group:ops", NEW])


async def test_bind_replaces_grant_adds_revoke_takes(acme: Acme) -> None:
    """One binding per principal; without roles it is gone."""
    who = {"project": "acme", "email": "NEW@example.com"}
    await acme.api.result("role.grant", acme.admin, **who, role="viewer")
    await acme.api.result("role.grant", acme.admin, **who, role="developer")
    await acme.api.result("role.grant", acme.admin, **who, role="viewer")
    assert (await acme.users())[NEW] == ["viewer", "developer"]
    await acme.api.result("role.bind", acme.admin, **who, roles=["admin", "admin"])
    assert (await acme.users())[NEW] == ["admin"]
    await acme.api.result("role.revoke", acme.admin, **who, role="admin")
    assert NEW not in await acme.users()


async def test_a_change_counts_on_the_next_request(acme: Acme) -> None:
    """S22: both ways."""
    token = await acme.api.tenants.secret(NEW)
    await acme.api.result("role.grant", acme.admin, project="acme", email=NEW, role="admin")
    await acme.api.result("project.get", token, project="acme")
    await acme.api.result("role.revoke", acme.admin, project="acme", email=NEW, role="admin")
    assert (await acme.api.error("project.get", token, project="acme"))["code"] == "project_not_found"


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("role.grant", {"email": NEW, "role": "owner"}),
        ("role.bind", {"email": NEW, "roles": ["viewer", "owner"]}),
        ("role.bind", {"email": OWNER, "roles": ["viewer"]}),
        ("role.revoke", {"email": OWNER, "role": "owner"}),
        ("role.bind", {"email": ADMIN, "roles": ["owner"]}),
    ],
)
async def test_an_admin_neither_makes_nor_unmakes_an_owner(acme: Acme, method: str, fields: dict[str, Any]) -> None:
    """S2: `admin` lacks project.delete, which `owner` gives; nothing changes."""
    before = await acme.users()
    error = await acme.api.error(method, acme.admin, project="acme", **fields)
    assert error == {"code": "forbidden", "message": "api: forbidden", "items": ["project.delete"]}
    assert await acme.users() == before


async def test_nobody_gives_what_they_hold_for_some_repositories_only(acme: Acme) -> None:
    """S20: who may push to acme/web alone can't let others push anywhere else."""
    await acme.api.tenants.role("acme", "binder", "role.bind")
    await acme.api.tenants.bind("acme", NEW, "binder")
    await acme.api.tenants.role("acme", "pusher", "registry.push")
    await acme.api.tenants.bind("acme", "group:web", "pusher", only=["acme/web"])
    token = await acme.api.tenants.secret(NEW)
    error = await acme.api.error("role.grant", token, project="acme", email="group:web", role="binder")
    assert error["items"] == ["registry.push"]
    bind = {"project": "acme", "email": "x@example.com", "roles": ["pusher"], "repositories": ["acme/web"]}
    assert (await acme.api.error("role.bind", token, **bind))["items"] == ["registry.push"]


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("role.revoke", {"role": "owner"}),
        ("role.bind", {"roles": ["admin"]}),
        ("role.bind", {"roles": ["owner"], "repositories": ["acme/*"]}),
    ],
)
async def test_the_last_owner_stays(acme: Acme, method: str, fields: dict[str, Any]) -> None:
    """Nobody within a project can leave it without an owner; the installation's administrator can."""
    change = {"project": "acme", "email": OWNER, **fields}
    assert (await acme.api.error(method, acme.owner, **change))["code"] == "last_owner"
    await acme.api.result(method, acme.api.root, **change)


async def test_two_owners_can_not_remove_each_other_at_once(acme: Acme) -> None:
    """Looking and writing are one step, so one of the two stays."""
    await acme.api.tenants.bind("acme", NEW, "owner")
    other = await acme.api.tenants.secret(NEW)
    await asyncio.gather(
        acme.api.call("role.revoke", acme.owner, project="acme", email=NEW, role="owner"),
        acme.api.call("role.revoke", other, project="acme", email=OWNER, role="owner"),
    )
    assert [roles for roles in (await acme.users()).values() if "owner" in roles] == [["owner"]]


async def test_an_unknown_role_is_not_found(acme: Acme) -> None:
    """Neither are the roles of other projects."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.role("beta", "cleaner", "registry.delete")
    who = {"project": "acme", "email": NEW}
    assert (await acme.api.error("role.grant", acme.owner, **who, role="cleaner"))["code"] == "role_not_found"
    assert (await acme.api.error("role.bind", acme.owner, **who, roles=["cleaner"]))["code"] == "role_not_found"
    assert (await acme.api.error("role.delete", acme.owner, project="acme", role="cleaner"))["code"] == "role_not_found"


@pytest.mark.parametrize("email", [NEW, DEV])
async def test_taking_what_is_not_held_is_told(acme: Acme, email: str) -> None:
    """A typo in a revocation mustn't look like a success."""
    error = await acme.api.error("role.revoke", acme.owner, project="acme", email=email, role="viewer")
    assert error == {"code": "binding_not_found", "message": "api: binding not found"}


@pytest.mark.parametrize("email", ["allUsers", "allAuthenticatedUsers"])
async def test_all_users_may_only_look(acme: Acme, email: str) -> None:
    """S18: whatever anybody asks, everybody gets at most to list, get and pull."""
    await acme.api.result("role.grant", acme.owner, project="acme", email=email, role="viewer")
    error = await acme.api.error("role.grant", acme.owner, project="acme", email=email, role="developer")
    assert error["code"] == "validate"
    assert (await acme.users())[email] == ["viewer"]


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "a:b@c.d", "ALLUSERS", "group:", "a b@c.d", "a@b\n", "sidecar"])
async def test_a_principal_has_a_form(acme: Acme, email: str) -> None:
    """What could never sign in can't be bound."""
    error = await acme.api.error("role.grant", acme.owner, project="acme", email=email, role="viewer")
    assert error["items"][0].startswith("email: ")


async def test_a_binding_can_be_narrowed(acme: Acme) -> None:
    """Its roles count for these repositories alone, and a role that is added counts for them too."""
    who = {"project": "acme", "email": NEW}
    await acme.api.result("role.bind", acme.owner, **who, roles=["viewer"], repositories=["acme/web", "acme/team-*"])
    await acme.api.result("role.grant", acme.owner, **who, role="admin")
    items = (await acme.api.result("role.users", acme.owner, project="acme", filter="new@*"))["items"]
    assert items == [{"email": NEW, "roles": ["viewer", "admin"], "repositories": ["acme/web", "acme/team-*"]}]
    token = await acme.api.tenants.secret(NEW)
    assert (await acme.api.error("role.users", token, project="acme"))["code"] == "forbidden"


@pytest.mark.parametrize(
    ("glob", "fault"), [("web", "fits nothing"), ("beta/*", "fits nothing"), ("a b", "pattern"), ("", "pattern")]
)
async def test_a_narrowing_must_fit_something(acme: Acme, glob: str, fault: str) -> None:
    """`web` where `acme/web` is meant would silently give nothing."""
    bind = {"project": "acme", "email": NEW, "roles": ["viewer"], "repositories": ["acme/web", glob]}
    (told,) = (await acme.api.error("role.bind", acme.owner, **bind))["items"]
    assert told.startswith("repositories")
    assert fault in told


async def test_an_empty_list_is_not_taken_for_a_wish(acme: Acme) -> None:
    """No roles is no revocation, and no repositories is not all of them."""
    bind = {"project": "acme", "email": NEW, "roles": ["viewer"]}
    for field in ("roles", "repositories"):
        (told,) = (await acme.api.error("role.bind", acme.owner, **{**bind, field: []}))["items"]
        assert told.startswith(f"{field}: ")


async def test_an_administrator_binds_on_every_project(acme: Acme) -> None:
    """`*` is every project, now and later, with built-in roles only."""
    api = acme.api
    await api.result("role.bind", api.root, project="*", email="scanner@example.com", roles=["viewer"])
    assert await acme.users("*") == {ROOT: ["admin"], "scanner@example.com": ["viewer"]}
    assert "scanner@example.com" not in await acme.users()
    token = await api.tenants.secret("scanner@example.com")
    await api.tenants.project("later")
    assert "registry.pull" in (await api.result("me.permissions", token, project="later"))["permissions"]
    await api.tenants.role("acme", "cleaner", "registry.delete")
    error = await api.error("role.grant", api.root, project="*", email=NEW, role="cleaner")
    assert error["code"] == "role_not_found"


async def test_a_project_s_owner_has_no_say_on_every_project(acme: Acme) -> None:
    """S8: to them `*` is one more project that isn't there."""
    for method, fields in (("grant", {"email": NEW, "role": "viewer"}), ("users", {})):
        error = await acme.api.error(f"role.{method}", acme.owner, project="*", **fields)
        assert error["code"] == "project_not_found"


async def test_an_owner_on_every_project_makes_no_administrator(acme: Acme) -> None:
    """S2: `admin` on `*` gives project.create and operations, which `owner` there lacks."""
    api = acme.api
    await api.tenants.bind("*", NEW, "owner")
    error = await api.error("role.grant", await api.tenants.secret(NEW), project="*", email=NEW, role="admin")
    assert (error["code"], error["items"]) == ("forbidden", sorted(INSTALLATION_PERMISSIONS))


async def test_the_last_administrator_stays(acme: Acme) -> None:
    """Nobody could ever make another one."""
    error = await acme.api.error("role.revoke", acme.api.root, project="*", email=ROOT, role="admin")
    assert error["code"] == "last_owner"
    await acme.api.result("role.grant", acme.api.root, project="*", email=NEW, role="admin")
    await acme.api.result("role.revoke", acme.api.root, project="*", email=ROOT, role="admin")


async def test_a_scoped_token_never_touches_roles(acme: Acme) -> None:
    """S2: whatever its maker holds, it can neither see nor change who holds what."""
    token = (await acme.api.result("me.generateToken", acme.owner, project="acme"))["token"]
    assert NEVER_SCOPED
    for method, fields in (
        ("role.grant", {"email": NEW, "role": "viewer"}),
        ("role.users", {}),
        ("role.create", {"role": "odd", "permissions": ["registry.get"]}),
    ):
        assert (await acme.api.error(method, token, project="acme", **fields))["code"] == "forbidden"


async def test_the_vocabulary_is_told(acme: Acme) -> None:
    """Whoever makes a role can ask what there is to give."""
    assert (await acme.api.result("role.permissions", acme.owner))["items"] == list(PERMISSIONS)


async def test_users_and_roles_page(acme: Acme) -> None:
    """Both lists take a limit, a sort and a cursor."""
    first = await acme.api.result("role.users", acme.owner, project="acme", limit=2, sort="-email")
    second = await acme.api.result("role.users", acme.owner, project="acme", sort="-email", cursor=first["nextCursor"])
    assert [item["email"] for item in first["items"] + second["items"]] == [OWNER, DEV, ADMIN]
    roles = await acme.api.result("role.list", acme.owner, project="acme", limit=1, sort="-role", filter="*e*")
    assert [item["role"] for item in roles["items"]] == ["viewer"]
