"""Sign-ins by what others vouch for, through the token endpoint and the API of a whole sidecar."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from sidecar.adapters.sign_in import passwords as passwords_module
from sidecar.bootstrap import application
from tests.fakes import HeldClock
from tests.logged import logging_to_memory
from tests.outside import AUDIENCE, CLIENT, AuthorizationServer, OidcProvider, settings_of
from tests.running import Sidecar, running
from tests.web.token.asking import Login, Method, TokenClient, basic

ANN = "ann@acme.example"
WEB = "repository:acme/web:pull,push"
PULL = "repository:acme/web:pull"


@asynccontextmanager
async def signing_in(folder: Path, provider: OidcProvider, **sign_in: Any) -> AsyncIterator[Sidecar]:
    """A sidecar that trusts this provider, for groups too; its clock is the provider's."""
    sign_in.setdefault("oidc", [settings_of(provider, groups_claim="groups")])
    async with running(folder, sign_in=sign_in) as sidecar:
        provider.clock = sidecar.clock
        await sidecar.tenants.project("acme")
        yield sidecar


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    made = OidcProvider(HeldClock())
    async with made.running():
        yield made


@pytest.fixture
async def sidecar(tmp_path: Path, provider: OidcProvider) -> AsyncIterator[Sidecar]:
    async with signing_in(tmp_path, provider) as started:
        yield started


async def called(sidecar: Sidecar, method: str, token: str, **body: Any) -> dict[str, Any]:
    """The envelope that the API answers to this bearer."""
    headers = {"Authorization": f"Bearer {token}"}
    async with sidecar.http.post(f"{sidecar.url}/{method}", data=json.dumps(body), headers=headers) as answer:
        envelope: dict[str, Any] = await answer.json()
        return envelope


async def test_a_providers_token_signs_in(
    client: TokenClient, sidecar: Sidecar, provider: OidcProvider, method: Method
) -> None:
    """As the password of its owner, or of `oauth2accesstoken`; what it may do are the owner's bindings."""
    await sidecar.tenants.bind("acme", ANN, "developer")
    for user in (ANN, "oauth2accesstoken"):
        answer = await client.ask(method, Login(user, provider.token()), WEB)
        assert client.claims(answer)["sub"] == ANN
        assert client.granted(answer) == {"acme/web": {"pull", "push"}}


async def test_it_is_a_bearer_too(client: TokenClient, sidecar: Sidecar, provider: OidcProvider) -> None:
    """TS-37: at the token endpoint, and at the API."""
    await sidecar.tenants.bind("acme", "group:ops", "viewer")
    token = provider.token(groups=["ops"])
    assert client.granted(await client.get(f"scope={PULL}", f"Bearer {token}")) == {"acme/web": {"pull"}}
    assert (await called(sidecar, "me.get", token))["result"]["email"] == ANN
    assert (await called(sidecar, "project.list", token))["result"]["items"][0]["sid"] == "acme"


async def test_what_is_bad_is_the_same_401(
    client: TokenClient, sidecar: Sidecar, provider: OidcProvider, method: Method
) -> None:
    """TS-31: expired, for another audience, of a stranger's domain, of another person: the same bytes."""
    bad = [
        provider.token(exp=1),
        provider.token(aud="other"),
        provider.token("ann@evil.example"),
        provider.token("ben@acme.example"),
        provider.token(iss="https://evil.example"),
    ]
    answers = [await client.ask(method, Login(ANN, token), WEB) for token in bad]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1


async def test_an_outage_is_503(tmp_path: Path, provider: OidcProvider, method: Method) -> None:
    """TS-59: of a provider whose keys were never there. Others sign in all the same."""
    provider.down = True
    async with signing_in(tmp_path, provider) as sidecar:
        client = TokenClient(sidecar)
        assert (await client.ask(method, Login(ANN, provider.token()), WEB)).status == 503
        administrator = Login("admin@localhost", sidecar.administrator)
        assert (await client.ask(method, administrator, WEB)).status == 200


async def test_a_provider_that_is_down_stops_no_start(tmp_path: Path, provider: OidcProvider) -> None:
    """It is told of as degraded, and readiness stays."""
    provider.down = True
    async with signing_in(tmp_path, provider) as sidecar:
        await sidecar.application.core.sign_in.refresh()
        async with sidecar.http.get(f"{sidecar.url}/readyz") as answer:
            assert answer.status == 200
            assert (await answer.json())["degraded"][f"keys of {provider.issuer}"] == "not fetched"


async def test_no_refresh_token_is_given_for_it(client: TokenClient, sidecar: Sidecar, provider: OidcProvider) -> None:
    """TS-50: nothing made here would end when the provider's token ends; docker keeps the token, as with a key."""
    answer = await client.ask("GET", Login(ANN, provider.token()), PULL, parameters=[("offline_token", "true")])
    assert answer.status == 200
    assert "refresh_token" not in answer.json


async def test_a_registry_token_ends_with_it(client: TokenClient, sidecar: Sidecar, provider: OidcProvider) -> None:
    """The remaining life of what was shown bounds that of what is signed."""
    now = int(sidecar.clock.now().timestamp())
    answer = await client.ask("GET", Login(ANN, provider.token(exp=now + 120)), PULL)
    assert answer.json["expires_in"] == 120


async def test_it_is_refused_when_it_ends_whatever_was_answered_before(
    client: TokenClient, sidecar: Sidecar, provider: OidcProvider
) -> None:
    """An answer is given again to credentials of ours alone (decision 24)."""
    now = int(sidecar.clock.now().timestamp())
    login = Login(ANN, provider.token(exp=now + 10))
    assert (await client.ask("GET", login, PULL)).status == 200
    sidecar.clock.advance(seconds=40)
    assert (await client.ask("GET", login, PULL)).status == 401


async def test_groups_hold_what_they_are_bound_to(
    client: TokenClient, sidecar: Sidecar, provider: OidcProvider
) -> None:
    """For the token itself, and for tokens that are made with it; from the provider's next word they don't.

    An older token that is shown again changes nothing of that.
    """
    await sidecar.tenants.bind("acme", "group:ops", "developer")
    made = await called(sidecar, "me.generateToken", provider.token(groups=["ops"]))
    personal = Login(ANN, made["result"]["token"])
    scoped = await called(sidecar, "me.generateToken", personal.secret, project="acme", permissions=["registry.pull"])
    narrow = Login(ANN, scoped["result"]["token"])
    refresh = (await client.ask("GET", personal, parameters=[("offline_token", "true")])).json["refresh_token"]
    asked = [client.ask("GET", personal, WEB), client.ask("GET", narrow, WEB), client.refresh(refresh, WEB)]
    assert [client.granted(await answer) for answer in asked] == [
        {"acme/web": {"pull", "push"}},
        {"acme/web": {"pull"}},
        {"acme/web": {"pull", "push"}},
    ]
    old = provider.token(groups=["ops"])
    sidecar.clock.advance(seconds=1)
    await client.ask("GET", Login(ANN, provider.token(groups=["other"])))
    await client.ask("GET", Login(ANN, old))
    asked = [client.ask("GET", personal, WEB), client.ask("GET", narrow, WEB), client.refresh(refresh, WEB)]
    assert [client.granted(await answer) for answer in asked] == [{}, {}, {}]


async def test_explanations_count_the_groups_that_were_told(sidecar: Sidecar, provider: OidcProvider) -> None:
    """`sidecar explain access` says by which group somebody may."""
    await sidecar.tenants.bind("acme", "group:ops", "viewer")
    await called(sidecar, "me.get", provider.token(groups=["ops"]))
    asked = {"email": ANN, "repository": "acme/web", "actions": ["pull"]}
    answer = await called(sidecar, "installation.explainAccess", sidecar.administrator, **asked)
    assert [(reason["allowed"], reason["because"]) for reason in answer["result"]["reasons"]] == [
        (True, "group:ops has role viewer on acme")
    ]


async def test_groups_of_a_sign_in_lapse(client: TokenClient, sidecar: Sidecar, provider: OidcProvider) -> None:
    """Thirty days after it, for tokens that live longer."""
    await sidecar.tenants.bind("acme", "group:ops", "viewer")
    made = await called(sidecar, "me.generateToken", provider.token(groups=["ops"]), ttlSeconds=90 * 86400)
    personal = Login(ANN, made["result"]["token"])
    sidecar.clock.advance(days=30, seconds=-1)
    assert client.granted(await client.ask("GET", personal, PULL)) == {"acme/web": {"pull"}}
    sidecar.clock.advance(seconds=1)
    assert client.granted(await client.ask("GET", personal, PULL)) == {}


async def test_groups_outlive_a_restart(tmp_path: Path, provider: OidcProvider) -> None:
    """What a sign-in told is written, at the end at the latest."""
    async with signing_in(tmp_path, provider) as sidecar:
        await TokenClient(sidecar).ask("GET", Login(ANN, provider.token(groups=["ops"])))
        config, clock = sidecar.application.core.config, sidecar.clock
    async with application(config, clock, working=False) as restarted:
        assert restarted.core.groups.groups_of(ANN) == {"group:ops"}


async def test_secrets_stay_out_of_everything(tmp_path: Path, provider: OidcProvider) -> None:
    """S12: neither a good token nor a bad one is in a log, an answer or a metric."""
    texts = []
    with logging_to_memory() as logged:
        async with signing_in(tmp_path, provider) as sidecar:
            client = TokenClient(sidecar)
            tokens = [provider.token(), provider.token(aud="other"), provider.token(exp=1)]
            for token in tokens:
                texts.append((await client.ask("GET", Login(ANN, token), WEB)).body.decode())
                texts.append(json.dumps(await called(sidecar, "me.get", token)))
            async with sidecar.http.get(f"{sidecar.url}/metrics") as answer:
                metrics = await answer.text()
    assert len(logged.of("token refused")) == 4
    for token in tokens:
        for text in (*texts, metrics, logged.text):
            assert token not in text
            assert token.rpartition(".")[2] not in text
    assert 'sidecar_sign_ins_total{authenticator="oidc",outcome="proven"} 2.0' in metrics
    assert 'sidecar_sign_ins_total{authenticator="oidc",outcome="refused"} 4.0' in metrics
    assert f'sidecar_oidc_keys_age_seconds{{issuer="{provider.issuer}"}} 0.0' in metrics


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    file = tmp_path / "htpasswd"
    hashed = bcrypt.hashpw(b"pa:ss", bcrypt.gensalt(4)).decode()
    file.write_text(f"ann:{hashed}\njenkins:{hashed}\n")
    return file


def empty(file: Path) -> None:
    file.write_text("")


@pytest.fixture
def robot() -> str:
    return "ci@acme.serviceaccount.auth.example.com"


async def test_users_of_an_htpasswd_file_sign_in(
    tmp_path: Path, provider: OidcProvider, passwords: Path, robot: str, method: Method
) -> None:
    """TS-33: by name and password, as persons and as what the configuration says."""
    htpasswd = {"file": str(passwords), "default_domain": "acme.example", "principals": {"jenkins": robot}}
    async with signing_in(tmp_path, provider, htpasswd=htpasswd) as sidecar:
        client = TokenClient(sidecar)
        await sidecar.tenants.account("acme", "ci")
        await sidecar.tenants.bind("acme", robot, "developer")
        answers = [await client.ask(method, Login(user, "pa:ss"), WEB) for user in ("ann", "jenkins")]
        assert [client.claims(answer)["sub"] for answer in answers] == [ANN, robot]
        assert [client.granted(answer) for answer in answers] == [{}, {"acme/web": {"pull", "push"}}]
        assert (await client.ask(method, Login("ann", "wrong"))).status == 401
        assert (await client.ask(method, Login("nobody", "pa:ss"))).status == 401


async def test_a_changed_password_file_is_never_answered_from_before(
    tmp_path: Path, provider: OidcProvider, passwords: Path
) -> None:
    """The same question, a moment later, with a password that is no longer one."""
    htpasswd = {"file": str(passwords), "default_domain": "acme.example"}
    async with signing_in(tmp_path, provider, htpasswd=htpasswd) as sidecar:
        client = TokenClient(sidecar)
        assert (await client.ask("GET", Login("ann", "pa:ss"), PULL)).status == 200
        empty(passwords)
        assert (await client.ask("GET", Login("ann", "pa:ss"), PULL)).status == 401


async def test_who_comes_when_too_many_wait_is_told_to_come_back(
    tmp_path: Path, provider: OidcProvider, passwords: Path, monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    """TS-59: 503 with `Retry-After`, which is no word about the password; at the API alike."""
    monkeypatch.setattr(passwords_module, "_MOST_WAITING", 0)
    async with signing_in(tmp_path, provider, htpasswd={"file": str(passwords)}) as sidecar:
        answer = await TokenClient(sidecar).ask(method, Login("ann", "pa:ss"), PULL)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        authorization = {"Authorization": basic(Login("ann", "pa:ss"))}
        async with sidecar.http.post(f"{sidecar.url}/me.get", data="{}", headers=authorization) as told:
            assert (told.status, told.headers["Retry-After"]) == (503, "2")


async def test_opaque_tokens_sign_in(tmp_path: Path, provider: OidcProvider) -> None:
    """By introspection; revoked there, they end here within a minute, whatever was answered before.

    S12: no token and no client secret is in the log, not even when the server is down.
    """
    server, token = AuthorizationServer(), "opaque-0123456789abcdef"
    server.known[token] = {"aud": AUDIENCE, "email": ANN, "email_verified": True}
    (tmp_path / "client").write_text(CLIENT[1])
    (tmp_path / "client").chmod(0o600)
    async with server.running():
        introspection = {
            "url": server.url,
            "client_id": CLIENT[0],
            "client_secret_file": str(tmp_path / "client"),
            "audiences": [AUDIENCE],
            "email_domains": ["acme.example"],
        }
        with logging_to_memory() as logged:
            async with signing_in(tmp_path, provider, introspection=introspection) as sidecar:
                client, login = TokenClient(sidecar), Login("oauth2accesstoken", token)
                assert client.claims(await client.ask("GET", login, PULL))["sub"] == ANN
                assert (await called(sidecar, "me.get", token))["result"]["email"] == ANN
                server.known.clear()
                sidecar.clock.advance(seconds=60)
                assert (await client.ask("GET", login, PULL)).status == 401
                server.down = True
                assert (await client.ask("GET", Login("oauth2accesstoken", "opaque-another-0123"), PULL)).status == 503
    assert len(logged.of("request failed")) == 1
    assert [secret for secret in (token, "opaque-another-0123", CLIENT[1]) if secret in logged.text] == []
