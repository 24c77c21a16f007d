"""docs/token-server.md, Parameters: lines 7 to 9."""

import pytest

from tests.web.token.asking import SERVICE, Method, TokenClient
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account", "somebody@else.example"),
        ("account", ""),
        ("client_id", "github.com/acme/builder/v2"),
        ("offline_token", "maybe"),
        ("access_type", "online"),
        ("no_such_parameter", "\N{SNOWMAN}"),
        ("", ""),
    ],
)
async def test_what_says_nothing_is_no_error(
    client: TokenClient, people: People, method: Method, name: str, value: str
) -> None:
    """TS-7: parameters that are unknown, or don't matter here, change nothing."""
    answer = await client.ask(method, people.developer, SCOPE, parameters=[(name, value)])
    assert client.granted(answer) == {"acme/web": {"pull"}}


async def test_a_get_needs_no_client_id(client: TokenClient, people: People) -> None:
    """TS-7: docker sends one, others don't."""
    assert (await client.ask("GET", people.developer, SCOPE)).status == 200


@pytest.mark.parametrize("services", [["other"], [SERVICE, "other"], ["other", SERVICE], [SERVICE.upper()], [" "]])
async def test_a_foreign_service_is_refused(
    client: TokenClient, people: People, method: Method, services: list[str]
) -> None:
    """TS-8, S13: 400 with a JSON error, in whichever of several parameters it stands; nothing is signed."""
    answer = await client.ask(method, people.developer, SCOPE, parameters=[("service", name) for name in services])
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "INVALID")


async def test_a_foreign_service_is_refused_to_nobody_too(client: TokenClient) -> None:
    """TS-8: an anonymous caller can't choose the audience (S13)."""
    assert (await client.get("service=other&scope=repository:free/web:pull")).status == 400


@pytest.mark.parametrize("services", [[], [""], [SERVICE], [SERVICE, SERVICE], ["", SERVICE]])
async def test_ours_is_meant_where_none_is_named(
    client: TokenClient, people: People, method: Method, services: list[str]
) -> None:
    """TS-9: the audience is ours, whether it was named or not."""
    answer = await client.ask(method, people.developer, SCOPE, parameters=[("service", name) for name in services])
    assert client.claims(answer)["aud"] == SERVICE
