"""docs/token-server.md, Refresh tokens: lines 46 to 53."""

import asyncio
import re
from datetime import timedelta

import pytest

from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import ProjectId
from sidecar.domain.secrets import digest
from tests.running import Sidecar
from tests.web.token.asking import Answer, Login, Method, TokenClient
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull,push"
OFFLINE = {"GET": ("offline_token", "true"), "POST": ("access_type", "offline")}


async def log_in(client: TokenClient, login: Login, method: Method = "GET") -> str:
    """The refresh token that docker stores at `docker login`."""
    answer = await client.ask(method, login, parameters=[OFFLINE[method]])
    secret = answer.json["refresh_token"]
    assert isinstance(secret, str)
    return secret


async def test_who_asks_for_one_gets_one(client: TokenClient, people: People, method: Method) -> None:
    """TS-46: by `offline_token=true` on GET, by `access_type=offline` on POST."""
    assert await log_in(client, people.developer, method)


async def test_who_does_not_ask_gets_none(client: TokenClient, people: People, method: Method) -> None:
    """TS-46: nor does who asks in the other method's words."""
    other = OFFLINE["POST" if method == "GET" else "GET"]
    assert "refresh_token" not in (await client.ask(method, people.developer, SCOPE, parameters=[other])).json


async def test_nobody_gets_none(client: TokenClient, people: People) -> None:
    """TS-46: anonymous callers have nothing to keep."""
    answer = await client.get("scope=repository:free/web:pull&offline_token=true")
    assert (answer.status, "refresh_token" in answer.json) == (200, False)


async def test_one_works_many_times_and_at_once(client: TokenClient, people: People) -> None:
    """TS-47: docker never stores a rotated one, and pulls layers of many images in parallel."""
    secret = await log_in(client, people.developer)
    answers = await asyncio.gather(*(client.refresh(secret, SCOPE) for _ in range(20)))
    assert [client.granted(answer) for answer in answers] == [{"acme/web": {"pull", "push"}}] * 20


async def test_an_exchange_gives_no_other(client: TokenClient, people: People) -> None:
    """TS-47: no rotation on use, even where one is asked for."""
    secret = await log_in(client, people.developer)
    answer = await client.post([("grant_type", "refresh_token"), ("refresh_token", secret), ("access_type", "offline")])
    assert (answer.status, "refresh_token" in answer.json) == (200, False)


async def test_its_characters_need_no_escape(client: TokenClient, people: People) -> None:
    """TS-48: in a URL as in a form."""
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", await log_in(client, people.developer))


async def test_it_is_opaque_and_stored_hashed(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-49: the database holds its SHA-256 and nowhere the secret itself."""
    secret = await log_in(client, people.developer)
    core = sidecar.application.core
    credential = core.access.credential(digest(secret))
    assert credential is not None
    assert (credential.kind, credential.principal) == (CredentialKind.REFRESH_TOKEN, people.developer.user)
    for file in core.config.database.path.parent.glob("sidecar.db*"):
        assert secret.encode() not in file.read_bytes()


async def test_it_is_bound_to_our_service(client: TokenClient, people: People) -> None:
    """TS-49: for another audience it is worth nothing."""
    secret = await log_in(client, people.developer)
    form = [("grant_type", "refresh_token"), ("refresh_token", secret), ("service", "other")]
    assert (await client.post(form)).status == 400


async def test_rights_are_decided_anew(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-50: at each exchange, by what holds at that moment."""
    secret = await log_in(client, people.developer)
    await sidecar.tenants.bind("acme", people.developer.user, "viewer")
    assert client.granted(await client.refresh(secret, SCOPE)) == {"acme/web": {"pull"}}


async def test_it_ends_with_the_credential_it_came_from(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-50: at once when that is revoked."""
    secret = await log_in(client, people.developer)
    assert (await client.refresh(secret, SCOPE)).status == 200
    await sidecar.tenants.revoke(people.developer.user)
    assert (await client.refresh(secret, SCOPE)).status == 401


async def test_it_keeps_the_limit_of_the_credential_it_came_from(
    sidecar: Sidecar, client: TokenClient, people: People
) -> None:
    """TS-50, S20: one that came from a scoped token is as limited."""
    limit = Limit(ProjectId("acme"), frozenset(("registry.pull",)))
    scoped = await sidecar.tenants.secret(people.developer.user, CredentialKind.SCOPED_TOKEN, limit)
    secret = await log_in(client, Login(people.developer.user, scoped))
    assert client.granted(await client.refresh(secret, SCOPE)) == {"acme/web": {"pull"}}


async def test_an_access_token_is_none(client: TokenClient, people: People) -> None:
    """TS-51: in neither of the shapes in which a refresh token comes."""
    token = (await client.ask("GET", people.developer, SCOPE)).json["token"]
    answers = [await client.refresh(token, SCOPE), await client.ask("GET", Login("<token>", token), SCOPE)]
    assert [answer.status for answer in answers] == [401, 401]


async def test_it_is_no_password(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-51: nor a bearer's, at the token endpoint or at the management API."""
    secret = await log_in(client, people.developer)
    assert (await client.get("", f"Bearer {secret}")).status == 401


async def test_service_accounts_get_none(client: TokenClient, people: People, method: Method) -> None:
    """TS-52: docker keeps the key itself, which works as long as the key does."""
    answer = await client.ask(method, people.robot, SCOPE, parameters=[OFFLINE[method]])
    assert (answer.status, "refresh_token" in answer.json) == (200, False)


@pytest.mark.parametrize(("lives", "works_until"), [(timedelta(days=7), 7), (timedelta(days=365), 90)])
async def test_it_expires_with_its_credential_or_after_90_days(
    sidecar: Sidecar, client: TokenClient, people: People, lives: timedelta, works_until: int
) -> None:
    """TS-52: whichever is first."""
    user = people.developer.user
    parent = await sidecar.tenants.secret(user, expires_at=sidecar.clock.now() + lives)
    secret = await log_in(client, Login(user, parent))
    sidecar.clock.advance(days=works_until, seconds=-1)
    assert (await client.refresh(secret, SCOPE)).status == 200
    sidecar.clock.advance(seconds=1)
    assert (await client.refresh(secret, SCOPE)).status == 401


async def test_a_login_keeps_working_for_push_and_pull(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """TS-53: docker's own sequence: login, then for weeks nothing but exchanges of what it stored."""
    secret = await log_in(client, people.developer)

    async def docker(scope: str) -> Answer:
        return await client.post(
            [
                ("grant_type", "refresh_token"),
                ("service", "registry"),
                ("client_id", "docker"),
                ("scope", scope),
                ("refresh_token", secret),
            ]
        )

    for _ in range(4):
        assert client.granted(await docker("repository:acme/web:pull,push")) == {"acme/web": {"pull", "push"}}
        assert client.granted(await docker("repository:acme/web:pull")) == {"acme/web": {"pull"}}
        sidecar.clock.advance(days=20)
