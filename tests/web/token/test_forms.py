"""docs/token-server.md, POST: lines 41 to 45."""

import pytest

from tests.web.token.asking import Login, TokenClient
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull,push"


async def test_a_password_grant_answers_all_that_clients_read(client: TokenClient, people: People) -> None:
    """TS-41: `access_token`, `token`, `scope`, `expires_in`, `issued_at`."""
    answer = (await client.ask("POST", people.viewer, SCOPE, "repository:acme/api:pull")).json
    assert set(answer) == {"access_token", "token", "scope", "expires_in", "issued_at"}
    assert answer["scope"] == "repository:acme/web:pull repository:acme/api:pull"


async def test_the_scope_is_empty_where_nothing_is_granted(client: TokenClient, people: People) -> None:
    """TS-41: `""`, and never absent or null."""
    assert (await client.ask("POST", people.stranger, SCOPE)).json["scope"] == ""


async def test_a_bad_password_is_401(client: TokenClient, people: People) -> None:
    """TS-42: 400 and 403 would keep containerd from falling back to GET."""
    assert (await client.ask("POST", Login(people.viewer.user, "wrong"), SCOPE)).status == 401


async def test_a_refresh_token_is_exchanged(client: TokenClient, people: People) -> None:
    """TS-43: for a token of the same person."""
    login = await client.ask("POST", people.developer, parameters=[("access_type", "offline")])
    answer = await client.refresh(login.json["refresh_token"], SCOPE)
    assert client.claims(answer)["sub"] == people.developer.user
    assert client.granted(answer) == {"acme/web": {"pull", "push"}}


@pytest.mark.parametrize("secret", ["", "x", "rrt_" + "A" * 39, "\N{SNOWMAN}"])
async def test_a_bad_refresh_token_is_401(client: TokenClient, secret: str) -> None:
    """TS-43: unknown, malformed, empty."""
    assert (await client.refresh(secret, SCOPE)).status == 401


@pytest.mark.parametrize("kind", ["developer", "robot"])
async def test_another_kind_of_secret_is_no_refresh_token(client: TokenClient, people: People, kind: str) -> None:
    """TS-43: a personal token or a key in its place is 401."""
    login: Login = getattr(people, kind)
    assert (await client.refresh(login.secret, SCOPE)).status == 401


@pytest.mark.parametrize(
    "form",
    [[], [("grant_type", "")], [("grant_type", "client_credentials")], [("grant_type", "PASSWORD")],
     [("scope", SCOPE)], [("username", "x"), ("password", "y")]],
)  # fmt: skip
async def test_a_missing_or_unknown_grant_is_400(client: TokenClient, form: list[tuple[str, str]]) -> None:
    """TS-44: with a JSON error that names it."""
    answer = await client.post(form)
    assert answer.status == 400
    assert "grant_type" in answer.json["errors"][0]["detail"][0]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff\xfe", b"%", b"%ff%zz=%00&;&=&&", b"a" * 60_000, b"&" * 5_000, b"\0"]
)
@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/json", "", "multipart/form-data"]
)
async def test_no_form_error_is_403_or_422(client: TokenClient, body: bytes, content_type: str) -> None:
    """TS-45: both are fatal to containerd and BuildKit; so is any 5xx."""
    answer = await client.send("POST", body=body, headers={"Content-Type": content_type})
    assert answer.status in (400, 401)


async def test_a_form_above_64_kib_is_refused(client: TokenClient) -> None:
    """S30: 413 in the endpoint's own shape, before it is read."""
    answer = await client.send("POST", body=b"a" * (64 * 1024 + 1))
    assert (answer.status, answer.json["errors"][0]["code"]) == (413, "TOO_LARGE")
