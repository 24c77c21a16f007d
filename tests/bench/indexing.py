"""The index against a real registry: how fast it is read, verified and seen. `python -m tests.bench.indexing` prints it.

Registry, clients and sidecar share the machine, so the ratios count.
"""

import asyncio
import json
import random
import sqlite3
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from sidecar.adapters.logs import configure_logging
from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.bootstrap.keys import token_signer
from sidecar.config import Config, read_yaml
from sidecar.domain.digests import Tag
from sidecar.domain.identity import SIDECAR
from sidecar.domain.manifests import MANIFEST_TYPES
from sidecar.domain.names import RepositoryName
from sidecar.ports import AccessEntry
from sidecar.ports.sweeps import SweepReason
from tests.parts import Missing, find
from tests.ports import free_port
from tests.system.gate import Gate
from tests.system.scene import SOON_SETTLED, Scene, staged
from tests.system.stage import installed, running_registry, running_sidecar
from tests.system.traffic import Traffic

REGISTRY: Final = "registry-3"
REPOSITORIES: Final = tuple(RepositoryName(f"bench/app{number:02}") for number in range(16))
TAGS: Final = 60
CONNECTIONS: Final = 16
CLIENTS: Final = 8
IMAGES: Final = 400
RATE: Final = 30
SECONDS: Final = 10
ROUNDS: Final = 3

_READ: Final = "SELECT count(*) FROM manifest WHERE fetch_after IS NULL"


def measure(folder: Path) -> list[str]:
    """A sentence for each thing that was measured, in folders below this one; or why nothing was."""
    configure_logging("error")
    sentences = []
    try:
        for step in (_verifying, _indexing, _visibility):
            place = folder / step.__name__
            place.mkdir(parents=True)
            sentences.append(asyncio.run(step(place)))
    except Missing as reason:
        sentences.append(f"not measured: {reason}")
    return sentences


def section(sentences: Iterable[str]) -> str:
    """What docs/benchmarks.md says of it."""
    return "\n## The index\n\n" + "\n".join(f"- {sentence}" for sentence in sentences) + "\n"


async def _verifying(folder: Path) -> str:
    """Tags that a sweep at its interval verifies per second, against a bare loop of the same conditional HEADs.

    From the sweep's own beginning to its end: before that it waits for up to half a second until somebody looks.
    """
    async with staged(folder, find(REGISTRY), 1, honest=True, requests_per_second=100_000) as scene:
        await asyncio.gather(*(scene.traffic.fill(name, TAGS) for name in REPOSITORIES))
        await scene.settled()
        await scene.sweep()
        count, ratios = len(REPOSITORIES) * TAGS, []
        for _ in range(ROUNDS):
            swept, bare = await _sweep(scene), await _bare_heads(scene)
            ratios.append(bare / swept)
        return f"verified {count / swept:.0f} tags/s, {statistics.median(ratios):.2f} of a bare loop (at least 0.50)"


async def _sweep(scene: Scene) -> float:
    """Seconds."""
    asked = await scene.begin_sweep(reason=SweepReason.INTERVAL)
    while await scene.core.sweeps.current() is not None:  # noqa: ASYNC110 - it ends by itself, and tells nobody
        await asyncio.sleep(0.02)
    sweep = await scene.core.sweeps.get(asked.id)
    assert sweep is not None
    assert sweep.started_at is not None
    assert sweep.finished_at is not None
    assert (sweep.checked, sweep.unanswered) == (len(REPOSITORIES) * TAGS, 0)
    return (sweep.finished_at - sweep.started_at).total_seconds()


async def _bare_heads(scene: Scene) -> float:
    """Seconds."""
    urls = [
        (name, f"{scene.installation.registry_url}/v2/{name}/manifests/{tag}", digest)
        for name in REPOSITORIES
        for tag, digest in (await scene.core.index.tags(name)).items()
    ]
    left, signer = iter(urls), scene.core.signer
    tokens = {
        name: signer.sign(SIDECAR, [AccessEntry("repository", name, ("pull",))], 60).text for name in REPOSITORIES
    }

    async def client(session: aiohttp.ClientSession) -> None:
        for name, url, digest in left:
            headers = {
                "Authorization": f"Bearer {tokens[name]}",
                "Accept": ", ".join(MANIFEST_TYPES),
                "If-None-Match": f'"{digest}"',
            }
            async with session.head(url, headers=headers) as answer:
                assert answer.status == 304

    async def clients(session: aiohttp.ClientSession) -> None:
        await asyncio.gather(*(client(session) for _ in range(CONNECTIONS)))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        return await _seconds(lambda: clients(session))


async def _indexing(folder: Path) -> str:
    """Images indexed and read per second once their events come, against the registry's rate of taking them.

    The sidecar is a process of its own, as it is for operators: in this one it would share Python's lock with the
    clients, which slow down what it is compared with, and with the gate. An image is counted when its manifest and its
    config are read; those before it are verified meanwhile.
    """
    async with _apart(folder) as stand:
        stand.gate.holding = True
        pushing = await _seconds(lambda: _push(stand.traffic, range(IMAGES)))
        await stand.gate.drained()
        indexing = await _seconds(lambda: _index_held(stand))
        return (
            f"indexed {IMAGES / indexing:.0f} images/s, {pushing / indexing:.2f} of the registry's rate (at least 1.50)"
        )


@dataclass(frozen=True, slots=True)
class _Stand:
    """A gate between a registry and a sidecar, which are processes of their own; clients of the registry."""

    gate: Gate
    traffic: Traffic
    database: Path


@asynccontextmanager
async def _apart(folder: Path) -> AsyncIterator[_Stand]:
    gate_port = free_port()
    installation = installed(folder / "installation", events_url=f"http://127.0.0.1:{gate_port}/events")
    document = read_yaml(installation.sidecar_yaml)
    installation.sidecar_yaml.write_text(json.dumps(document | {"events": document["events"] | SOON_SETTLED}))
    gate = Gate(f"http://{installation.listen}/events", random.Random(2), honest=True)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(gate.running(gate_port))
        for context in (running_registry(installation, find(REGISTRY)), running_sidecar(installation)):
            await asyncio.to_thread(context.__enter__)
            stack.push_async_callback(asyncio.to_thread, context.__exit__, None, None, None)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        signer = token_signer(Config.of(installation.sidecar_yaml, document), SystemClock(), SystemRandomness())
        yield _Stand(gate, Traffic(installation.registry_url, signer, session), installation.folder / "sidecar.db")


async def _push(traffic: Traffic, numbers: Iterable[int]) -> None:
    left = iter(numbers)

    async def client() -> None:
        for number in left:
            await traffic.image(REPOSITORIES[number % len(REPOSITORIES)], f"v{number}", number)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def _index_held(stand: _Stand) -> None:
    stand.gate.release()
    with closing(sqlite3.connect(f"file:{stand.database}?mode=ro", uri=True)) as database:
        while database.execute(_READ).fetchone() != (IMAGES,):  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.02)


async def _visibility(folder: Path) -> str:
    """Seconds from the answer to a push until the index lists it, at a steady rate."""
    async with staged(folder, find(REGISTRY), 3, honest=True) as scene:
        waits = []
        for number in range(RATE * SECONDS):
            waits.append(asyncio.create_task(_visible_after(scene, number)))
            await asyncio.sleep(1 / RATE)
        late = sorted(await asyncio.gather(*waits))
        p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
        return f"push to visible at {RATE} pushes/s: median {1000 * p50:.0f} ms, 99th percentile {1000 * p99:.0f} ms"


async def _visible_after(scene: Scene, number: int) -> float:
    name, tag = random.choice(REPOSITORIES), Tag(f"p{number}")
    await scene.traffic.tag(name, tag)
    clock = asyncio.get_running_loop().time
    pushed = clock()
    while tag not in await scene.core.index.tags(name):  # noqa: ASYNC110 - what is seen is what is measured
        await asyncio.sleep(0.02)
    return clock() - pushed


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    clock = asyncio.get_running_loop().time
    started = clock()
    await work()
    return clock() - started


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as temporary:
        print(section(measure(Path(temporary))))
