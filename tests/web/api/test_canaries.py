"""Secrets sent through every input that there is: they come out nowhere."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.notifications import CONTENT_TYPES, envelope, event
from tests.tenants import ROOT
from tests.web.api.calling import Api, basic, bearer

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
