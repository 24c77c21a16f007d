"""docs/token-server.md, JWT: lines 60 to 68."""

import base64
from pathlib import Path

import jwt
import pytest
from cryptography import x509

from tests.running import Sidecar, running
from tests.web.token.asking import ISSUER, SERVICE, Method, TokenClient
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull"


async def test_the_header_carries_the_leaf(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-60: `typ`, `alg` and `x5c`, which is standard base64 of DER; and nothing that a registry would try before."""
    header = jwt.get_unverified_header((await client.ask(method, people.viewer, SCOPE)).json["token"])
    assert set(header) == {"typ", "alg", "x5c"}
    assert (header["typ"], header["alg"]) == ("JWT", "ES256")
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0], validate=True))
    leaf.verify_directly_issued_by(sidecar.ca)


async def test_the_audience_is_a_text(client: TokenClient, people: People, method: Method) -> None:
    """TS-61: 2.8 refuses a list."""
    claims = client.claims(await client.ask(method, people.viewer, SCOPE))
    assert (claims["aud"], claims["iss"]) == (SERVICE, ISSUER)


async def test_times_are_integers(sidecar: Sidecar, client: TokenClient, people: People, method: Method) -> None:
    """TS-62: and the token is valid from a few seconds before its issue, for registries whose clock is behind."""
    sidecar.clock.advance(milliseconds=1234)
    claims = client.claims(await client.ask(method, people.viewer, SCOPE))
    assert [type(claims[name]) for name in ("exp", "nbf", "iat")] == [int, int, int]
    assert 2 <= claims["iat"] - claims["nbf"] <= 30


async def test_each_token_has_an_id_of_its_own(tmp_path: Path) -> None:
    """TS-63: in 50 tokens that were each signed, and not in one given again, 50 ids."""
    async with running(tmp_path, tokens={"reuse_seconds": 0}) as sidecar:
        await sidecar.tenants.project("free")
        await sidecar.tenants.bind("free", "allUsers", "viewer")
        client = TokenClient(sidecar)
        ids = {client.claims(await client.get("scope=repository:free/web:pull"))["jti"] for _ in range(50)}
    assert len(ids) == 50


async def test_access_has_one_entry_per_resource(client: TokenClient, people: People, method: Method) -> None:
    """TS-64: an array of type, name and actions, which are never null."""
    answer = await client.ask(
        method, people.owner, f"{SCOPE} {SCOPE}", "repository(plugin):acme/web:push", "repository:acme/api:pull"
    )
    access = client.claims(answer)["access"]
    assert [(entry["type"], entry["name"]) for entry in access] == [
        ("repository", "acme/web"),
        ("repository", "acme/api"),
    ]
    assert all(entry["actions"] for entry in access)


async def test_an_empty_access_is_an_array(client: TokenClient, people: People, method: Method) -> None:
    """TS-65: `[]`, which passes /v2/; null or none might not."""
    assert client.claims(await client.ask(method, people.viewer))["access"] == []


@pytest.mark.parametrize(
    ("scope", "lives"),
    [("repository:acme/web:pull", 300), ("repository:acme/web:pull,push", 7200), ("repository:acme/web:delete", 300)],
)
async def test_a_token_that_pushes_may_live_longer(tmp_path: Path, scope: str, lives: int) -> None:
    """TS-66: docker doesn't ask again during an upload; the life of other tokens is that of a revoked right."""
    async with running(tmp_path, tokens={"lifetime_seconds": 300, "push_lifetime_seconds": 7200}) as sidecar:
        await sidecar.tenants.project("acme")
        await sidecar.tenants.bind("acme", "admin@localhost", "owner")
        client = TokenClient(sidecar)
        answer = await client.get(f"scope={scope}", f"Bearer {sidecar.administrator}")
    assert answer.json["expires_in"] == lives


async def test_a_push_that_is_not_granted_lengthens_nothing(tmp_path: Path) -> None:
    """TS-66: what counts is what was granted."""
    async with running(tmp_path, tokens={"lifetime_seconds": 300, "push_lifetime_seconds": 7200}) as sidecar:
        client = TokenClient(sidecar)
        answer = await client.get("scope=repository:acme/web:pull,push", f"Bearer {sidecar.administrator}")
    assert answer.json["expires_in"] == 300


async def test_the_default_life_is_a_quarter_of_an_hour(client: TokenClient, people: People, method: Method) -> None:
    """TS-66: for pushing, too, unless the configuration says otherwise."""
    answer = await client.ask(method, people.developer, "repository:acme/web:pull,push")
    assert answer.json["expires_in"] == 900


async def test_only_es256_signs(client: TokenClient, people: People, method: Method) -> None:
    """TS-67, S32: whatever a client would like."""
    answer = await client.ask(method, people.viewer, SCOPE, parameters=[("alg", "HS256"), ("algorithm", "none")])
    assert jwt.get_unverified_header(answer.json["token"])["alg"] == "ES256"


async def test_registry_tokens_are_refused_by_all_that_asks_who_one_is(
    sidecar: Sidecar, client: TokenClient, people: People
) -> None:
    """TS-68, S25: an administrator's registry token opens the token endpoint as little as the management API."""
    token = (await client.ask("GET", people.administrator, SCOPE)).json["token"]
    assert (await client.get(f"scope={SCOPE}", f"Bearer {token}")).status == 401
    assert (await client.post([("grant_type", "refresh_token"), ("refresh_token", token)])).status == 401
    async with sidecar.http.post(f"{sidecar.url}/me.get", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert not (await answer.json())["ok"]
