"""A repository of thousands of tags is deleted in a time that grows with their number, and the log says how far it is."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.bootstrap.keys import token_signer
from sidecar.config import Config
from sidecar.domain.manifests import OCI_INDEX
from sidecar.ports import AccessEntry
from tests.system.stage import Stage

pytestmark = [pytest.mark.system, pytest.mark.long]

TOGETHER = 8
SECONDS = 900.0


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield session


async def push_all(stage: Stage, http: aiohttp.ClientSession, count: int) -> None:
    """So many tags of `large/app`, each with a manifest of its own."""
    signer = token_signer(Config.load(stage.installation.sidecar_yaml), SystemClock(), SystemRandomness())
    token = signer.sign("ci@large.example", [AccessEntry("repository", "large/app", ("pull", "push"))], 3600).text
    headers = {"Authorization": f"Bearer {token}", "Content-Type": OCI_INDEX}
    waiting = iter(range(count))

    async def pushing() -> None:
        for number in waiting:
            document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"n": str(number)}}
            url = f"{stage.installation.registry_url}/v2/large/app/manifests/t{number}"
            async with http.put(url, data=json.dumps(document), headers=headers) as answer:
                assert answer.status == 201, await answer.text()

    await asyncio.gather(*(pushing() for _ in range(TOGETHER)))


async def call(stage: Stage, http: aiohttp.ClientSession, method: str, **body: str) -> Any:
    headers = {"Authorization": f"Bearer {stage.administrator.secret}"}
    url = f"{stage.installation.public_url}/{method}"
    async with http.post(url, json={"project": "large", **body}, headers=headers) as answer:
        return await answer.json()


async def indexed(stage: Stage, http: aiohttp.ClientSession) -> tuple[int, int]:
    """How many tags and manifests the index holds."""
    told = await call(stage, http, "registry.get", repository="app")
    return (told["result"]["tags"], told["result"]["manifests"]) if told["ok"] else (0, 0)


async def logged(stage: Stage, tags: int) -> int:
    """How many manifests the log says went with so many tags. Lines wait a moment for others before they are written."""
    for _ in range(50):
        log = (stage.installation.folder / "sidecar.log").read_text()
        told = [json.loads(line) for line in log.splitlines() if "a repository was deleted" in line]
        if told and told[-1]["tags"] == tags:
            return int(told[-1]["manifests"])
        await asyncio.sleep(0.1)
    raise AssertionError("the log doesn't tell of it")


@pytest.mark.parametrize("count", [2_000, 20_000])
@pytest.mark.timeout(3600)
async def test_a_large_repository_is_deleted(stage: Stage, http: aiohttp.ClientSession, count: int) -> None:
    """Nothing is left of it, at the registry and in the index alike, and no sweep stopped for it."""
    stage.answer("project.create", sid="large", name="large")
    await push_all(stage, http, count)
    deadline = time.monotonic() + SECONDS
    while await indexed(stage, http) != (count, count):
        assert time.monotonic() < deadline, f"the index has learnt {await indexed(stage, http)}"
        await asyncio.sleep(1)
    began = time.monotonic()
    told = await call(stage, http, "registry.delete", repository="app")
    print(f"{count} tags and manifests deleted in {time.monotonic() - began:.0f} s")
    assert told == {"ok": True, "result": {}}
    assert await indexed(stage, http) == (0, 0)
    assert await logged(stage, count) == count
    tags = stage.installation.folder / "registry/docker/registry/v2/repositories/large/app/_manifests/tags"
    assert [folder.name for folder in tags.glob("t*") if (folder / "current" / "link").exists()] == []
