"""Pushes under a tag that is being taken away: each that the registry took is there in the end, and nothing else went."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import aiohttp
import pytest

from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.bootstrap.keys import token_signer
from sidecar.config import Config
from sidecar.domain.manifests import OCI_INDEX
from sidecar.ports import AccessEntry
from tests.fakes import digest_of
from tests.system.stage import Stage

pytestmark = pytest.mark.system

SETTLED_SECONDS: Final = 600.0
"""A push that went with the tag is put back within 10 s of its event; after a thousand races on a busy machine the
registry's queue holds events back for more than a minute.
"""
PUT_BACK_SECONDS: Final = 4.0
"""Longer than it takes to put something back; nothing can be awaited where nothing is to happen."""
LONGEST_DELAY: Final = 0.03
TOGETHER: Final = 4
REPOSITORIES: Final = 4


def manifest(text: str) -> bytes:
    """The smallest manifest there is: an index of nothing, made its own by this text."""
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"text": text}}
    return json.dumps(document).encode()


@dataclass
class Race:
    """One tag that is taken away while it is pushed. `status` is the registry's answer to that push."""

    repository: str
    tag: str
    status: int = 0

    @property
    def pushed(self) -> bytes:
        return manifest(f"pushed to {self.tag}")


@dataclass
class Racer:
    """Somebody with a token of their own, and the administrator, who unties tags."""

    stage: Stage
    http: aiohttp.ClientSession
    token: str
    outcomes: Counter[int] = field(default_factory=Counter)

    async def put(self, repository: str, tag: str, content: bytes) -> int:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": OCI_INDEX}
        async with self.http.put(self._url(repository, tag), data=content, headers=headers) as answer:
            return answer.status

    async def shown(self, repository: str, reference: str) -> str | None:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": OCI_INDEX}
        async with self.http.head(self._url(repository, reference), headers=headers) as answer:
            return answer.headers["Docker-Content-Digest"] if answer.status == 200 else None

    async def call(self, method: str, **body: str) -> Any:
        headers = {"Authorization": f"Bearer {self.stage.administrator.secret}"}
        url = f"{self.stage.installation.public_url}/{method}"
        async with self.http.post(url, json={"project": "races", **body}, headers=headers) as answer:
            return await answer.json()

    async def run(self, race: Race, delay: float) -> None:
        """The push begins that long after the untag was asked for."""

        async def push() -> None:
            await asyncio.sleep(delay)
            race.status = await self.put(race.repository, race.tag, race.pushed)

        untag = asyncio.create_task(self.call("registry.untag", repository=race.repository, tag=race.tag))
        await push()
        told = await untag
        assert told["ok"] or told["error"]["code"] == "registry_unavailable", told
        self.outcomes[race.status] += 1

    def _url(self, repository: str, reference: str) -> str:
        return f"{self.stage.installation.registry_url}/v2/{repository}/manifests/{reference}"


@pytest.fixture
async def racer(stage: Stage) -> AsyncIterator[Racer]:
    """May push everything; its token is signed with the installation's own key, so that it costs no request."""
    stage.answer("project.create", sid="races")
    signer = token_signer(Config.load(stage.installation.sidecar_yaml), SystemClock(), SystemRandomness())
    access = [AccessEntry("repository", f"races/r{number}", ("pull", "push")) for number in range(REPOSITORIES)]
    async with aiohttp.ClientSession() as http:
        yield Racer(stage, http, signer.sign("ci@races.example", access, 3600).text)


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.timeout(1200)
async def test_a_push_that_overlaps_stands_or_is_put_back(racer: Racer, count: int) -> None:
    """Every push that the registry took while or after its tag was taken away is there in the end, in index and registry
    alike, and so is every tag that nobody touched.
    """
    random = Random(count)
    races = [Race(f"races/r{number % REPOSITORIES}", f"t{number}") for number in range(count)]
    await _fill(racer, races)
    gate = asyncio.Semaphore(TOGETHER)

    async def one(race: Race) -> None:
        async with gate:
            await racer.run(race, random.uniform(0, LONGEST_DELAY))

    await asyncio.gather(*(one(race) for race in races))
    lost = [race for race in races if race.status == 201]
    deadline = asyncio.get_running_loop().time() + SETTLED_SECONDS
    while lost and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(2)
        lost = [race for race in lost if not await _stands(racer, race)]
    assert lost == [], f"the registry answered {dict(racer.outcomes)}"
    for number in range(REPOSITORIES):
        assert await racer.shown(f"races/r{number}", "keep") == digest_of(manifest("kept"))


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.long)])
async def test_what_the_index_showed_is_gone_for_good(racer: Racer, count: int) -> None:
    """A push that moved a tag just before it was taken away, and that the index showed by then, isn't put back."""
    races = [Race(f"races/r{number % REPOSITORIES}", f"gone{number}") for number in range(count)]
    await _fill(racer, races)
    gate = asyncio.Semaphore(TOGETHER)

    async def one(race: Race) -> None:
        async with gate:
            assert await racer.put(race.repository, race.tag, race.pushed) == 201
            await _learnt(racer, race)
            assert (await racer.call("registry.untag", repository=race.repository, tag=race.tag))["ok"]

    await asyncio.gather(*(one(race) for race in races))
    await asyncio.sleep(PUT_BACK_SECONDS)
    for race in races:
        assert await racer.shown(race.repository, race.tag) is None
        assert race.tag not in await _indexed(racer, race.repository)


async def _fill(racer: Racer, races: list[Race]) -> None:
    """Each tag, and one that nobody touches, points at one manifest; the index knows all of them."""
    for number in range(REPOSITORIES):
        assert await racer.put(f"races/r{number}", "keep", manifest("kept")) == 201
    for race in races:
        assert await racer.put(race.repository, race.tag, manifest("kept")) == 201
    for race in races[-REPOSITORIES:]:
        for _ in range(600):
            if race.tag in await _indexed(racer, race.repository):
                break
            await asyncio.sleep(0.1)


async def _stands(racer: Racer, race: Race) -> bool:
    """At the registry, and in the index."""
    wanted = digest_of(race.pushed)
    if await racer.shown(race.repository, race.tag) != wanted:
        return False
    return await _is_indexed(racer, race)


async def _is_indexed(racer: Racer, race: Race) -> bool:
    found = await racer.call("registry.getTags", repository=race.repository, filter=race.tag)
    return [item["digest"] for item in found["result"]["items"]] == [digest_of(race.pushed)]


async def _learnt(racer: Racer, race: Race) -> None:
    """The index shows the push."""
    for _ in range(6000):
        if await _is_indexed(racer, race):
            return
        await asyncio.sleep(0.002)
    raise AssertionError(f"the index doesn't learn {race.tag}")


async def _indexed(racer: Racer, repository: str) -> dict[str, str]:
    told = await racer.call("registry.getTags", repository=repository)
    return {item["tag"]: item["digest"] for item in told["result"]["items"]} if told["ok"] else {}
