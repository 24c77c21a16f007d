"""docs/token-server.md, Answer: lines 54 to 59."""

import sqlite3
from datetime import datetime, timedelta

import pytest

from tests.running import Sidecar
from tests.web.token.asking import Login, Method, TokenClient
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull"


async def test_both_names_carry_the_same_token(client: TokenClient, people: People, method: Method) -> None:
    """TS-54: POST clients read only `access_token`, some GET clients only `token`."""
    answer = (await client.ask(method, people.viewer, SCOPE)).json
    assert answer["token"] == answer["access_token"]


async def test_expires_in_is_the_life_of_the_token(client: TokenClient, people: People, method: Method) -> None:
    """TS-55: an integer, equal to `exp - iat`: none, or zero, is "for ever" to containerd."""
    answer = await client.ask(method, people.viewer, SCOPE)
    claims = client.claims(answer)
    assert answer.json["expires_in"] == claims["exp"] - claims["iat"] == 900


@pytest.mark.parametrize(("seconds_left", "lives"), [(400, 400), (61, 61), (20, 60)])
async def test_a_token_ends_with_its_credential_but_lives_a_minute(
    sidecar: Sidecar, client: TokenClient, people: People, seconds_left: int, lives: int
) -> None:
    """TS-55: less than 60 is misread by clients."""
    user = people.viewer.user
    secret = await sidecar.tenants.secret(user, expires_at=sidecar.clock.now() + timedelta(seconds=seconds_left))
    assert (await client.ask("GET", Login(user, secret), SCOPE)).json["expires_in"] == lives


async def test_issued_at_is_rfc_3339_in_utc(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-56: with a `Z`; one without a zone breaks every client in Go."""
    answer = await client.ask(method, people.viewer, SCOPE)
    assert answer.json["issued_at"].endswith("Z")
    assert datetime.fromisoformat(answer.json["issued_at"]).timestamp() == client.claims(answer)["iat"]


async def test_errors_have_one_shape(client: TokenClient) -> None:
    """TS-57: `errors`, each with a code, a message and a detail."""
    for answer in (await client.get(), await client.get("service=x"), await client.post([]), await client.send("PUT")):
        (error,) = answer.json["errors"]
        assert set(error) == {"code", "message", "detail"}
        assert error["code"].isupper()


async def test_a_401_challenges_and_says_why(client: TokenClient) -> None:
    """TS-57: dockerd shows the text `details`."""
    answer = await client.get()
    assert answer.json["errors"][0]["code"] == "UNAUTHORIZED"
    assert isinstance(answer.json["details"], str)
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="')


async def test_no_secret_is_echoed(client: TokenClient, people: People, method: Method) -> None:
    """TS-58: neither a right one nor a wrong one, wherever it was put."""
    canary = "canary-b7e1f0"
    answers = [
        await client.ask(method, people.developer, SCOPE),
        await client.ask(method, Login(people.developer.user, canary), SCOPE),
        await client.ask(method, Login(canary, canary), canary, parameters=[("service", canary)]),
        await client.post([("grant_type", canary), ("refresh_token", canary)]),
    ]
    for answer in answers:
        told = answer.body + repr(answer.headers).encode()
        assert canary.encode() not in told
        assert people.developer.secret.encode() not in told


async def test_no_signing_key_is_503(sidecar: Sidecar, client: TokenClient, people: People, method: Method) -> None:
    """TS-59: when the CA is at its end nothing is refused, and nothing granted."""
    sidecar.clock.advance(days=15 * 365)
    answer = await client.ask(method, people.developer, SCOPE)
    assert (answer.status, answer.json["errors"][0]["code"]) == (503, "UNAVAILABLE")


async def test_a_stuck_database_is_503(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-59: a refresh token that can't be kept is not given out, and a login not turned away as wrong."""
    path = sidecar.application.core.config.database.path
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        answer = await client.ask("GET", people.developer, SCOPE, parameters=[("offline_token", "true")])
    finally:
        holder.close()
    assert answer.status == 503


async def test_a_stuck_database_keeps_nobody_from_pulling(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """Decision 5: the token path reads memory."""
    path = sidecar.application.core.config.database.path
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        assert (await client.ask(method, people.developer, SCOPE)).status == 200
    finally:
        holder.close()
