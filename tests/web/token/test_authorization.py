"""docs/token-server.md, Authorization: lines 23 to 29."""

from typing import Any

import pytest

from tests.running import Sidecar
from tests.web.token.asking import Answer, Method, TokenClient
from tests.web.token.people import People


async def test_who_may_do_nothing_gets_an_empty_token(client: TokenClient, people: People, method: Method) -> None:
    """TS-23: 200 without an entry; 401, 403 and 404 would stop clients that ask for several scopes."""
    assert client.granted(await client.ask(method, people.stranger, "repository:acme/web:pull,push")) == {}


async def test_a_subset_is_an_answer(client: TokenClient, people: People, method: Method) -> None:
    """TS-23: asking for push while holding pull answers 200 with pull."""
    answer = await client.ask(method, people.viewer, "repository:acme/web:pull,push")
    assert client.granted(answer) == {"acme/web": {"pull"}}


async def test_a_mount_from_an_unreadable_repository_gives_the_target_alone(
    client: TokenClient, people: People, method: Method
) -> None:
    """TS-24, S19: the client then uploads instead of mounting."""
    answer = await client.ask(method, people.developer, "repository:acme/web:pull,push", "repository:beta/base:pull")
    assert client.granted(answer) == {"acme/web": {"pull", "push"}}


async def test_forbidden_and_missing_look_alike(client: TokenClient, people: People, method: Method) -> None:
    """TS-25, S8: of another tenant, of no project, never heard of: the same claims and headers, apart from the name's own."""
    seen = [
        _without_ids(client, await client.ask(method, people.developer, f"repository:{name}:pull,push"))
        for name in ("beta/web", "beta/no-such", "nobody/web", "orphan")
    ]
    assert all(answer == seen[0] for answer in seen)


def _without_ids(client: TokenClient, answer: Answer) -> tuple[dict[str, Any], dict[str, str], int]:
    claims = {name: value for name, value in client.claims(answer).items() if name != "jti"}
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Date")}
    return claims, headers, len(answer.body)


async def test_nobody_pulls_what_is_public(client: TokenClient, people: People) -> None:
    """TS-26: an anonymous token has an empty `sub`, and `pull` whatever else was asked."""
    answer = await client.get("scope=repository:free/web:pull,push,delete&scope=registry:catalog:*")
    assert client.claims(answer)["sub"] == ""
    assert client.granted(answer) == {"free/web": {"pull"}}


async def test_nobody_gets_nothing_of_what_is_private(client: TokenClient, people: People) -> None:
    """TS-27: 200, and no entry beside the public one."""
    answer = await client.get("scope=repository:acme/web:pull&scope=repository:free/web:pull")
    assert client.granted(answer) == {"free/web": {"pull"}}


@pytest.mark.parametrize(
    "query", ["", "service=registry", "scope=", "scope=+&scope=%20", "account=x&offline_token=true"]
)
async def test_nobody_who_asks_for_nothing_is_challenged(client: TokenClient, query: str) -> None:
    """TS-28: otherwise `docker login` without a password would succeed."""
    answer = await client.get(query)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("pull", {"pull"}), ("pull,push", {"pull", "push"}), ("push,pull", {"pull", "push"}), ("delete", {"delete"})],
)
async def test_no_more_than_was_asked_is_granted(
    client: TokenClient, people: People, method: Method, asked: str, granted: set[str]
) -> None:
    """TS-29: an owner who asks to pull can't push with that token."""
    assert client.granted(await client.ask(method, people.owner, f"repository:acme/web:{asked}")) == {
        "acme/web": granted
    }


async def test_push_without_pull_is_not_granted(client: TokenClient, people: People, method: Method) -> None:
    """TS-29: neither where only push was asked …"""
    assert client.granted(await client.ask(method, people.owner, "repository:acme/web:push")) == {}


async def test_push_without_the_right_to_pull_is_not_granted(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-29: … nor where pull was asked and isn't allowed."""
    await sidecar.tenants.role("acme", "pusher", "registry.push")
    await sidecar.tenants.bind("acme", people.stranger.user, "pusher")
    assert client.granted(await client.ask(method, people.stranger, "repository:acme/web:pull,push")) == {}


async def test_a_changed_right_counts_on_the_next_request(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """S22: at once with us, though the same question was answered a moment ago."""
    question = "repository:acme/web:pull"
    assert client.granted(await client.ask(method, people.viewer, question)) == {"acme/web": {"pull"}}
    await sidecar.tenants.bind("acme", people.viewer.user)
    assert client.granted(await client.ask(method, people.viewer, question)) == {}
