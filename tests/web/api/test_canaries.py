"""Secrets sent through every input that there is: they come out nowhere."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import bcrypt
import pytest

from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.notifications import CONTENT_TYPES, envelope, event
from tests.running import UNTHROTTLED
from tests.tenants import ROOT
from tests.web.api.calling import Api, basic, bearer, callable_api

CANARIES: Final = [
    *(make_secret(kind, bytes([number] * RANDOM_BYTES)) for kind in SecretKind for number in range(1, 10)),
    *(f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ{number:02}hbm4ifQ.c2lnbmF0dXJl{number:02}" for number in range(5)),
]
"""Fifty, in the form of each kind of secret and of signed tokens: as they look when somebody pastes one."""


def bodies(method: str, document: Mapping[str, Any], canary: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The method's example with the canary in one field after the other, as text and in a list; and as a field's name."""
    content = document["paths"][f"/{method}"]["post"]["requestBody"]["content"]["application/json"]
    model = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    for name in model["properties"]:
        yield name, content["example"] | {name: canary}
        yield name, content["example"] | {name: f"x {canary} y"}
        yield name, content["example"] | {name: [canary]}
        yield name, content["example"] | {name: {canary: canary}}
    yield canary, content["example"] | {canary: canary}


async def send_to_every_method(api: Api) -> list[str]:
    """Everything that was answered."""
    answers, sent = [], 0
    for method in api.methods():
        for _, body in bodies(method, api.document, CANARIES[sent % len(CANARIES)]):
            answer = await api.post(method, json.dumps(body).encode(), bearer(api.root))
            assert answer.status < 500, (method, body)
            answers.append(await answer.text())
            sent += 1
    assert sent > len(CANARIES)
    return answers


async def send_around_the_methods(api: Api, canary: str) -> list[str]:
    """Headers, queries, credentials, forms and events; everything that was answered."""
    sidecar, url = api.sidecar, api.sidecar.url
    told = dict.fromkeys(("User-Agent", "X-Request-ID", "X-Forwarded-For", "Referer", "Cookie", "Origin"), canary)
    asked = {"service": "registry", "account": canary, "client_id": canary, "scope": f"repository:acme/{canary}:pull"}
    form = {"grant_type": "password", "username": canary, "password": canary, "client_id": canary, "scope": canary}
    pushed = envelope(event("e1", actor=canary, tag=canary, repository=canary, url=canary))
    answers = [
        await api.post("me.get", b"", bearer(canary) | told),
        await api.post("me.get", b"", basic(canary, canary) | told),
        await api.post("me.get", canary.encode(), bearer(api.root) | told),
        await api.post(f"me.{canary}", b"", bearer(api.root)),
        await sidecar.http.get(f"{url}/{canary}?{canary}={canary}", headers=told),
        await sidecar.http.get(f"{url}/token", params=asked, headers=basic(ROOT, canary) | told),
        await sidecar.http.get(f"{url}/token", params=asked | {"service": canary}, headers=told),
        await sidecar.http.post(f"{url}/token", data=form, headers=told),
        await sidecar.http.post(f"{url}/token", data=form | {"grant_type": canary, "refresh_token": canary}),
        await sidecar.http.post(
            f"{url}/events", data=pushed, headers=bearer(canary) | told | {"Content-Type": CONTENT_TYPES[1]}
        ),
    ]
    return [f"{answer.headers} {await answer.text()}" for answer in answers]


def found(text: str | bytes) -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    return [canary for canary in CANARIES if canary.encode() in raw]


async def test_fifty_canaries_come_out_nowhere(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    """S12: in no answer, no line of the log, no metric, and in no byte of the database's files.

    The log here is the one before anything is cut out of it.
    """
    assert len(CANARIES) == 50
    await api.result("project.create", api.root, sid="acme")
    answers = await send_to_every_method(api)
    for canary in CANARIES:
        answers += await send_around_the_methods(api, canary)
    metrics = await (await api.sidecar.http.get(f"{api.sidecar.url}/metrics")).text()
    written = capfd.readouterr()
    database: Path = api.sidecar.application.core.config.database.path
    files = [file.read_bytes() for file in database.parent.glob(f"{database.name}*")]
    assert "me.get" in written.out + written.err
    assert any(b"acme" in file for file in files)
    told: list[str | bytes] = [*answers, metrics, written.out, written.err, *files]
    assert [found(text) for text in told if found(text)] == []


@pytest.mark.parametrize("text", ["first_attempts", "rsk_short", "eyJ.eyJ.", "rpt_" + "0" * 39, "burst_" + "a" * 60])
async def test_what_only_looks_a_little_like_a_secret_is_text(api: Api, text: str) -> None:
    """Nobody is kept from writing a word with an underscore."""
    made = await api.result("project.create", api.root, sid="acme", name=text)
    assert made["name"] == text


@pytest.mark.parametrize("canary", [CANARIES[0], CANARIES[-1], f"Bearer {CANARIES[10]}.", f"x{CANARIES[20]}"])
async def test_a_secret_in_a_text_is_refused_and_not_kept(api: Api, canary: str) -> None:
    """Whoever pastes one into a name is told, and told to revoke it."""
    error = await api.error("project.create", api.root, sid="acme", name=canary)
    assert error["items"] == ["name: holds a secret; it was not kept, but revoke it if others may have seen it"]
    assert (await api.error("project.get", api.root, project="acme"))["code"] == "project_not_found"


def written_canary(kind: SecretKind) -> str:
    return next(canary for canary in CANARIES if canary.startswith(f"{kind}_"))


async def listed_tags(api: Api, *tags: str) -> dict[str, Any]:
    """The tags of acme/web, once all of these are among them."""
    deadline = time.monotonic() + 30
    while True:
        answer = await api.call("registry.getTags", api.root, project="acme", repository="web")
        found = {item["tag"]: item for item in answer["result"]["items"]} if answer["ok"] else {}
        if found.keys() >= {*tags}:
            return found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


async def test_an_accepted_event_loses_no_image_and_keeps_no_secret(
    api: Api, capfd: pytest.CaptureFixture[str]
) -> None:
    """S12: a tag may look like a secret, and can be taken away; who pushed, from where and with what are cut.

    The tag itself stays what it is: it is the registry's, and shown to who may see the repository.
    """
    await api.result("project.create", api.root, sid="acme")
    tag, told = written_canary(SecretKind.SCOPED_TOKEN), CANARIES[:5] + CANARIES[-2:]
    (secret, *_) = api.sidecar.application.core.config.events.secrets_file.read_text().split()
    for number, canary in enumerate(told):
        pushed = event(f"e{number}", actor=canary, tag=f"v{number}", second=number)
        pushed["request"] |= {"useragent": f"client {canary}", "addr": canary, "id": canary}
        await post_event(api, secret, pushed)
    await post_event(api, secret, event("tagged", tag=tag, second=50))
    tags = await listed_tags(api, tag, *(f"v{number}" for number in range(len(told))))
    assert {item["pushedBy"] for item in tags.values()} == {
        "ci@acme.example",
        "(a service account's key)",
        "(a signed token)",
    }
    assert await api.result("registry.untag", api.root, project="acme", repository="web", tag=tag) == {}
    assert tag not in await listed_tags(api)
    audit = await api.result("auditLog.list", api.root, project="acme", resourceType="tag")
    assert [entry["resource"] for entry in audit["items"]] == ["acme/web:(a scoped token)"]
    history = await rows_of(api, "SELECT * FROM tag_history")
    assert "client (a service account's key)" in history
    written = capfd.readouterr()
    texts = [json.dumps(tags | {tag: None}).replace(tag, ""), history.replace(tag, ""), written.out, written.err]
    assert [found(text) for text in texts if found(text)] == []


async def post_event(api: Api, secret: str, pushed: dict[str, Any]) -> None:
    headers = bearer(secret) | {"Content-Type": CONTENT_TYPES[1]}
    answer = await api.sidecar.http.post(f"{api.sidecar.url}/events", data=envelope(pushed), headers=headers)
    assert answer.status == 200


async def rows_of(api: Api, sql: str) -> str:
    """What a query of the database gives, as text."""
    with contextlib.closing(sqlite3.connect(api.sidecar.application.core.config.database.path)) as connection:
        return str(connection.execute(sql).fetchall())


def policies(canary: str) -> Iterator[dict[str, Any]]:
    """Declarations with the canary at each place of text, however deep, and as each name."""
    account = {"name": canary, "description": canary}
    bindings = {canary: {"roles": ["viewer"]}, f"{canary}@example.com": {"roles": [canary]}}
    inside: list[dict[str, Any]] = [
        {"name": canary},
        {"owns": [canary]},
        {canary: canary},
        {"serviceAccounts": {"robot": account}},
        {"serviceAccounts": {canary: account}},
        {"roles": {"cleaner": {"name": canary, "permissions": [canary]}}},
        {"roles": {canary: [canary]}},
        {"bindings": bindings},
        {"bindings": {"ann@example.com": {"roles": ["viewer"], "repositories": [canary]}}},
    ]
    yield from ({"projects": {"acme": each}} for each in inside)
    yield from ({"projects": {canary: each}} for each in inside)
    yield from ({"everyProject": each} for each in inside)
    yield {canary: canary}


async def test_a_secret_in_a_policy_is_refused_wherever_it_stands(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    """S12: a declaration with a secret in it is refused as a whole, and is told without it."""
    canary = written_canary(SecretKind.PERSONAL_TOKEN)
    for declaration in policies(canary):
        error = await api.error("installation.applyPolicy", api.root, declaration=declaration)
        assert error["code"] == "validate", declaration
        assert found(json.dumps(error)) == [], declaration
    assert (await api.result("project.list", api.root))["items"] == []
    written = capfd.readouterr()
    assert found(written.out + written.err) == []


async def test_no_configured_secret_comes_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """S12: the CA's key, the administrator's token, the events' secret, the key of pull secrets, the secret of the
    client that introspects, and hashes of passwords: none in an answer, a line of the log, a metric or the database.
    """
    files = {name: tmp_path / name for name in ("htpasswd", "client-secret")}
    files["htpasswd"].write_text(f"alice:{bcrypt.hashpw(b'password', bcrypt.gensalt(4)).decode()}\n")
    files["client-secret"].write_text("the-secret-of-the-client-that-introspects\n")
    for file in files.values():
        file.chmod(0o600)
    sign_in = {
        "htpasswd": {"file": str(files["htpasswd"]), "default_domain": "example.com"},
        "introspection": {
            "url": "http://127.0.0.1:9/introspect",
            "client_id": "sidecar",
            "client_secret_file": str(files["client-secret"]),
            "audiences": ["registry"],
            "email_domains": ["example.com"],
        },
    }
    async with callable_api(tmp_path, sign_in=sign_in, throttle=UNTHROTTLED) as api:
        config = api.sidecar.application.core.config
        sources = [
            config.administrator.token_file,
            config.events.secrets_file,
            config.pull_secrets.key_file,
            config.tokens.ca_key,
            *files.values(),
        ]
        told = [text async for text in everything_told(api)]
        database = [file.read_bytes() for file in config.database.path.parent.glob(f"{config.database.path.name}*")]
    written = capfd.readouterr()
    told += [written.out.encode(), written.err.encode(), *database]
    secrets = [secret for source in sources for secret in parts_of_secrets(source)]
    assert len(secrets) >= len(sources)
    assert [secret for secret in secrets if any(secret in text for text in told)] == []


def parts_of_secrets(file: Path) -> list[bytes]:
    """What of a file of secrets nobody may see: its lines, behind a user's name, but for the frame of PEM."""
    lines = [line.rpartition(b":")[2].strip() for line in file.read_bytes().splitlines()]
    return [line for line in lines if len(line) > 20 and not line.startswith(b"-----")]


async def everything_told(api: Api) -> AsyncIterator[bytes]:
    """Every method with its example and with rubbish, sign-ins that fail at each place, pages for everybody."""
    for method in api.methods():
        content = api.document["paths"][f"/{method}"]["post"]["requestBody"]["content"]["application/json"]
        for body in (content["example"], {"rubbish": 1}):
            answer = await api.post(method, json.dumps(body).encode(), bearer(api.root))
            yield await answer.read()
    for headers in (basic("alice", "password"), basic("alice", "wrong"), bearer("opaque-token-of-somebody"), {}):
        yield await (await api.post("me.get", b"", headers)).read()
        yield await (await api.sidecar.http.get(f"{api.sidecar.url}/token", headers=headers)).read()
    for page in ("metrics", "openapi.json", "healthz", "readyz", "nothing"):
        yield await (await api.sidecar.http.get(f"{api.sidecar.url}/{page}")).read()
