"""docs/token-server.md, Transport: lines 1 to 6."""

import orjson
import pytest

from tests.running import PUBLIC_URL, Sidecar
from tests.web.token.asking import Answer, Method, TokenClient
from tests.web.token.people import People


async def test_get_and_post_share_one_url(client: TokenClient, people: People, method: Method) -> None:
    """TS-1: both are answered at /token itself, with no redirect."""
    assert (await client.ask(method, people.developer, "repository:acme/web:pull")).status == 200


async def test_no_other_spelling_of_the_url_redirects(sidecar: Sidecar) -> None:
    """TS-1: a client is never sent elsewhere with its credentials."""
    async with sidecar.http.get(f"{sidecar.url}/token/", allow_redirects=False) as answer:
        assert answer.status == 404


async def test_the_realm_is_the_configured_url_whatever_the_host_header_says(client: TokenClient) -> None:
    """TS-2: absolute, lower-case, without a query, and never taken from the request (S36)."""
    answer = await client.send("GET", headers={"Host": "evil.example"})
    assert answer.headers["WWW-Authenticate"] == f'Basic realm="{PUBLIC_URL}/token"'


async def test_success_is_exactly_200_and_json(client: TokenClient, people: People, method: Method) -> None:
    """TS-3: clients compare the status and the type as texts."""
    answer = await client.ask(method, people.developer, "repository:acme/web:pull")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


async def test_an_answer_is_never_longer_than_clients_read(client: TokenClient, people: People, method: Method) -> None:
    """TS-3: where 64 KiB would not hold the token, the answer is an error that says to ask for less."""
    answer = await client.ask(method, people.developer, *(f"repository:acme/{n}:pull" for n in range(600)))
    assert (answer.status, len(answer.body) < 1024) == (400, True)
    assert "fewer" in answer.json["errors"][0]["detail"][0]


async def _answers_of_every_status(client: TokenClient, people: People) -> list[Answer]:
    return [
        await client.ask("GET", people.developer, "repository:acme/web:pull"),
        await client.ask("POST", people.developer, "repository:acme/web:pull"),
        await client.get(),
        await client.get("service=other"),
        await client.post([("grant_type", "magic")]),
        await client.send("DELETE"),
    ]


async def test_no_answer_is_stored(client: TokenClient, people: People) -> None:
    """TS-4: successes and errors alike."""
    for answer in await _answers_of_every_status(client, people):
        assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"]
)
async def test_the_form_type_may_name_a_charset(client: TokenClient, people: People, content_type: str) -> None:
    """TS-5: some clients add it, some don't."""
    login = people.developer
    form = [("grant_type", "password"), ("username", login.user), ("password", login.secret)]
    assert (await client.post(form, content_type)).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/v2/", 404),
        ("/auth", 404),
        ("/token/x", 404),
        ("/index.html", 405),
        ("/%00", 404),
        ("/a/../token/", 404),
    ],
)
async def test_unknown_paths_are_json_and_refused(sidecar: Sidecar, path: str, status: int) -> None:
    """TS-6: a page of HTML with status 200 would be taken for an answer. A name with a dot is one of API methods: POST."""
    async with sidecar.http.get(sidecar.url + path, headers={"Accept": "text/html"}, allow_redirects=False) as answer:
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/json"
        assert orjson.loads(await answer.read())["ok"] is False


@pytest.mark.parametrize("verb", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(client: TokenClient, verb: str) -> None:
    """Wrong methods are 405 in the endpoint's own shape, and say which are right."""
    answer = await client.send(verb)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,POST")
    assert verb == "HEAD" or answer.json["errors"][0]["code"] == "METHOD_NOT_ALLOWED"
