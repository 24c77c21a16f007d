"""docs/token-server.md, Scopes: lines 10 to 22."""

import itertools

import pytest

from tests.running import Sidecar
from tests.web.token.asking import Method, TokenClient
from tests.web.token.people import People

WEB, API = "repository:acme/web:pull", "repository:acme/api:pull"
BOTH = {"acme/web": {"pull"}, "acme/api": {"pull"}}


async def test_repeated_scopes_all_count(client: TokenClient, people: People, method: Method) -> None:
    """TS-10: `scope=…&scope=…`."""
    assert client.granted(await client.ask(method, people.viewer, WEB, API)) == BOTH


async def test_scopes_in_one_parameter_all_count(client: TokenClient, people: People, method: Method) -> None:
    """TS-11: separated by spaces, however many."""
    assert client.granted(await client.ask(method, people.viewer, f" {WEB}   {API} ")) == BOTH


async def test_repeated_and_joined_scopes_all_count(client: TokenClient, people: People, method: Method) -> None:
    """TS-12: both ways in one request."""
    answer = await client.ask(method, people.viewer, f"{WEB} {API}", "repository:acme/db:pull")
    assert client.granted(answer) == {**BOTH, "acme/db": {"pull"}}


@pytest.mark.parametrize("scopes", [(), ("",), (" ",), ("", "")])
async def test_no_scope_is_an_empty_access(
    client: TokenClient, people: People, method: Method, scopes: tuple[str, ...]
) -> None:
    """TS-13: what `docker login` asks for."""
    assert client.claims(await client.ask(method, people.viewer, *scopes))["access"] == []


async def test_a_name_may_begin_with_a_host_and_port(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-14: a scope is split at its first and its last colon."""
    await sidecar.tenants.project("mirror", owns=["host:5000/*"])
    await sidecar.tenants.bind("mirror", people.developer.user, "developer")
    answer = await client.ask(method, people.developer, "repository:host:5000/a/b:pull,push")
    assert client.granted(answer) == {"host:5000/a/b": {"pull", "push"}}


@pytest.mark.parametrize("order", list(itertools.permutations(["pull", "push", "delete"])))
async def test_the_same_repository_twice_unites_the_actions(
    client: TokenClient, people: People, method: Method, order: tuple[str, ...]
) -> None:
    """TS-15: in one entry, whatever the order."""
    answer = await client.ask(method, people.owner, *(f"repository:acme/web:{action}" for action in order))
    (entry,) = client.claims(answer)["access"]
    assert set(entry["actions"]) == {"pull", "push", "delete"}


async def test_a_class_of_repositories_is_a_repository(client: TokenClient, people: People, method: Method) -> None:
    """TS-16: `repository(plugin)` is decided, and issued, as type `repository`."""
    answer = await client.ask(method, people.viewer, "repository(plugin):acme/web:pull")
    assert client.claims(answer)["access"] == [{"type": "repository", "name": "acme/web", "actions": ["pull"]}]


@pytest.mark.parametrize(
    "scope",
    ["*", "foo", "repository", "repository:acme/web", "repository::pull", "registry:catalog", "registry:other:*",
     "volume:acme/web:pull", "repository:ACME/web:pull", "repository:acme/../web:pull", "repository:acme/web:", ":::",
     "repository:acme/web%00:pull", "\N{SNOWMAN}:acme/web:pull"],
)  # fmt: skip
async def test_what_is_malformed_or_unknown_adds_nothing(
    client: TokenClient, people: People, method: Method, scope: str
) -> None:
    """TS-17: the status stays 200, and what else was asked still counts."""
    assert client.granted(await client.ask(method, people.owner, scope, WEB)) == {"acme/web": {"pull"}}


async def test_nobody_with_malformed_scopes_alone_gets_an_empty_token(client: TokenClient) -> None:
    """TS-17: something was asked for, if nothing that is known."""
    assert client.granted(await client.get("scope=foo")) == {}


async def test_unknown_actions_are_dropped_one_by_one(client: TokenClient, people: People, method: Method) -> None:
    """TS-18: the known ones beside them still count."""
    answer = await client.ask(method, people.viewer, "repository:acme/web:metadata_read,pull,,PUSH")
    assert client.granted(answer) == {"acme/web": {"pull"}}


async def test_a_star_names_what_is_allowed(client: TokenClient, people: People, method: Method) -> None:
    """TS-19: who may pull and push gets these two by name, and no star."""
    assert client.granted(await client.ask(method, people.developer, "repository:acme/web:*")) == {
        "acme/web": {"pull", "push"}
    }


async def test_a_star_is_given_to_who_may_do_everything(client: TokenClient, people: People, method: Method) -> None:
    """TS-19: besides every action by name, because skopeo deletes with `*` alone."""
    assert client.granted(await client.ask(method, people.owner, "repository:acme/web:*")) == {
        "acme/web": {"pull", "push", "delete", "*"}
    }


async def test_the_catalogue_is_given_to_who_may_list_every_project(
    client: TokenClient, people: People, method: Method
) -> None:
    """TS-20: `["*"]`, as type `registry`."""
    answer = await client.ask(method, people.administrator, "registry:catalog:*")
    assert client.claims(answer)["access"] == [{"type": "registry", "name": "catalog", "actions": ["*"]}]


async def test_the_catalogue_is_given_to_nobody_else(client: TokenClient, people: People, method: Method) -> None:
    """TS-20: it names every project's repositories, so an owner of one project gets nothing."""
    assert client.granted(await client.ask(method, people.owner, "registry:catalog:*")) == {}


async def test_what_is_not_allowed_is_left_out(client: TokenClient, people: People, method: Method) -> None:
    """TS-21: `push,pull,delete` without the right to delete gives the other two."""
    answer = await client.ask(method, people.developer, "repository:acme/web:push,pull,delete")
    assert client.granted(answer) == {"acme/web": {"pull", "push"}}


async def test_a_hundred_scopes_fit_in_one_request(client: TokenClient, people: People, method: Method) -> None:
    """TS-22: as builds with many cache sources send them, in one line of some 9 KiB."""
    names = [f"acme/a-rather-long-team-name/and-an-image-{n:03}" for n in range(100)]
    answer = await client.ask(method, people.viewer, *(f"repository:{name}:pull,push" for name in names))
    assert client.granted(answer) == {name: {"pull"} for name in names}


async def test_scopes_above_16_kib_are_refused(client: TokenClient, people: People, method: Method) -> None:
    """TS-22: 400, in a request that is long but still taken."""
    answer = await client.ask(method, people.viewer, "x" * (16 * 1024 + 1))
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "INVALID")


async def test_scopes_of_16_kib_are_taken(client: TokenClient, people: People, method: Method) -> None:
    """TS-22: the bound itself is within."""
    assert (await client.ask(method, people.viewer, "x" * (16 * 1024))).status == 200
