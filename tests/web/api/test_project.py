"""The namespace `project`."""

import asyncio
from pathlib import Path

import pytest

from sidecar.domain.bounds import Bound
from sidecar.domain.identity import Limit
from sidecar.domain.names import ProjectId
from sidecar.usecases import manage_projects
from tests.web.api.calling import Api, basic, callable_api

ANN, BOB = "ann@example.com", "bob@example.com"


async def test_an_administrator_creates_and_owns(api: Api) -> None:
    """The answer is the project; the creator is bound to it as owner."""
    created = await api.result("project.create", api.root, sid="acme", name="Acme Inc.", owns=["library/*", "nginx"])
    assert created == {
        "sid": "acme",
        "name": "Acme Inc.",
        "owns": ["library/*", "nginx"],
        "createdAt": "2026-11-23T12:00:00Z",
        "createdBy": "admin@localhost",
    }
    assert await api.result("project.get", api.root, project="acme") == created
    users = await api.result("role.users", api.root, project="acme")
    assert users["items"] == [{"email": "admin@localhost", "roles": ["owner"]}]


async def test_a_project_without_a_name_is_called_by_its_sid(api: Api) -> None:
    """Typed clients send the name that they left empty."""
    assert (await api.result("project.create", api.root, sid="acme", name=""))["name"] == "acme"


@pytest.mark.parametrize("sid", ["ab", "Acme", "1acme", "acme-", "ac_me", "acmé", "acme\n", "*", "a/b"])
async def test_a_sid_has_a_form(api: Api, sid: str) -> None:
    """S24: the whole text follows `^[a-z][a-z0-9-]*[a-z0-9]$`, 3 to 32 characters."""
    error = await api.error("project.create", api.root, sid=sid)
    assert error["items"] == ["sid: must be 3 to 32 of a-z, 0-9 and -, begin with a letter and not end with -"]


async def test_a_sid_has_at_most_32_characters(api: Api) -> None:
    """A longer one is a fault that says so; the longest is taken."""
    assert (await api.error("project.create", api.root, sid="a" * 33))["items"] == [
        "sid: should have at most 32 characters"
    ]
    assert (await api.result("project.create", api.root, sid="a" * 32))["sid"] == "a" * 32


async def test_a_taken_sid_is_refused(api: Api) -> None:
    """A second project of that sid doesn't replace the first."""
    await api.tenants.project("acme")
    error = await api.error("project.create", api.root, sid="acme", name="Mine")
    assert error == {"code": "already_exists", "message": "api: project already exists"}
    assert (await api.result("project.get", api.root, project="acme"))["name"] == "Acme"


async def test_only_administrators_create(api: Api) -> None:
    """By default nobody else may, not even who owns a project."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", ANN, "owner")
    error = await api.error("project.create", await api.tenants.secret(ANN), sid="beta")
    assert error == {"code": "forbidden", "message": "api: forbidden", "items": ["project.create"]}


async def test_everyone_is_each_person(tmp_path: Path) -> None:
    """`api.project_creators: everyone` lets people create, but neither service accounts nor scoped tokens."""
    async with callable_api(tmp_path, api={"project_creators": "everyone"}) as api:
        ann = await api.tenants.secret(ANN)
        await api.result("project.create", ann, sid="acme")
        robot = await api.tenants.account("acme", "ci")
        await api.tenants.bind("acme", robot, "owner")
        scoped = (await api.result("me.generateToken", ann, project="acme"))["token"]
        answer = await api.post("project.create", b'{"sid": "beta"}', basic(robot, await api.tenants.key(robot)))
        assert (await answer.json())["error"]["code"] == "forbidden"
        assert (await api.error("project.create", scoped, sid="beta"))["code"] == "forbidden"
        assert [item["sid"] for item in (await api.result("project.list", api.root))["items"]] == ["acme"]


async def test_nobody_makes_projects_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S30: of a person those count that are there; administrators make any number."""
    monkeypatch.setattr(manage_projects, "PROJECTS", Bound(1, "projects"))
    async with callable_api(tmp_path, api={"project_creators": "everyone"}) as api:
        mia = await api.tenants.secret("mia@example.com")
        await api.result("project.create", mia, sid="one")
        error = await api.error("project.create", mia, sid="two")
        assert (error["code"], error["items"]) == ("too_many_projects", ["mia@example.com has 1, and at most 1 fit"])
        for sid in ("roots", "other"):
            await api.result("project.create", api.root, sid=sid)
        await api.result("project.delete", mia, project="one")
        await api.result("project.create", mia, sid="two")


@pytest.mark.parametrize("claim", ["library/*", "nginx", "acme", "acmes/*", "acme2/web"])
async def test_only_administrators_give_names_outside_a_project(tmp_path: Path, claim: str) -> None:
    """Decision 12: otherwise anybody could claim `library/*`, and what everybody pulls with it."""
    async with callable_api(tmp_path, api={"project_creators": "everyone"}) as api:
        ann = await api.tenants.secret(ANN)
        error = await api.error("project.create", ann, sid="acme", owns=["acme/mine", claim])
        assert error["items"] == [f"owns: only an administrator may claim {claim}, which is outside acme/"]
        await api.result("project.create", ann, sid="acme")
        error = await api.error("project.update", ann, project="acme", owns=[claim])
        assert error["code"] == "validate"
        assert (await api.result("project.get", ann, project="acme"))["owns"] == []


@pytest.mark.parametrize(
    "claim", ["library/*", "library/nginx", "library/a/*", "beta/*", "beta/web", "old/deep", "old/*"]
)
async def test_names_of_another_project_are_taken(api: Api, claim: str) -> None:
    """Each name has one owner; S8: whose it is isn't told."""
    await api.tenants.project("beta", owns=["library/*", "old/deep"])
    error = await api.error("project.create", api.root, sid="acme", owns=["free/*", claim])
    assert error["items"] == [f"owns: {claim} overlaps what another project owns"]


async def test_a_sid_below_anothers_names_is_taken(api: Api) -> None:
    """What a project owns by its sid must be free as well."""
    await api.tenants.project("beta", owns=["library/*"])
    error = await api.error("project.create", api.root, sid="library")
    assert error["items"] == ["sid: library/* overlaps what another project owns"]


async def test_of_two_that_claim_a_name_at_once_one_gets_it(api: Api) -> None:
    """Looking and writing are one step: there is no moment between them."""
    calls = [api.call("project.create", api.root, sid=f"team-{number}", owns=["nginx"]) for number in range(10)]
    assert sorted(answer["ok"] for answer in await asyncio.gather(*calls)) == [False] * 9 + [True]


async def test_a_list_holds_what_the_caller_is_bound_in(api: Api) -> None:
    """By oneself, by everybody's binding, or on every project; nothing else is hinted at."""
    for sid in ("acme", "beta", "free", "zeta"):
        await api.tenants.project(sid)
    await api.tenants.bind("acme", ANN, "viewer", only=["acme/web"])
    await api.tenants.bind("free", "allAuthenticatedUsers", "viewer")
    await api.tenants.bind("zeta", BOB, "owner")

    async def listed(token: str) -> list[str]:
        return [item["sid"] for item in (await api.result("project.list", token))["items"]]

    assert await listed(await api.tenants.secret(ANN)) == ["acme", "free"]
    assert await listed(await api.tenants.secret(BOB)) == ["free", "zeta"]
    assert await listed(api.root) == ["acme", "beta", "free", "zeta"]
    limit = Limit(ProjectId("zeta"), frozenset(("registry.pull",)))
    assert await listed(await api.tenants.secret(BOB, limit=limit)) == ["zeta"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("", "abc"), ("sid", "abc"), ("-sid", "cba"), ("name", "cab"), ("createdAt", "bac"), ("-createdAt", "cab")],
)
async def test_the_orders_of_projects(api: Api, sort: str, expected: str) -> None:
    """S4: by sid, name, or time, either way."""
    for sid, name in (("bbb", "y"), ("aaa", "x"), ("ccc", "a")):
        await api.result("project.create", api.root, sid=sid, name=name)
        api.clock.advance(seconds=1)
    items = (await api.result("project.list", api.root, sort=sort))["items"]
    assert "".join(item["sid"][0] for item in items) == expected


async def test_projects_page(api: Api) -> None:
    """`nextCursor` leads through the list and is absent at its end."""
    for sid in ("aaa", "bbb", "ccc"):
        await api.tenants.project(sid)
    first = await api.result("project.list", api.root, limit=2)
    second = await api.result("project.list", api.root, limit=2, cursor=first["nextCursor"])
    assert [item["sid"] for item in first["items"] + second["items"]] == ["aaa", "bbb", "ccc"]
    assert "nextCursor" not in second


async def test_an_update_changes_what_it_names(api: Api) -> None:
    """Without a field the old value stays; an empty `owns` is an empty one."""
    await api.tenants.project("acme", owns=["nginx", "old/*"])
    assert (await api.result("project.update", api.root, project="acme", name="New"))["owns"] == ["nginx", "old/*"]
    updated = await api.result("project.update", api.root, project="acme", owns=["nginx", "library/*", "nginx"])
    assert (updated["name"], updated["owns"]) == ("New", ["nginx", "library/*"])
    assert (await api.result("project.update", api.root, project="acme", owns=[]))["owns"] == []


async def test_an_owner_may_keep_or_drop_names_that_were_given(api: Api) -> None:
    """Only what is new must be an administrator's to give."""
    await api.tenants.project("acme", owns=["nginx", "library/*"])
    await api.tenants.bind("acme", ANN, "owner")
    ann = await api.tenants.secret(ANN)
    assert (await api.result("project.update", ann, project="acme", owns=["library/*"]))["owns"] == ["library/*"]
    assert (await api.error("project.update", ann, project="acme", owns=["library/*", "nginx"]))["code"] == "validate"


async def test_a_project_with_repositories_stays(api: Api) -> None:
    """What is left at the registry is named, what belongs to others is not, and an emptied repository doesn't count."""
    await api.tenants.project("acme", owns=["nginx"])
    api.registry.tags = {"acme/web": ["v1"], "nginx": ["1"], "acme/empty": [], "other/web": ["v1"]}
    error = await api.error("project.delete", api.root, project="acme")
    assert error["code"] == "project_in_use"
    assert error["items"] == ["acme/web", "nginx"]
    api.registry.tags = {"acme/empty": [], "other/web": ["v1"]}
    assert await api.result("project.delete", api.root, project="acme") == {}


async def test_a_registry_that_does_not_say_is_not_empty(api: Api) -> None:
    """Nothing is deleted on the word of a registry that is out of order."""
    await api.tenants.project("acme")
    api.registry.broken = True
    assert (await api.error("project.delete", api.root, project="acme"))["code"] == "registry_unavailable"
    await api.result("project.get", api.root, project="acme")


async def test_a_project_goes_with_all_that_is_its_own(api: Api) -> None:
    """Its accounts' keys, tokens limited to it and its bindings count no longer; who made it again starts anew."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", ANN, "owner")
    await api.tenants.role("acme", "cleaner", "registry.delete")
    ann, robot = await api.tenants.secret(ANN), await api.tenants.account("acme", "ci")
    key = await api.tenants.key(robot)
    scoped = (await api.result("me.generateToken", ann, project="acme"))["token"]
    await api.result("project.delete", ann, project="acme")
    await api.result("project.create", api.root, sid="acme")
    assert (await (await api.post("me.get", b"", basic(robot, key))).json())["error"]["code"] == "unauthorized"
    assert (await api.error("me.get", scoped))["code"] == "unauthorized"
    assert (await api.error("project.get", ann, project="acme"))["code"] == "project_not_found"
    assert (await api.error("role.get", api.root, project="acme", role="cleaner"))["code"] == "role_not_found"
