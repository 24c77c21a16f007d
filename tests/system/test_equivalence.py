"""However events come in, the index ends as the registry's own truth: after one sweep and its confirmations."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from sidecar.domain.digests import Tag
from sidecar.domain.names import RepositoryName
from tests.parts import Part
from tests.system.scene import Scene, adopting, no_long_pauses, staged
from tests.system.truth import Contents

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run takes seconds."""
    no_long_pauses(monkeypatch)


async def drive(scene: Scene, actions: int) -> None:
    """Traffic in portions: after each the registry restarts, and after every other its garbage is collected."""
    portions = 4
    for portion in range(portions):
        await scene.traffic.run(actions // portions)
        await scene.restart_registry(collect_garbage=portion % 2 == 1)


async def test_the_index_ends_as_the_registrys_truth(registry: Part, tmp_path: Path) -> None:
    """Events lost, doubled, reordered, late and garbled; queues lost with the registry's process; garbage collected.

    SEED=… repeats a run, as far as two programs and four clients can be repeated.
    """
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"SEED={seed}")
    async with staged(tmp_path, registry, seed) as scene:
        await drive(scene, 600)
        await scene.gate.drained()
        assert scene.gate.dropped > 10
        await scene.sweep()
        assert await scene.differences() == []
        assert await scene.core.index.recount() == []


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_the_same_after_a_hundred_thousand_events(registry: Part, tmp_path: Path) -> None:
    """A sweep after every few thousand of them, and at no time a difference that stays."""
    async with staged(tmp_path, registry, random.randrange(1 << 32)) as scene:
        while scene.gate.taken < 100_000:
            await drive(scene, 2000)
            await scene.gate.drained()
            await scene.sweep()
            assert await scene.differences() == []
        assert await scene.core.index.recount() == []


def reached(held: dict[str, Contents]) -> dict[str, dict[str, tuple[str, int]]]:
    """By repository and tag: the digest, and the bytes that it reaches. What only events tell is left out."""
    return {
        name: {tag: (digest, contents.reached[digest]) for tag, digest in contents.tags.items()}
        for name, contents in held.items()
    }


async def test_a_registry_with_history_is_adopted(registry: Part, tmp_path: Path) -> None:
    """An index made without one event says of all tags what one says that was made by events."""
    async with staged(tmp_path, registry, 7, honest=True) as scene:
        await scene.traffic.run(150)
        await scene.settled()
        assert await scene.differences() == []
        async with adopting(scene) as adopted:
            await adopted.sweep()
            assert reached(await adopted.contents()) == reached(await scene.contents())
            assert await adopted.differences() == []


async def test_an_adoption_holds_no_push_back(registry: Part, tmp_path: Path) -> None:
    """Its plain questions come back as events; a push that is announced among them is seen within 2 s."""
    async with staged(tmp_path, registry, 8, honest=True, requests_per_second=200) as scene:
        scene.gate.closed = True
        await asyncio.gather(*(scene.traffic.fill(f"old/app{number:02}", 30) for number in range(20)))
        await scene.gate.drained()
        scene.gate.closed = False
        sweep = await scene.begin_sweep()
        late: list[float] = []
        while await scene.core.sweeps.current() is not None:
            late.append(await visible_after(scene, len(late)))
            await asyncio.sleep(0.1)
        await scene.end_of(sweep)
        assert len(await scene.core.index.repositories()) == 21
        assert max(late) < 2.0


async def visible_after(scene: Scene, number: int) -> float:
    """Seconds from the end of a push to its tag in the index."""
    clock, name = asyncio.get_running_loop().time, RepositoryName("new/app")
    await scene.traffic.tag(name, f"v{number}")
    pushed = clock()
    while Tag(f"v{number}") not in await scene.core.index.tags(name):
        assert clock() - pushed < 30
        await asyncio.sleep(0.02)
    return clock() - pushed
