"""What may happen to a registry and its index, as rules that Hypothesis plays; after each play both must be equal.

A play has a namespace of its own at a registry that all share, so that plays are cheap and know nothing of each other.
Events pass a gate that loses, doubles, delays and garbles some. What fails is played again, shorter and shorter.
"""

import asyncio
import itertools
import random
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.tenancy import Project
from tests.system.contents import Artifact, Cache, Image, Index, Pushable, Unreadable
from tests.system.scene import Scene
from tests.system.traffic import Action, Delete, DeleteAt, DeleteTag, Pull, Push, Refer

REPOSITORIES: Final = ("web", "team/tool")
_SECONDS: Final = 120.0
_namespaces: Final = itertools.count()
_T = TypeVar("_T")

_repositories = st.sampled_from(REPOSITORIES)
_tags = st.sampled_from(("v0", "v1", "v2"))


def _often(*weighted: tuple[int, st.SearchStrategy[_T]]) -> st.SearchStrategy[_T]:
    """One of these, so many times as often; `st.one_of` takes each once."""
    tickets = [strategy for weight, strategy in weighted for _ in range(weight)]
    return st.integers(0, len(tickets) - 1).flatmap(lambda number: tickets[number])


_images = st.builds(Image, st.integers(0, 3), st.booleans())
_leaves: st.SearchStrategy[Pushable] = _often(
    (6, _images), (1, st.builds(Unreadable, st.integers(0, 1))), (1, st.just(Artifact()))
)
_indexes = st.builds(Index, st.lists(_leaves, max_size=3).map(tuple), st.booleans(), st.booleans())
_nested = st.builds(Index, st.tuples(_indexes, _images))
_subjects: st.SearchStrategy[Pushable] = _often((2, _images), (1, _indexes))
_artifacts = st.builds(Artifact, _subjects)
_caches = st.builds(Cache, st.integers(0, 1))
_contents: st.SearchStrategy[Pushable] = _often(
    (6, _images), (3, _indexes), (1, _nested), (2, _artifacts), (1, _leaves), (1, _caches)
)
_pushes = st.builds(
    Push, _repositories, _contents, _often((3, _tags), (1, st.none())), _often((3, st.none()), (1, _repositories))
)
_referrers = _subjects.flatmap(lambda of: st.builds(Refer, _repositories, st.just(Artifact(of)), st.just(of)))
actions: st.SearchStrategy[Action] = _often(
    (8, _pushes),
    (1, _referrers),
    (1, st.builds(Pull, _repositories, _tags)),
    (2, st.builds(Delete, _repositories, _images)),
    (1, st.builds(Delete, _repositories, _contents)),
    (2, st.builds(DeleteAt, _repositories, _tags)),
    (1, st.builds(DeleteTag, _repositories, _tags)),
)
_program = st.lists(st.lists(actions, min_size=1, max_size=6), min_size=1).map(
    lambda parts: list(itertools.chain(*parts))
)
_programs = st.lists(_program, min_size=1, max_size=5)


class Loop:
    """Runs coroutines, one call after the other, on a loop in a thread: Hypothesis knows no other way."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Awaitable[_T]) -> _T:
        async def bounded() -> _T:
            async with asyncio.timeout(_SECONDS):
                return await work

        return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result()

    @contextmanager
    def running(self, context: AbstractAsyncContextManager[_T]) -> Iterator[_T]:
        """The loop and, on it, that context."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            entered = self.run(context.__aenter__())
            try:
                yield entered
            finally:
                self.run(context.__aexit__(None, None, None))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()


class Equivalence(RuleBasedStateMachine):
    """`scene` runs on `loop`; both are set by `play`."""

    loop: ClassVar[Loop]
    scene: ClassVar[Scene]

    def __init__(self) -> None:
        super().__init__()
        self.namespace = f"play-{next(_namespaces)}"
        self.failed = False

    @initialize(seed=st.integers(0, 2**16))
    def begins(self, seed: int) -> None:
        """A seed makes the gate do the same to the same events, as far as two programs can be repeated."""
        self.scene.gate.chance = random.Random(seed)
        self._do(self._prepare)

    @rule(programs=_programs)
    def at_once(self, programs: Sequence[Sequence[Action]]) -> None:
        """Several clients: pushes overlap deletes, and each other."""
        self._do(lambda: self.scene.traffic.at_once(self.namespace, programs))

    @rule(action=actions)
    def alone(self, action: Action) -> None:
        self._do(lambda: self.scene.traffic.act(self.namespace, action))

    @rule(programs=_programs, collect_garbage=st.booleans())
    def restart_loses(self, programs: Sequence[Sequence[Action]], collect_garbage: bool) -> None:
        """The registry ends while these events wait in its queue."""

        async def lose() -> None:
            self.scene.gate.stalling = True
            await self.scene.traffic.at_once(self.namespace, programs)
            ended = asyncio.create_task(self.scene.restart_registry(collect_garbage))
            await asyncio.sleep(0.1)
            self.scene.gate.stalling = False
            await ended

        self._do(lose)

    @rule(what=st.sampled_from(("registry", "sidecar")))
    def restart(self, what: str) -> None:
        self._do(self.scene.restart_registry if what == "registry" else self.scene.restart_sidecar)

    @rule(seconds=st.sampled_from((0.0, 0.5)))
    def sweep_begins(self, seconds: float) -> None:
        """And goes on while other things happen; half a second is longer than it takes to settle."""

        async def begin() -> None:
            await self.scene.begin_sweep(ProjectId(self.namespace))
            await asyncio.sleep(seconds)

        self._do(begin)

    def teardown(self) -> None:
        """Of a play that failed before, nothing more is asked."""
        if not self.failed:
            self.loop.run(self._check())

    def _do(self, work: Callable[[], Awaitable[Any]]) -> None:
        self.failed = True
        self.loop.run(work())
        self.failed = False

    async def _prepare(self) -> None:
        """A project of its own, and one blob: a registry that never had any fails to collect garbage."""
        core = self.scene.core
        await self.scene.traffic.fill(f"{self.namespace}/last", 0)
        sid = ProjectId(self.namespace)
        async with core.store.writing() as tables:
            await tables.projects.add(Project(sid, sid, (), core.clock.now(), "admin@localhost"))

    async def _check(self) -> None:
        """After one sweep and its confirmations the index is the registry's truth, and all counts are right."""
        scene, last = self.scene, f"{self.namespace}/last"
        async with scene.gate.drained_of(f'"{last}"'):
            await scene.traffic.tag(last, "v1")
        await scene.at_rest()
        await scene.sweep(ProjectId(self.namespace))
        names = [RepositoryName(f"{self.namespace}/{name}") for name in REPOSITORIES]
        found = [words for name in names for words in await scene.differences_in(name)]
        found += [f"miscounted: {miscount}" for miscount in await scene.core.index.recount()]
        if found:
            raise AssertionError("\n".join(found))


def play(loop: Loop, scene: Scene, examples: int, steps: int) -> None:
    """So many plays of at most so many rules; raises for the first that ends in a difference, the shortest found.

    `--hypothesis-seed=…` plays the same again, as far as programs that run beside each other can be repeated.
    """
    Equivalence.loop, Equivalence.scene = loop, scene
    plays = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Equivalence, settings=plays)
