"""Requests as real clients were seen to send them, replayed: by their query, or the form without user name and password."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.running import Sidecar, running
from tests.web.token.asking import Login, TokenClient, basic
from tests.web.token.people import People, settle

RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "token-requests.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture
async def sidecar(tmp_path: Path) -> AsyncIterator[Sidecar]:
    """They were recorded of a registry whose service is `reg`."""
    async with running(tmp_path, tokens={"service": "reg"}) as started:
        yield started


@pytest.fixture
async def people(sidecar: Sidecar) -> People:
    return await settle(sidecar.tenants, sidecar.administrator)


async def _replay(client: TokenClient, login: Login, request: dict[str, Any]) -> dict[str, set[str]]:
    headers = {"User-Agent": request["client"]}
    if request["method"] == "GET":
        headers["Authorization"] = basic(login)
        return client.granted(await client.send("GET", request["query"], headers=headers))
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    form = f"{request['query']}&{urlencode({'username': login.user, 'password': login.secret})}"
    return client.granted(await client.send("POST", body=form.encode(), headers=headers))


@pytest.mark.parametrize("request_", RECORDED, ids=[f"{each['client']} {each['query']}" for each in RECORDED])
async def test_who_may_do_everything_gets_what_was_asked(
    client: TokenClient, people: People, request_: dict[str, Any]
) -> None:
    """Each recorded request of an owner is answered with all that it asks; `*` stands for every action."""
    everything = {"pull", "push", "delete", "*"}
    asked = {name: everything if "*" in actions else set(actions) for name, actions in request_["asked"].items()}
    assert await _replay(client, people.owner, request_) == asked


@pytest.mark.parametrize("request_", RECORDED, ids=[f"{each['client']} {each['query']}" for each in RECORDED])
async def test_who_may_pull_gets_pulls(client: TokenClient, people: People, request_: dict[str, Any]) -> None:
    """Each recorded request of a viewer is answered with the pulls in it."""
    assert await _replay(client, people.viewer, request_) == {name: {"pull"} for name in request_["asked"]}
