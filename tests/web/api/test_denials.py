"""Why a pull was refused, over HTTP: from the token endpoint to whoever administers the project."""

import asyncio
from typing import Any

from tests.web.api.calling import Api, basic

SCOPE = "repository:acme/web:pull,push"


async def ask(api: Api, user: str, secret: str, scope: str = SCOPE) -> None:
    url = f"{api.sidecar.url}/token"
    async with api.sidecar.http.get(url, params={"scope": scope}, headers=basic(user, secret)) as answer:
        assert answer.status == 200


async def denials(api: Api, token: str, **body: Any) -> list[dict[str, Any]]:
    await api.sidecar.application.core.denials.flush()
    items: list[dict[str, Any]] = (await api.result("registry.denials", token, **body))["items"]
    return items


async def test_a_pull_without_rights_is_found_by_the_projects_administrator(api: Api) -> None:
    """docker is told nothing but that there is no such image; here stand who, what, where, and what is missing."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "own@example.com", "admin")
    await api.tenants.bind("acme", "vera@example.com", "viewer")
    admin = await api.tenants.secret("own@example.com")
    await ask(api, "vera@example.com", await api.tenants.secret("vera@example.com"))
    await ask(api, "out@example.com", await api.tenants.secret("out@example.com"))
    async with api.sidecar.http.get(f"{api.sidecar.url}/token", params={"scope": SCOPE}) as answer:
        assert answer.status == 200
    found = {(item.get("email"), item["action"]): item for item in await denials(api, admin, project="acme")}
    assert found.keys() == {
        ("vera@example.com", "push"),
        ("out@example.com", "pull"),
        ("out@example.com", "push"),
        (None, "pull"),
        (None, "push"),
    }
    push = found["vera@example.com", "push"]
    assert push["missing"] == "registry.push on acme/web is missing in project acme"
    assert (push["repository"], push["project"], push["count"]) == ("acme/web", "acme", 1)
    assert len(await denials(api, admin, project="acme", email="out@example.com")) == 2


async def test_what_is_answered_again_counts_once(api: Api) -> None:
    """Within `tokens.reuse_seconds` a stampede asks one question."""
    await api.tenants.project("acme")
    secret = await api.tenants.secret("out@example.com")
    for _ in range(5):
        await ask(api, "out@example.com", secret)
    assert {item["count"] for item in await denials(api, api.root)} == {1}
    api.clock.advance(seconds=31)
    await ask(api, "out@example.com", secret)
    assert {item["count"] for item in await denials(api, api.root)} == {2}


async def test_no_tenant_sees_anothers(api: Api) -> None:
    """S3: neither by name nor without one; nor what no project owns; nor what an earlier project of its sid had."""
    for project in ("acme", "beta"):
        await api.tenants.project(project)
        await api.tenants.bind(project, f"{project}@example.com", "owner")
    beta = await api.tenants.secret("beta@example.com")
    await ask(api, "beta@example.com", beta, "repository:acme/web:pull repository:nobodys/web:pull")
    assert await denials(api, beta, project="beta") == []
    for body in ({"project": "acme"}, {}, {"project": "*"}):
        assert (await api.error("registry.denials", beta, **body))["code"] == "project_not_found"
    assert {item.get("project") for item in await denials(api, api.root)} == {"acme", None}
    await ask(api, "beta@example.com", beta, "repository:acme/not-yet-written:pull")
    await api.result("project.delete", api.root, project="acme")
    api.clock.advance(seconds=1)
    await api.result("project.create", api.root, sid="acme")
    assert await denials(api, api.root, project="acme") == []
    await ask(api, "beta@example.com", beta, "repository:acme/web:pull")
    (again,) = await denials(api, api.root, project="acme")
    assert (again["count"], again["firstAt"]) == (1, again["lastAt"])


async def test_a_forbidden_call_leaves_a_denial_and_an_audit_row(api: Api) -> None:
    """By the method's name; the caller's address and credential stand in the audit log."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "dev@example.com", "developer")
    token = await api.tenants.secret("dev@example.com", identifier="c-1")
    for _ in range(2):
        await api.error("registry.untag", token, project="acme", repository="web", tag="v1")
    await api.error("project.update", token, project="acme", name="Mine")
    (item,) = await denials(api, api.root, project="acme")
    assert (item["email"], item["action"], item["repository"], item["count"]) == (
        "dev@example.com",
        "registry.untag",
        "acme/web",
        2,
    )
    items = (await api.result("auditLog.list", api.root, project="acme", outcome="denied"))["items"]
    rows = {(row["action"], row["resource"], row["count"], row["credential"], row["address"]) for row in items}
    assert rows == {
        ("registry.untag", "registry.delete", 2, "c-1", "127.0.0.1"),
        ("project.update", "project.update", 1, "c-1", "127.0.0.1"),
    }


async def test_a_refused_sign_in_is_found_by_administrators(api: Api) -> None:
    """At the API as at the token endpoint, with what was wrong; the client hears one and the same answer."""
    secret = await api.tenants.secret("ann@example.com")
    refuse = api.sidecar.application.core.refuse
    answers = set()
    for user, wrong in (("ann@example.com", "rpt_nonsense"), ("bob@example.com", secret), (secret, "x")):
        for url in (f"{api.sidecar.url}/token", f"{api.sidecar.url}/me.get"):
            method = "GET" if url.endswith("token") else "POST"
            async with api.sidecar.http.request(method, url, headers=basic(user, wrong)) as answer:
                answers.add((url, answer.status, await answer.read()))
    async with api.sidecar.http.post(f"{api.sidecar.url}/me.get", headers={"Authorization": "Basic %"}) as answer:
        answers.add((str(answer.url), answer.status, await answer.read()))
    assert len(answers) == 2
    await refuse.flush()
    items = await refused(api)
    assert {(row["actor"], row["after"]["reason"], row["count"]) for row in items} == {
        ("ann@example.com", "unrecognised", 2),
        ("bob@example.com", "notTheirs", 2),
        ("(a personal token)", "unrecognised", 2),
        ("", "malformed", 1),
    }
    assert secret not in str(items)


async def refused(api: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.result("auditLog.list", api.root, outcome="refused"))["items"]
    return items


async def test_they_are_written_in_the_background(api: Api) -> None:
    """Nobody has to ask for it."""
    headers = {"Authorization": "Basic %"}
    async with asyncio.timeout(60), api.sidecar.http.post(f"{api.sidecar.url}/me.get", headers=headers):
        while not (await refused(api)):  # noqa: ASYNC110 - the background tells nobody
            await asyncio.sleep(0.1)
