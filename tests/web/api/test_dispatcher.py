"""The way that every call takes: statuses, envelopes, credentials."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from sidecar.domain.identity import CredentialKind
from sidecar.domain.secrets import RANDOM_BYTES
from tests.tenants import ROOT
from tests.web.api.calling import Api, basic, bearer, callable_api


async def get_me(api: Api, headers: Mapping[str, str]) -> Any:
    answer = await api.post("me.get", b"", headers)
    assert answer.status == 200
    return await answer.json()


async def problem(answer: ClientResponse) -> Any:
    """The error of an answer whose status tells of one."""
    assert answer.content_type == "application/json"
    envelope = await answer.json()
    assert envelope["ok"] is False
    return envelope["error"]


@pytest.mark.parametrize("name", ["me.get", "ME.GET", "Me.Get", "me%2Eget"])
async def test_names_of_methods_match_without_regard_to_case(api: Api, name: str) -> None:
    """Existing clients write the same method differently."""
    answer = await api.post(name, b"{}", bearer(api.root))
    assert await answer.json() == {"ok": True, "result": {"email": ROOT, "kind": "person"}}


@pytest.mark.parametrize(
    "name", ["me.nothing", "nothing.get", "registry.gc", "me.ge\u017f", "pro\u212aect.list", "..", "a.b.c"]
)
@pytest.mark.parametrize("signed_in", [True, False])
async def test_an_unknown_method_is_404(api: Api, name: str, signed_in: bool) -> None:
    """What isn't built isn't routed; the answer has the envelope like any other."""
    answer = await api.post(name, b"", bearer(api.root if signed_in else None))
    assert answer.status == 404
    assert (await problem(answer))["code"] == "not_found"


async def test_a_method_is_a_post(api: Api) -> None:
    """GET would put what is asked into logs and caches."""
    answer = await api.sidecar.http.get(f"{api.sidecar.url}/me.get", headers=bearer(api.root))
    assert answer.status == 405
    assert (await problem(answer))["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=latin-1", "x"]
)
async def test_the_body_is_json_whatever_its_type_says(api: Api, content_type: str) -> None:
    """`curl -d` sends a form's type."""
    headers = {**bearer(api.root), "Content-Type": content_type}
    answer = await api.post("project.create", '{"sid": "acme", "name": "Äcme"}'.encode(), headers)
    assert (await answer.json())["result"]["name"] == "Äcme"


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a": 1, "a": 2}', b'{"a": "\\ud800"}', b"[" * 100_000])
async def test_what_is_no_object_is_400(api: Api, body: bytes) -> None:
    """Bad JSON is the request's fault, said plainly, with a status of its own."""
    answer = await api.post("me.get", body, bearer(api.root))
    assert answer.status == 400
    error = await problem(answer)
    assert error["code"] == "bad_request"
    assert error["message"].startswith(("the body ", "a text ", "a key "))


async def test_a_large_body_is_413(api: Api) -> None:
    """S30: every body is capped."""
    limit = api.sidecar.application.core.config.limits.body_bytes
    body = b'{"location": "%s"}' % (b"x" * limit)
    assert (await api.post("me.get", body[:limit][:-2] + b'"}', bearer(api.root))).status == 200
    answer = await api.post("me.get", body, bearer(api.root))
    assert answer.status == 413
    assert (await problem(answer))["code"] == "too_large"


async def test_our_own_fault_is_bland_and_carries_the_requests_id(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """S12: what went wrong inside is for the log, which the id finds; the answer says nothing of it."""

    def broken(count: int) -> bytes:
        if count == RANDOM_BYTES:
            raise RuntimeError("canary")
        return bytes(count)

    monkeypatch.setattr(api.tenants.randomness, "bytes", broken)
    answer = await api.post("me.generateToken", b"", bearer(api.root))
    assert answer.status == 500
    assert "canary" not in await answer.text()
    assert (await problem(answer))["requestId"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer rpt_000000000000000000000000000000000000000",
        "Basic",
        "Basic !!!",
        "Basic Og==",
        "Digest x",
        "Bearer é",
    ],
)
async def test_without_good_credentials_all_answers_are_unauthorized(api: Api, header: str | None) -> None:
    """S23, S8: none, empty, unreadable and wrong ones get one answer, with the status that clients expect."""
    answer = await api.post("project.list", b"", {} if header is None else {"Authorization": header})
    assert answer.status == 200
    assert await answer.json() == {"ok": False, "error": {"code": "unauthorized", "message": "api: unauthorized"}}


async def test_a_body_is_not_read_for_who_is_not_authenticated(api: Api) -> None:
    """Nobody unknown makes the sidecar parse anything."""
    assert await (await api.post("me.get", b"[" * 100_000, {})).json() == {
        "ok": False,
        "error": {"code": "unauthorized", "message": "api: unauthorized"},
    }


async def test_each_documented_form_of_credentials_works(api: Api) -> None:
    """Personal and scoped tokens as bearer or password, keys as a service account's password."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "ann@example.com", "owner")
    robot = await api.tenants.account("acme", "ci")
    personal = await api.tenants.secret("ann@example.com")
    scoped = (await api.result("me.generateToken", personal, project="acme"))["token"]
    key = await api.tenants.key(robot)
    ways = {
        "ann@example.com": [
            bearer(personal),
            bearer(scoped),
            basic("ann@example.com", personal),
            basic("ann@example.com", scoped),
        ],
        robot: [basic(robot, key)],
    }
    told = {name: [(await get_me(api, headers))["result"]["email"] for headers in some] for name, some in ways.items()}
    assert told == {name: [name] * len(some) for name, some in ways.items()}


async def test_another_ones_token_is_no_password(api: Api) -> None:
    """A token beside a name that isn't its own proves neither."""
    personal = await api.tenants.secret("ann@example.com")
    assert not (await get_me(api, basic("bob@example.com", personal)))["ok"]


async def test_a_refresh_token_is_no_credential_here(api: Api) -> None:
    """S17: refresh tokens are for the token endpoint alone."""
    refresh = await api.tenants.secret("ann@example.com", CredentialKind.REFRESH_TOKEN)
    for headers in (bearer(refresh), basic("", refresh), basic("<token>", refresh), basic("ann@example.com", refresh)):
        assert not (await get_me(api, headers))["ok"]


async def test_a_registry_token_opens_no_method(api: Api) -> None:
    """S13: what we sign for the registry is worth nothing with us, on any route of the API (TS-68)."""
    url = f"{api.sidecar.url}/token?scope=registry:catalog:*"
    token = (await (await api.sidecar.http.get(url, headers=basic(ROOT, api.root))).json())["token"]
    assert token.count(".") == 2
    codes = {(await api.error(method, token))["code"] for method in api.methods()}
    assert codes == {"unauthorized"}


async def test_a_revoked_credential_is_refused_at_once(api: Api) -> None:
    """S22: with us a removal counts on the next request."""
    token = await api.tenants.secret("ann@example.com")
    await api.result("me.get", token)
    await api.tenants.revoke("ann@example.com")
    assert (await api.error("me.get", token))["code"] == "unauthorized"


async def test_an_expired_credential_is_refused(api: Api) -> None:
    """A credential ends on its second."""
    token = (await api.result("me.generateToken", api.root, ttlSeconds=60))["token"]
    api.clock.advance(seconds=59)
    await api.result("me.get", token)
    api.clock.advance(seconds=1)
    assert (await api.error("me.get", token))["code"] == "unauthorized"


async def test_no_answer_can_be_cached(api: Api) -> None:
    """Answers are about the caller, and some hold a secret."""
    answer = await api.post("me.get", b"", bearer(api.root))
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_size_cap_is_configurable(tmp_path: Path) -> None:
    """`limits.body_bytes` is the largest body."""
    async with callable_api(tmp_path, limits={"body_bytes": 1024}) as small:
        body = b'{"location": "%s"}' % (b"x" * 1024)
        assert (await small.post("me.get", body, bearer(small.root))).status == 413


async def test_calls_at_once_are_answered_each_for_its_caller(api: Api) -> None:
    """No call sees another one's caller."""
    tokens = {f"p{number}@example.com": await api.tenants.secret(f"p{number}@example.com") for number in range(20)}
    answers = await asyncio.gather(*(api.result("me.get", token) for token in tokens.values()))
    assert [answer["email"] for answer in answers] == list(tokens)


async def test_metrics_tell_methods_apart(api: Api) -> None:
    """By their own names, however a client spells them; what isn't a method adds no name."""
    await api.post("ME.get", b"", bearer(api.root))
    await api.post("made.up", b"", bearer(api.root))
    metrics = await (await api.sidecar.http.get(f"{api.sidecar.url}/metrics")).text()
    assert 'route="/me.get"' in metrics
    assert "ME.get" not in metrics
    assert "made.up" not in metrics
