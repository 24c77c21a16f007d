"""The namespace `installation`: declared policies, explanations, and tokens for others."""

from typing import Any

import pytest

from tests.tenants import ACCOUNT_DOMAIN
from tests.web.api.calling import Api, basic, bearer

METHODS: dict[str, Any] = {
    "installation.applyPolicy": {"declaration": {"projects": {"stolen": {}}}},
    "installation.explainAccess": {"email": "ann@example.com", "repository": "acme/web"},
    "installation.createToken": {"email": "admin@localhost"},
}
POLICY = {
    "projects": {
        "acme": {
            "name": "Acme",
            "owns": ["nginx"],
            "roles": {"cleaner": {"name": "Cleans", "permissions": ["registry.list", "registry.delete"]}},
            "serviceAccounts": {"build": {"name": "CI", "description": "pushes"}},
            "bindings": {
                "ann@example.com": {"roles": ["owner"]},
                "build": {"roles": ["developer", "cleaner"], "repositories": ["acme/team-*"]},
                "allUsers": {"roles": ["viewer"], "repositories": ["nginx"]},
            },
        }
    },
    "everyProject": {"bindings": {"scanner@example.com": {"roles": ["viewer"]}}},
}


async def apply(api: Api, declaration: Any, dry_run: bool = False) -> list[str]:
    """What was changed, one line each."""
    result = await api.result("installation.applyPolicy", api.root, declaration=declaration, dryRun=dry_run)
    return [f"{change['action']} {change['what']}" for change in result["changes"]]


async def faults(api: Api, declaration: Any) -> list[str]:
    error = await api.error("installation.applyPolicy", api.root, declaration=declaration)
    assert error["code"] == "validate"
    return list(error["items"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", [None, "owner", "admin"])
async def test_only_administrators_of_the_installation_may(api: Api, method: str, role: str | None) -> None:
    """S20: neither a stranger nor who owns or administers a project gets at what is about all of them."""
    await api.tenants.project("acme")
    if role is not None:
        await api.tenants.bind("acme", "eve@example.com", role)
    error = await api.error(method, await api.tenants.secret("eve@example.com"), **METHODS[method])
    assert error["code"] == "forbidden"
    assert error["items"] == ["installation.operate"]


@pytest.mark.parametrize("method", METHODS)
async def test_owning_every_project_is_not_administering(api: Api, method: str) -> None:
    """`owner` on every project holds all of the projects' permissions, and still not the installation."""
    await api.tenants.bind("*", "eve@example.com", "owner")
    error = await api.error(method, await api.tenants.secret("eve@example.com"), **METHODS[method])
    assert error["code"] == "forbidden"


async def test_a_policy_counts_whole(api: Api) -> None:
    """Everything that is declared is there afterwards: projects, names, roles, accounts and bindings."""
    await apply(api, POLICY)
    project = await api.result("project.get", api.root, project="acme")
    users = await api.result("role.users", api.root, project="acme")
    accounts = await api.result("serviceAccount.list", api.root, project="acme")
    role = await api.result("role.get", api.root, project="acme", role="cleaner")
    assert (project["name"], project["owns"]) == ("Acme", ["nginx"])
    assert role["permissions"] == ["registry.list", "registry.delete"]
    assert [(item["email"], item["name"]) for item in accounts["items"]] == [(f"build@acme.{ACCOUNT_DOMAIN}", "CI")]
    assert {item["email"]: (item["roles"], item.get("repositories")) for item in users["items"]} == {
        "ann@example.com": (["owner"], None),
        f"build@acme.{ACCOUNT_DOMAIN}": (["developer", "cleaner"], ["acme/team-*"]),
        "allUsers": (["viewer"], ["nginx"]),
    }


async def test_a_policy_counts_at_once(api: Api) -> None:
    """Decision 5: the next request of who was bound by it is answered by it."""
    ann = await api.tenants.secret("ann@example.com")
    await apply(api, POLICY)
    assert (await api.result("me.permissions", ann, project="acme"))["admin"] is True


async def test_a_policy_applied_twice_changes_nothing(api: Api) -> None:
    """Applying what is there already is no change, and tells of none."""
    first = await apply(api, POLICY)
    assert first[0] == "add project acme"
    assert len(first) == 7
    assert await apply(api, POLICY) == []


async def test_a_dry_run_changes_nothing(api: Api) -> None:
    """It tells what would change, and all of it still would afterwards."""
    planned = await apply(api, POLICY, dry_run=True)
    assert (await api.error("project.get", api.root, project="acme"))["code"] == "project_not_found"
    assert await apply(api, POLICY) == planned


async def test_what_is_not_declared_is_left_alone(api: Api) -> None:
    """A project, a role and a binding that the file doesn't name stay as they are."""
    await api.tenants.project("other")
    await api.tenants.bind("other", "ben@example.com", "owner")
    await apply(api, POLICY)
    await apply(api, {"projects": {"acme": {"bindings": {"cleo@example.com": {"roles": ["viewer"]}}}}})
    users = await api.result("role.users", api.root, project="acme")
    others = await api.result("role.users", api.root, project="other")
    assert len(users["items"]) == 4
    assert [item["email"] for item in others["items"]] == ["ben@example.com"]


async def test_a_declared_binding_is_replaced(api: Api) -> None:
    """Declaring a binding again says exactly what is held: its narrowing goes where the file has none."""
    await apply(api, POLICY)
    assert await apply(api, {"projects": {"acme": {"bindings": {"build": {"roles": ["viewer"]}}}}}) == [
        f"change binding of build@acme.{ACCOUNT_DOMAIN} on acme"
    ]
    users = await api.result("role.users", api.root, project="acme", filter="build@*")
    assert users["items"] == [{"email": f"build@acme.{ACCOUNT_DOMAIN}", "roles": ["viewer"]}]


async def test_one_fault_keeps_all_of_it_out(api: Api) -> None:
    """The whole of a policy, or nothing: a fault in the last project keeps the first from being made."""
    wrong = {"projects": {"aaa": {}, "zzz": {"bindings": {"a@x": {"roles": ["nope"]}}}}}
    assert await faults(api, wrong) == ["projects.zzz.bindings.a@x: roles: nope isn't there"]
    assert (await api.error("project.get", api.root, project="aaa"))["code"] == "project_not_found"


async def test_every_fault_of_form_is_told_at_once(api: Api) -> None:
    """Typos are told with their places, all of them in one answer."""
    told = await faults(
        api,
        {
            "projets": {},
            "projects": {
                "Acme": {},
                "acme": {
                    "owner": "me",
                    "roles": {"x": {"permissions": ["registry.pul", "registry.list"]}},
                    "bindings": {"x y": {"roles": ["owner"]}},
                },
            },
        },
    )
    assert sorted(fault.partition(": ")[0] for fault in told) == [
        "declaration.projects.Acme",
        "declaration.projects.acme.bindings.x y",
        "declaration.projects.acme.owner",
        "declaration.projects.acme.roles.x.permissions.0",
        "declaration.projets",
    ]


@pytest.mark.parametrize("field", ["key", "secret", "keys", "token"])
async def test_a_policy_holds_no_secrets(api: Api, field: str) -> None:
    """A key in the file is an unknown field, so that nobody keeps one there."""
    declaration = {"projects": {"acme": {"serviceAccounts": {"build": {field: "rsk_x"}}}}}
    assert await faults(api, declaration) == [f"declaration.projects.acme.serviceAccounts.build.{field}: unknown field"]


async def test_a_name_of_another_project_stays_its_own(api: Api) -> None:
    """Decision 12: what a project owns can't be declared away by naming another one."""
    await api.tenants.project("base", owns=["nginx"])
    assert await faults(api, POLICY) == ["projects.acme: nginx overlaps what another project owns"]


async def test_the_last_administrator_stays(api: Api) -> None:
    """A policy can't leave the installation without anybody to run it."""
    declaration = {"everyProject": {"bindings": {"admin@localhost": {"roles": ["viewer"]}}}}
    assert await faults(api, declaration) == ["everyProject.bindings: no administrator would be left"]


async def test_an_explanation_names_the_binding(api: Api) -> None:
    """Decision 4: each action says by which binding it is allowed, or what is missing."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "ann@example.com", "developer", only=["acme/team-*"])
    explained = await api.result(
        "installation.explainAccess", api.root, email="ann@example.com", repository="acme/team-a/web"
    )
    assert explained == {
        "project": "acme",
        "reasons": [
            {"action": "delete", "allowed": False, "because": "registry.delete on acme/team-a/web is missing in project acme"},
            {"action": "pull", "allowed": True, "because": "ann@example.com has role developer on acme, narrowed to acme/team-*"},
            {"action": "push", "allowed": True, "because": "ann@example.com has role developer on acme, narrowed to acme/team-*"},
        ],
    }  # fmt: skip


async def test_an_explanation_counts_what_everybody_holds(api: Api) -> None:
    """A person gets what is public too, and the explanation says that it comes from there."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "allUsers", "viewer")
    asked = {"repository": "acme/web", "actions": ["pull"]}
    for email in ("ann@example.com", "group:ops", "allUsers", "allAuthenticatedUsers", f"ci@acme.{ACCOUNT_DOMAIN}"):
        explained = await api.result("installation.explainAccess", api.root, email=email, **asked)
        assert explained["reasons"] == [
            {"action": "pull", "allowed": True, "because": "allUsers has role viewer on acme"}
        ]


async def test_an_explanation_of_a_group_is_that_of_its_members(api: Api) -> None:
    """What a group is bound to is what the explanation of the group tells."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "group:ops", "viewer")
    explained = await api.result(
        "installation.explainAccess", api.root, email="group:ops", repository="acme/web", actions=["pull"]
    )
    assert explained["reasons"][0]["allowed"] is True


async def test_an_explanation_says_what_nobody_owns(api: Api) -> None:
    """A name outside of every project is told as such, with what to do about it."""
    explained = await api.result(
        "installation.explainAccess", api.root, email="ann@example.com", repository="nginx", actions=["pull"]
    )
    assert "project" not in explained
    assert "no project owns nginx" in explained["reasons"][0]["because"]


async def test_an_explanation_is_the_decision(api: Api) -> None:
    """What is explained as allowed is what a token is signed for."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "ann@example.com", "developer")
    explained = await api.result("installation.explainAccess", api.root, email="ann@example.com", repository="acme/web")
    allowed = sorted(reason["action"] for reason in explained["reasons"] if reason["allowed"])
    answer = await api.sidecar.http.get(
        f"{api.sidecar.url}/token",
        params={"scope": "repository:acme/web:pull,push,delete"},
        headers=basic("ann@example.com", await api.tenants.secret("ann@example.com")),
    )
    assert (await answer.json())["scope"] == f"repository:acme/web:{','.join(allowed)}"


async def test_a_created_token_is_the_persons(api: Api) -> None:
    """Whoever shows it is that person, and holds what the person is bound to."""
    token = await api.result("installation.createToken", api.root, email="Ann@example.com", ttlSeconds=3600)
    assert await api.result("me.get", token["token"]) == {
        "email": "ann@example.com",
        "kind": "person",
        "expiresAt": token["expiresAt"],
    }


async def test_a_created_token_ends(api: Api) -> None:
    """It works for as long as was asked, and not a second longer."""
    token = await api.result("installation.createToken", api.root, email="ann@example.com", ttlSeconds=3600)
    api.clock.advance(seconds=3599)
    await api.result("me.get", token["token"])
    api.clock.advance(seconds=1)
    assert (await api.error("me.get", token["token"]))["code"] == "unauthorized"


async def test_a_created_token_lives_thirty_days_by_default(api: Api) -> None:
    """Without a time it is that of personal tokens."""
    token = await api.result("installation.createToken", api.root, email="ann@example.com")
    assert token["expiresAt"] == "2026-12-23T12:00:00Z"


async def test_a_created_token_is_listed_and_revoked_by_its_owner(api: Api) -> None:
    """The person sees the token that was made for them, and can end it."""
    token = await api.result("installation.createToken", api.root, email="ann@example.com", label="first sign-in")
    listed = await api.result("me.listTokens", token["token"])
    assert [(item["id"], item["label"]) for item in listed["items"]] == [(token["id"], "first sign-in")]
    await api.result("me.revokeToken", token["token"], id=token["id"])
    assert (await api.post("me.get", b"", bearer(token["token"]))).status == 200
    assert (await api.error("me.get", token["token"]))["code"] == "unauthorized"


@pytest.mark.parametrize("sid", ["build", "later"])
async def test_no_token_is_created_for_a_service_account(api: Api, sid: str) -> None:
    """Service accounts have keys; nor is a token made for one that is still to come, whom it would outlive."""
    await api.tenants.project("acme")
    await api.tenants.account("acme", "build")
    error = await api.error("installation.createToken", api.root, email=f"{sid}@acme.{ACCOUNT_DOMAIN}")
    assert error["items"] == ["email: is kept for service accounts, which have keys instead of tokens"]


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "group:ops"}, {"email": "ann@x", "ttlSeconds": 59}, {"email": "ann@x", "ttlSeconds": 31536001}],
)
async def test_a_token_is_for_a_person_and_a_time(api: Api, body: dict[str, Any]) -> None:
    """A minute to a year, for somebody who has an e-mail."""
    assert (await api.error("installation.createToken", api.root, **body))["code"] == "validate"
