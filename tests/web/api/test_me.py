"""The namespace `me`: what the caller is and holds, and the tokens that it makes for itself."""

from dataclasses import dataclass
from typing import Any

import pytest

from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import Email
from sidecar.domain.roles import NEVER_SCOPED, PERMISSIONS
from sidecar.domain.secrets import SecretKind, recognise
from sidecar.usecases import manage_tokens
from tests.web.api.calling import Api, basic

OWNER, DEV, NARROW, STRANGER = "olga@example.com", "dan@example.com", "nora@example.com", "sam@example.com"
DEVELOPER = ["registry.get", "registry.list", "registry.pull", "registry.push"]


@dataclass
class Acme:
    """Project acme, called by an owner, a developer, who may push to acme/web alone, and a stranger."""

    api: Api
    owner: str
    dev: str
    narrow: str
    stranger: str


@pytest.fixture
async def acme(api: Api) -> Acme:
    await api.tenants.project("acme")
    await api.tenants.bind("acme", OWNER, "owner")
    await api.tenants.bind("acme", DEV, "developer")
    await api.tenants.bind("acme", NARROW, "developer", only=["acme/web", "acme/team-*"])
    return Acme(api, *[await api.tenants.secret(email) for email in (OWNER, DEV, NARROW, STRANGER)])


async def test_who_one_is(acme: Acme) -> None:
    """The e-mail, the kind, and when the credential ends."""
    robot = await acme.api.tenants.account("acme", "ci")
    key = await acme.api.tenants.key(robot)
    answer = await acme.api.post("me.get", b"", basic(robot, key))
    assert (await answer.json())["result"] == {"email": robot, "kind": "serviceAccount"}
    token = (await acme.api.result("me.generateToken", acme.dev, ttlSeconds=60))["token"]
    expected = {"email": DEV, "kind": "person", "expiresAt": "2026-11-23T12:01:00Z"}
    assert await acme.api.result("me.get", token) == expected


async def test_what_one_holds(acme: Acme) -> None:
    """On the project as a whole; what is narrowed to repositories isn't held on the whole."""

    async def held(token: str) -> tuple[list[str], bool]:
        result = await acme.api.result("me.permissions", token, project="acme")
        return sorted(result["permissions"]), result["admin"]

    assert await held(acme.owner) == (sorted(PERMISSIONS), True)
    assert await held(acme.dev) == (DEVELOPER, False)
    assert await held(acme.narrow) == ([], False)
    assert await held(acme.api.root) == (sorted(PERMISSIONS), True)


@pytest.mark.parametrize(
    ("permissions", "authorized"),
    [
        (["registry.push"], True),
        (["registry.push", "registry.pull"], True),
        (["REGISTRY.Push"], True),
        (["registry.push", "registry.delete"], False),
        (["registry.*"], False),
        (["*"], False),
    ],
)
async def test_whether_one_may(acme: Acme, permissions: list[str], authorized: bool) -> None:
    """All of it, or not."""
    answer = await acme.api.result("me.authorized", acme.dev, project="acme", permissions=permissions)
    assert answer == {"authorized": authorized}


@pytest.mark.parametrize("method", ["me.permissions", "me.authorized", "me.generateToken"])
async def test_a_project_without_a_binding_is_not_there(acme: Acme, method: str) -> None:
    """S8: the same bytes whether it exists or not, even to who holds something on every project."""
    fields: dict[str, Any] = {} if method == "me.permissions" else {"permissions": ["registry.pull"]}
    foreign = await acme.api.call(method, acme.stranger, project="acme", **fields)
    missing = await acme.api.call(method, acme.stranger, project="nowhere", **fields)
    everywhere = await acme.api.call(method, acme.api.root, project="nowhere", **fields)
    assert foreign == missing == everywhere
    assert foreign["error"] == {"code": "project_not_found", "message": "api: project not found"}


async def test_a_personal_token_stands_for_its_maker(acme: Acme) -> None:
    """For 30 days where nothing else is asked; wherever the maker's bindings reach, now and later."""
    made = await acme.api.result("me.generateToken", acme.dev, label="laptop")
    assert recognise(made["token"]) is SecretKind.PERSONAL_TOKEN
    assert made["expiresAt"] == "2026-12-23T12:00:00Z"
    assert set(made) == {"token", "id", "expiresAt"}
    await acme.api.tenants.bind("acme", DEV, "owner")
    assert (await acme.api.result("me.permissions", made["token"], project="acme"))["admin"]


async def test_a_scoped_token_holds_what_was_asked(acme: Acme) -> None:
    """For 15 minutes where nothing else is asked."""
    made = await acme.api.result(
        "me.generateToken", acme.owner, project="acme", permissions=["registry.pull", "project.get"]
    )
    assert recognise(made["token"]) is SecretKind.SCOPED_TOKEN
    assert made["expiresAt"] == "2026-11-23T12:15:00Z"
    assert (made["project"], made["permissions"]) == ("acme", ["project.get", "registry.pull"])
    held = await acme.api.result("me.permissions", made["token"], project="acme")
    assert held == {"permissions": ["registry.pull", "project.get"], "admin": False}
    await acme.api.result("project.get", made["token"], project="acme")
    error = await acme.api.error("project.update", made["token"], project="acme", name="x")
    assert error["items"] == ["project.update"]


async def test_a_scoped_token_is_for_one_project(acme: Acme) -> None:
    """To it there is no other one, whatever its maker holds."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.bind("beta", OWNER, "owner")
    token = (await acme.api.result("me.generateToken", acme.owner, project="acme"))["token"]
    assert (await acme.api.error("project.get", token, project="beta"))["code"] == "project_not_found"
    assert [item["sid"] for item in (await acme.api.result("project.list", token))["items"]] == ["acme"]


async def test_without_permissions_a_scoped_token_holds_all_that_it_may(acme: Acme) -> None:
    """All that its maker holds, but what no token ever holds."""
    made = await acme.api.result("me.generateToken", acme.owner, project="acme")
    assert made["permissions"] == sorted(set(PERMISSIONS) - NEVER_SCOPED)
    assert (await acme.api.result("me.generateToken", acme.dev, project="acme"))["permissions"] == DEVELOPER


@pytest.mark.parametrize("permission", [*sorted(NEVER_SCOPED), "*", "registry.*", "role.*"])
async def test_what_no_token_ever_holds(acme: Acme, permission: str) -> None:
    """S2: nothing that mints credentials or rights which outlive the token, and no pattern that may grow."""
    permissions = ["registry.pull", permission]
    error = await acme.api.error("me.generateToken", acme.owner, project="acme", permissions=permissions)
    assert error["items"] == [f"permissions: a token can't hold {permission}"]


async def test_a_scoped_token_never_exceeds_its_maker(acme: Acme) -> None:
    """S20: neither when it is made, nor later, when the maker's rights shrink."""
    permissions = ["registry.pull", "registry.delete", "project.get"]
    error = await acme.api.error("me.generateToken", acme.dev, project="acme", permissions=permissions)
    assert error == {"code": "forbidden", "message": "api: forbidden", "items": ["project.get", "registry.delete"]}
    token = (await acme.api.result("me.generateToken", acme.owner, project="acme", permissions=["project.get"]))[
        "token"
    ]
    await acme.api.tenants.bind("acme", OWNER, "viewer")
    assert (await acme.api.error("project.get", token, project="acme"))["code"] == "forbidden"


async def test_a_narrowed_maker_makes_narrowed_tokens(acme: Acme) -> None:
    """S20: for repositories that one of their globs covers, and no others."""
    ask = {"project": "acme", "permissions": ["registry.push"]}
    for repositories in (["acme/web"], ["acme/team-*"], ["acme/team-a/*", "acme/web"]):
        made = await acme.api.result("me.generateToken", acme.narrow, **ask, repositories=repositories)
        assert made["repositories"] == repositories
    for repositories in (["acme/*"], ["acme/web*"], ["acme/api"], ["acme/web", "acme/api"]):
        error = await acme.api.error("me.generateToken", acme.narrow, **ask, repositories=repositories)
        assert error["items"] == ["registry.push"]
    assert (await acme.api.error("me.generateToken", acme.narrow, **ask))["items"] == ["registry.push"]


async def test_who_holds_nothing_as_a_whole_must_name_repositories(acme: Acme) -> None:
    """There is nothing that a token for the whole project could hold."""
    assert (await acme.api.error("me.generateToken", acme.narrow, project="acme"))["code"] == "forbidden"
    made = await acme.api.result("me.generateToken", acme.narrow, project="acme", repositories=["acme/web"])
    assert made["permissions"] == DEVELOPER


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"permissions": ["registry.pull"]}, ["permissions: only beside a project, for a scoped token"]),
        ({"repositories": ["acme/web"]}, ["repositories: only beside a project, for a scoped token"]),
        (
            {"project": "acme", "permissions": ["project.get"], "repositories": ["acme/web"]},
            ["permissions: project.get can't be narrowed to repositories"],
        ),
        (
            {"project": "acme", "repositories": ["web"]},
            ["repositories: web fits nothing in the project; write the full name"],
        ),
    ],
)
async def test_what_makes_no_sense_is_refused(acme: Acme, fields: dict[str, Any], faults: list[str]) -> None:
    """Rather than made into a token that does something else than was meant."""
    assert (await acme.api.error("me.generateToken", acme.owner, **fields))["items"] == faults


@pytest.mark.parametrize("project", [{}, {"project": "acme"}])
@pytest.mark.parametrize("seconds", [60, 365 * 86400, "3600", 59, -1, 365 * 86400 + 1])
async def test_a_lifetime_is_a_minute_to_a_year(acme: Acme, project: dict[str, str], seconds: int | str) -> None:
    """For either kind of token."""
    envelope = await acme.api.call("me.generateToken", acme.owner, ttlSeconds=seconds, **project)
    assert envelope["ok"] == (60 <= int(seconds) <= 365 * 86400)


async def test_a_zero_lifetime_is_the_usual_one(acme: Acme) -> None:
    """Typed clients send 0 where they mean nothing."""
    made = await acme.api.result("me.generateToken", acme.owner, project="acme", ttlSeconds=0)
    assert made["expiresAt"] == "2026-11-23T12:15:00Z"


@pytest.mark.parametrize("project", [{}, {"project": "acme"}])
async def test_a_token_ends_with_the_one_that_made_it(acme: Acme, project: dict[str, str]) -> None:
    """S20: asking for longer gives what is left, and revoking the first ends them all."""
    first = await acme.api.result("me.generateToken", acme.owner, ttlSeconds=120)
    second = await acme.api.result("me.generateToken", first["token"], ttlSeconds=86400, **project)
    assert second["expiresAt"] == first["expiresAt"]
    await acme.api.result("me.get", second["token"])
    await acme.api.result("me.revokeToken", acme.owner, id=first["id"])
    for token in (first["token"], second["token"]):
        assert (await acme.api.error("me.get", token))["code"] == "unauthorized"


async def test_scoped_tokens_neither_make_nor_see_tokens(acme: Acme) -> None:
    """S20: the most powerful one can't."""
    token = await acme.api.result("me.generateToken", acme.owner, project="acme")
    calls: list[tuple[str, dict[str, str]]] = [
        ("me.generateToken", {}),
        ("me.generateToken", {"project": "acme"}),
        ("me.listTokens", {}),
        ("me.revokeToken", {"id": token["id"]}),
    ]
    for method, fields in calls:
        assert (await acme.api.error(method, token["token"], **fields))["code"] == "forbidden"
    assert (await acme.api.result("me.get", token["token"]))["email"] == OWNER


async def test_a_service_account_makes_scoped_tokens_only(acme: Acme) -> None:
    """A personal token is a person's."""
    robot = await acme.api.tenants.account("acme", "ci")
    await acme.api.tenants.bind("acme", robot, "developer")
    headers = basic(robot, await acme.api.tenants.key(robot))
    refused = await (await acme.api.post("me.generateToken", b"", headers)).json()
    assert refused["error"]["items"] == ["project: is missing; a service account makes scoped tokens only"]
    made = await (await acme.api.post("me.generateToken", b'{"project": "acme"}', headers)).json()
    assert made["result"]["permissions"] == DEVELOPER


async def test_own_tokens_are_listed(acme: Acme) -> None:
    """S5, S15: with what they may do and when they end, without what they are; and no one else's."""
    personal = await acme.api.result("me.generateToken", acme.dev, label="laptop")
    acme.api.clock.advance(seconds=1)
    scoped = await acme.api.result(
        "me.generateToken",
        acme.dev,
        project="acme",
        permissions=["registry.pull"],
        repositories=["acme/web"],
        label="CI",
    )
    await acme.api.result("me.generateToken", acme.owner, label="not mine")
    items = (await acme.api.result("me.listTokens", acme.dev, sort="-createdAt", limit=2))["items"]
    assert items == [
        {
            "id": scoped["id"],
            "kind": "scoped",
            "label": "CI",
            "hint": scoped["token"][:8] + "…",
            "project": "acme",
            "permissions": ["registry.pull"],
            "repositories": ["acme/web"],
            "createdAt": "2026-11-23T12:00:01Z",
            "expiresAt": "2026-11-23T12:15:01Z",
        },
        items[1],
    ]
    (laptop,) = (await acme.api.result("me.listTokens", acme.dev, filter="lap*"))["items"]
    assert (laptop["id"], laptop["kind"]) == (personal["id"], "personal")
    everything = await acme.api.call("me.listTokens", acme.dev)
    assert personal["token"] not in str(everything)
    assert "not mine" not in str(everything)


async def test_a_token_is_revoked_at_once(acme: Acme) -> None:
    """S22, S33: by its id."""
    made = await acme.api.result("me.generateToken", acme.dev)
    assert await acme.api.result("me.revokeToken", acme.dev, id=made["id"]) == {}
    assert (await acme.api.error("me.get", made["token"]))["code"] == "unauthorized"
    assert (await acme.api.error("me.revokeToken", acme.dev, id=made["id"]))["code"] == "token_not_found"


async def test_another_ones_token_is_not_found(acme: Acme) -> None:
    """S3, S8: nor is a key or a refresh token, one's own or not."""
    made = await acme.api.result("me.generateToken", acme.owner, project="acme")
    await acme.api.tenants.secret(DEV, CredentialKind.REFRESH_TOKEN)
    async with acme.api.tenants.store.reading() as tables:
        (refresh,) = await tables.secrets.of_principal(Email(DEV), [CredentialKind.REFRESH_TOKEN])
    for identifier in (made["id"], made["token"], refresh.credential.id, "nothing", "%"):
        error = await acme.api.error("me.revokeToken", acme.dev, id=identifier)
        assert error == {"code": "token_not_found", "message": "api: token not found"}
    await acme.api.result("me.get", made["token"])


async def test_the_administrators_token_file_makes_tokens(acme: Acme) -> None:
    """It never ends, so neither kind is cut short."""
    made = await acme.api.result("me.generateToken", acme.api.root, ttlSeconds=365 * 86400)
    assert made["expiresAt"] == "2027-11-23T12:00:00Z"


async def test_nobody_fills_the_memory_with_tokens(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    """S30: not even somebody without a right; what has expired makes room, the oldest first, and what lives stays."""
    monkeypatch.setattr(manage_tokens, "MOST", 3)
    first, second = [
        await acme.api.result("me.generateToken", acme.stranger, ttlSeconds=seconds) for seconds in (60, 3600)
    ]
    error = await acme.api.error("me.generateToken", acme.stranger)
    assert (error["code"], STRANGER in error["items"][0]) == ("too_many_tokens", True)
    acme.api.clock.advance(seconds=60)
    third = await acme.api.result("me.generateToken", acme.stranger)
    items = (await acme.api.result("me.listTokens", acme.stranger))["items"]
    kept = {item["id"] for item in items}
    assert {second["id"], third["id"]} < kept
    assert (len(kept), first["id"] in kept) == (3, False)
    await acme.api.result("me.generateToken", acme.dev)
