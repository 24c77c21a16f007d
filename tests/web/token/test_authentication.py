"""docs/token-server.md, Authentication: lines 30 to 38."""

import base64
import time
from datetime import timedelta
from statistics import median

import pytest

from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import ProjectId
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.running import Sidecar
from tests.web.token.asking import Answer, Login, Method, TokenClient, basic
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull"
NEVER_GIVEN_OUT = make_secret(SecretKind.PERSONAL_TOKEN, b"\7" * RANDOM_BYTES)


def _told(answer: Answer) -> tuple[int, bytes, str]:
    return answer.status, answer.body, answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scopes", [(), (SCOPE,), ("repository:free/web:pull",)])
async def test_a_wrong_secret_is_401(
    client: TokenClient, people: People, method: Method, scopes: tuple[str, ...]
) -> None:
    """TS-30: with a scope or without, and even where all that was asked is public."""
    assert (await client.ask(method, Login(people.developer.user, "wrong"), *scopes)).status == 401


async def test_all_that_is_bad_is_the_same_401(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-31: unknown, mistyped, expired, removed: the same bytes."""
    user = people.developer.user
    expiring = await sidecar.tenants.secret(user, expires_at=sidecar.clock.now() + timedelta(hours=1))
    sidecar.clock.advance(hours=2)
    removed = people.viewer
    await sidecar.tenants.revoke(removed.user)
    bad = [Login(user, NEVER_GIVEN_OUT), Login(user, "typo"), Login(user, expiring), removed, Login("x@y.example", "z")]
    answers = [_told(await client.ask(method, login, SCOPE)) for login in bad]
    assert {status for status, _, _ in answers} == {401}
    assert len(set(answers)) == 1


async def test_all_that_is_bad_takes_the_same_time(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-31: the same class of time; nothing slow, such as a password hash, runs for known names only."""
    user = people.developer.user
    expired = await sidecar.tenants.secret(user, expires_at=sidecar.clock.now() - timedelta(hours=1))

    logins = (Login(user, NEVER_GIVEN_OUT), Login(user, expired), Login("nobody@acme.example", "x"))
    seconds: dict[Login, list[float]] = {login: [] for login in logins}
    for login in logins * 40:
        began = time.perf_counter()
        await client.ask("GET", login)
        seconds[login].append(time.perf_counter() - began)
    medians = [median(taken) for taken in seconds.values()]
    assert max(medians) - min(medians) < 0.003


@pytest.mark.parametrize(
    "value",
    ["Basic", "Basic ", "Basic !!!", "Basic YQ", "Basic " + base64.b64encode(b"no-colon").decode(),
     "Basic " + base64.b64encode(b"\xff\xfe:x").decode(), "Basic " + base64.b64encode(b'{"user":"x"}').decode(),
     'Basic {"username":"x","password":"y"}', "Basic Og==", "Digest x", "Negotiate", "", "Basic " + "A" * 9000,
     "Bearer", "Bearer ", "basic\tYTpi"],
)  # fmt: skip
async def test_a_malformed_header_is_401(client: TokenClient, people: People, value: str) -> None:
    """TS-32: never a 500, and never taken for nobody's."""
    assert (await client.get("scope=repository:free/web:pull", value)).status == 401


async def test_credentials_are_utf8(sidecar: Sidecar, client: TokenClient, people: People, method: Method) -> None:
    """TS-33: a name that isn't ASCII signs in."""
    user = "jürgen@acme.example"
    await sidecar.tenants.bind("acme", user, "viewer")
    login = Login(user, await sidecar.tenants.secret(user))
    assert client.claims(await client.ask(method, login, SCOPE))["sub"] == user


async def test_colons_and_umlauts_in_a_password_are_taken_whole(
    client: TokenClient, people: People, method: Method
) -> None:
    """TS-33: `pä:ss:wörd` is a password like others: wrong, but no error."""
    assert (await client.ask(method, Login("jürgen@acme.example", "pä:ss:wörd"))).status == 401


@pytest.mark.parametrize(
    "user",
    [
        "a@b",
        "a+b",
        "$oauthtoken",
        "a/b",
        "a\\b",
        "a b",
        "robot$x",
        "<token>",
        "",
        "\N{SNOWMAN}",
        "x" * 5000,
        "a:b",
        "\0",
    ],
)
async def test_strange_user_names_are_401(client: TokenClient, people: People, method: Method, user: str) -> None:
    """TS-34: nobody's name, with a secret that is somebody's."""
    assert (await client.ask(method, Login(user, people.developer.secret))).status == 401


@pytest.mark.parametrize("user", ["oauth2accesstoken", "_token", "00000000-0000-0000-0000-000000000000"])
async def test_some_user_names_say_that_the_secret_is_a_token(
    client: TokenClient, people: People, method: Method, user: str
) -> None:
    """TS-34: its owner is who asks."""
    answer = await client.ask(method, Login(user, people.developer.secret), SCOPE)
    assert client.claims(answer)["sub"] == people.developer.user


async def test_a_scoped_token_works_by_such_a_name_too(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-34: and gives no more than its limit (S20)."""
    limit = Limit(ProjectId("acme"), frozenset(("registry.pull",)))
    secret = await sidecar.tenants.secret(people.developer.user, CredentialKind.SCOPED_TOKEN, limit)
    answer = await client.ask(method, Login("_token", secret), "repository:acme/web:pull,push")
    assert client.granted(answer) == {"acme/web": {"pull"}}


async def test_a_service_accounts_key_is_not_a_token(client: TokenClient, people: People, method: Method) -> None:
    """TS-34: a key goes with its own account's name alone."""
    assert (await client.ask(method, Login("_token", people.robot.secret))).status == 401


@pytest.mark.parametrize("user", ["dan@acme.example", "<token>", ""])
async def test_an_empty_secret_is_401(client: TokenClient, people: People, method: Method, user: str) -> None:
    """TS-35, S23: for a known name, and for nobody's."""
    assert (await client.ask(method, Login(user, ""), SCOPE)).status == 401


async def test_a_secret_goes_with_its_owners_name(client: TokenClient, people: People, method: Method) -> None:
    """TS-35: somebody else's real name beside it is 401 …"""
    assert (await client.ask(method, Login(people.viewer.user, people.developer.secret), SCOPE)).status == 401


async def test_the_case_of_an_email_does_not_matter(client: TokenClient, people: People, method: Method) -> None:
    """TS-35: … and its owner's in other letters is its owner's."""
    answer = await client.ask(method, Login("Dan@ACME.Example", people.developer.secret), SCOPE)
    assert client.claims(answer)["sub"] == "dan@acme.example"


async def test_account_does_not_decide_who_asks(client: TokenClient, people: People, method: Method) -> None:
    """TS-36: `sub` is the proven principal, whatever `account` says."""
    answer = await client.ask(method, people.viewer, SCOPE, parameters=[("account", people.owner.user)])
    assert client.claims(answer)["sub"] == people.viewer.user


async def test_account_makes_nobody_somebody(client: TokenClient, people: People) -> None:
    """TS-36: without credentials it stays nobody."""
    answer = await client.get(f"account={people.owner.user}&scope=repository:free/web:pull")
    assert client.claims(answer)["sub"] == ""


async def test_a_personal_token_is_taken_as_a_bearer(client: TokenClient, people: People) -> None:
    """TS-37: Renovate sends it so."""
    answer = await client.get(f"scope={SCOPE}", f"Bearer {people.developer.secret}")
    assert client.claims(answer)["sub"] == people.developer.user


async def test_no_other_bearer_is_taken(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-37: keys, refresh tokens, registry tokens and rubbish are 401."""
    granted = (await client.ask("GET", people.developer, SCOPE, parameters=[("offline_token", "true")])).json
    for bearer in (people.robot.secret, granted["refresh_token"], granted["token"], "x"):
        assert (await client.get(f"scope={SCOPE}", f"Bearer {bearer}")).status == 401


async def test_two_authorization_headers_are_ambiguous(sidecar: Sidecar, people: People) -> None:
    """A proxy and we might each believe another one: 401."""
    headers = [("Authorization", basic(people.developer)), ("Authorization", basic(people.viewer))]
    async with sidecar.http.get(f"{sidecar.url}/token", headers=headers) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("user", ["", "<token>"])
async def test_a_refresh_token_is_taken_as_nobodys_password(
    client: TokenClient, people: People, method: Method, user: str
) -> None:
    """TS-38: containerd's fallback shape."""
    answer = await client.ask("GET", people.developer, parameters=[("offline_token", "true")])
    again = await client.ask(method, Login(user, answer.json["refresh_token"]), SCOPE)
    assert client.claims(again)["sub"] == people.developer.user


async def test_a_refresh_token_is_not_taken_beside_a_name(client: TokenClient, people: People, method: Method) -> None:
    """TS-38: not even its owner's: what follows a real name is that person's key or token."""
    answer = await client.ask("GET", people.developer, parameters=[("offline_token", "true")])
    login = Login(people.developer.user, answer.json["refresh_token"])
    assert (await client.ask(method, login, SCOPE)).status == 401
