"""However events come in, the index ends as the registry's own truth: after one sweep and its confirmations."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from sidecar.domain.digests import Tag
from sidecar.domain.names import RepositoryName
from tests.logged import logging_to_memory
from tests.parts import Part
from tests.system.contents import Artifact, Cache, Image, Index, Pushable, Unreadable
from tests.system.machine import Loop, play
from tests.system.scene import Scene, adopting, no_long_pauses, staged
from tests.system.traffic import Delete, Push, Refer
from tests.system.truth import Contents

pytestmark = pytest.mark.system

HISTORY: Final[tuple[Pushable, ...]] = (
    *(Image(number, docker) for number in range(4) for docker in (False, True)),
    Index((Image(0), Image(1)), attested=True),
    Index((Image(2, docker=True),), docker=True),
    Index((Index((Image(0), Image(3))), Image(1))),
    Artifact(),
    Cache(1),
    Unreadable(1),
)
GONE: Final = (Image(1), Image(0, docker=True))
SEVERAL: Final = 40


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A run takes seconds, and logs much that nobody reads."""
    no_long_pauses(monkeypatch)
    with logging_to_memory("error"):
        yield


@contextmanager
def bad_network(folder: Path, part: Part) -> Iterator[tuple[Loop, Scene]]:
    loop = Loop()
    with loop.running(staged(folder, part, seed=0, slowest=0.5)) as scene:
        yield loop, scene


@pytest.mark.timeout(1200)
def test_the_index_ends_as_the_registrys_truth(registry: Part, tmp_path: Path) -> None:
    """Several clients; events lost, doubled, reordered, late and garbled; registry, sidecar and garbage collection come
    in between, and sweeps at any moment.
    """
    with bad_network(tmp_path, registry) as (loop, scene):
        play(loop, scene, examples=12, steps=12)
        assert scene.gate.taken > 1000
        assert scene.gate.dropped > 30
        assert scene.gate.refused == 0


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
def test_the_same_after_a_hundred_thousand_events(registry: Part, tmp_path: Path) -> None:
    """Half of them of each line, and at no time a difference that stays.

    Each portion has a registry of its own: 2.8 walks all repositories for a list.
    """
    taken = 0
    while taken < 50_000:
        with bad_network(tmp_path / str(taken), registry) as (loop, scene):
            while scene.gate.taken < 10_000:
                play(loop, scene, examples=10, steps=30)
            taken += scene.gate.taken
            print(f"{taken} events, {scene.gate.dropped} of the last portion dropped", flush=True)


def reached(held: dict[str, Contents]) -> dict[str, dict[str, tuple[str, int]]]:
    """By repository and tag: the digest, and the bytes that it reaches. What only events tell is left out."""
    return {
        name: {tag: (digest, contents.reached[digest]) for tag, digest in contents.tags.items()}
        for name, contents in held.items()
    }


async def live(scene: Scene, place: str, seed: int) -> None:
    """Everything that a registry may hold, pushed in some order under some tags, with referrers; a few things go again."""
    chance = random.Random(seed)
    for number, what in enumerate(chance.sample(HISTORY, len(HISTORY))):
        await scene.traffic.act("acme", Push(place, what, chance.choice((f"v{number}", f"v{number // 2}"))))
    await scene.traffic.act("acme", Refer(place, Artifact(Image(2)), Image(2)))
    await scene.traffic.act("acme", Push(place, Artifact(Image(3))))
    for what in GONE:
        await scene.traffic.act("acme", Delete(place, what))


async def test_a_registry_with_history_is_adopted(registry: Part, tmp_path: Path) -> None:
    """An index made without one event says of all tags what one says that was made by events."""
    async with staged(tmp_path, registry, 7, honest=True) as scene:
        await asyncio.gather(*(live(scene, f"app{number}", number) for number in range(6)))
        await scene.settled()
        assert await scene.differences() == []
        async with adopting(scene) as adopted:
            await adopted.sweep()
            told = reached(await adopted.contents())
            assert told == reached(await scene.contents())
            assert len(told) == 6
            assert await adopted.differences() == []


async def test_an_adoption_holds_no_push_back(registry: Part, tmp_path: Path) -> None:
    """Its plain questions come back as events; each of the pushes meanwhile, alone or many at once, is seen within 2 s."""
    async with staged(tmp_path, registry, 8, honest=True, requests_per_second=200) as scene:
        scene.gate.closed = True
        await asyncio.gather(*(scene.traffic.fill(f"old/app{number:02}", 30) for number in range(20)))
        await scene.gate.drained()
        scene.gate.closed = False
        sweep = await scene.begin_sweep()
        late = await asyncio.gather(*(visible_after(scene, f"burst{number}") for number in range(SEVERAL)))
        while await scene.core.sweeps.current() is not None:
            late.append(await visible_after(scene, f"v{len(late)}"))
            await asyncio.sleep(0.1)
        await scene.end_of(sweep)
        assert len(await scene.core.index.repositories()) == 21
        assert len(late) > SEVERAL
        assert max(late) < 2.0


async def visible_after(scene: Scene, tag: str) -> float:
    """Seconds from the end of a push to its tag in the index."""
    clock, name = asyncio.get_running_loop().time, RepositoryName("new/app")
    await scene.traffic.tag(name, tag)
    pushed = clock()
    while Tag(tag) not in await scene.core.index.tags(name):
        assert clock() - pushed < 30
        await asyncio.sleep(0.02)
    return clock() - pushed
