"""Compares the whole index with the registry, and makes it the registry's truth (decision 2).

The catalogue and the index's own repositories, tag by tag; known manifests that no tag vouches for, one by one. It asks
as `verify` does, and removes only what the registry said twice that it hasn't, a settling time apart. No list removes
anything by itself. A sweep that would remove much stops, and waits for a person.

Where events may have been lost it asks about tags without a condition: the registry compares the condition before it
looks whether the manifest is there, so that a tag which outlived its manifest looks as if nothing had happened.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

from sidecar.domain.caution import is_too_much
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import Invalid, RegistryUnavailable
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.push_tokens import PushTokens
from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.index import Index, IndexTables, Suspect
from sidecar.ports.registry import Answer, Checked, RegistryReader
from sidecar.ports.sweeps import Drift, DriftKind, Sweep, SweepObserver, SweepOrder, SweepReason, Sweeps, SweepStage

RETRY: Final = timedelta(seconds=15)
RECENT: Final = timedelta(days=7)
"""For so long after it was learnt, or after its last event, a manifest that is gone is asked for again: its next push
may be lost."""
_AT_A_TIME: Final = 16
"""Repositories whose lists are asked for together."""
_ASKED_TOGETHER: Final = 200
"""Suspects between two looks at what the sweep would remove; as many more are asked about meanwhile."""
_PAGE: Final = 1000
"""Tags or manifests that are read from the index together."""
_IN_ONE_COMMIT: Final = 50
"""Differences. While they are written, no event can be stored."""

Ask = Callable[[Suspect], Awaitable[Checked | None]]
"""What the registry says of a suspect; None for no clear answer."""

_Answered = tuple[Suspect, Checked | None]
_Key = TypeVar("_Key", bound=str)
_Held = TypeVar("_Held")


@dataclass
class _Work:
    """What is left of a sweep: repositories to look at first, and the others in the order of their names."""

    sweep: int
    first: Iterator[RepositoryName]
    rest: Iterator[RepositoryName]


@dataclass
class Reconcile:
    """A sweep goes on by one step each time that `run_once` is called; where it stands is kept with what it changed."""

    index: Index
    registry: RegistryReader
    sweeps: Sweeps
    clock: Clock
    ask: Ask
    pace: Callable[[], Awaitable[None]]
    owner_of: Callable[[str], ProjectId | None]
    pushes: PushTokens
    observer: SweepObserver
    settle: timedelta
    concurrency: int
    _work: _Work | None = None
    _not_before: datetime | None = None

    async def run_once(self) -> int:
        """Goes on with the sweep under way, or begins one that waits; 0 where there is nothing to do now."""
        now = self.clock.now()
        if self._not_before is not None and now < self._not_before:
            return 0
        sweep = await self.sweeps.current()
        if sweep is None:
            return 0
        try:
            return await self._go_on(sweep)
        except RegistryUnavailable:
            self._not_before = now + RETRY
            return 0

    async def _go_on(self, sweep: Sweep) -> int:
        if sweep.stage is SweepStage.CONFIRMING:
            return await self._confirm(sweep)
        if self._work is None or self._work.sweep != sweep.id:
            sweep = await self._open(sweep)
        if sweep.stage is SweepStage.STOPPED:
            return 1
        if self._work is not None and (names := list(islice(self._work.first, _AT_A_TIME))):
            return await self._sweep(sweep, names)
        if self._work is not None and (names := list(islice(self._work.rest, _AT_A_TIME))):
            return await self._sweep(sweep, names, names[-1])
        return await self._end_of_list(sweep)

    async def _open(self, sweep: Sweep) -> Sweep:
        """Lists what is to be looked at. One that doesn't know most of what holds tags has another registry's storage.

        A registry lists what it once held for ever, emptied or not. The tags are counted first: of those that were
        pushed since then, the catalogue may say nothing.
        """
        counted = await self.index.count_tags()
        catalogue = await self.registry.repositories()
        suspects = list(_legal(self.pushes.take()))
        known = {*catalogue, *await self.index.repositories(), *suspects}
        scope = {name for name in known if self._is_in(sweep.order, name)}
        tags = {name: count for name, count in counted.items() if name in scope}
        held = sum(tags.values())
        if sweep.started_at is None:
            sweep = replace(sweep, started_at=self.clock.now(), repositories=len(scope), tags=held)
        first = [name for name in suspects if name in scope]
        rest = sorted(name for name in scope.difference(first) if name > sweep.position)
        self._work = _Work(sweep.id, iter(first), iter(rest))
        sweep = replace(sweep, stage=SweepStage.SWEEPING)
        if not (sweep.order.dry_run or sweep.order.accepted):
            unknown = await self._unknown(tags, held // 2, frozenset(catalogue))
            if unknown > held // 2:
                return await self._stop(sweep, unknown)
        await self._keep(sweep)
        return sweep

    async def _unknown(
        self, tags: Mapping[RepositoryName, int], bearable: int, catalogue: Collection[RepositoryName]
    ) -> int:
        """How many tags are in repositories that the registry doesn't know; where it is bearable, or isn't, roughly.

        Each that the catalogue leaves out is asked for by name: 2.8's leaves out what never held a blob.
        """
        left_out = sorted(tags.keys() - catalogue, key=lambda name: (-tags[name], name))
        unknown, unasked, names = 0, sum(tags[name] for name in left_out), iter(left_out)
        while unknown <= bearable < unknown + unasked and (portion := list(islice(names, _AT_A_TIME))):
            for name, listed in zip(portion, await asyncio.gather(*map(self._listed, portion)), strict=True):
                unasked -= tags[name]
                unknown += 0 if listed else tags[name]
        return unknown

    async def _listed(self, name: RepositoryName) -> bool:
        await self.pace()
        return await self.registry.tags(name) is not None

    def _is_in(self, order: SweepOrder, name: RepositoryName) -> bool:
        return order.project is None or self.owner_of(name) == order.project

    async def _sweep(self, sweep: Sweep, names: Sequence[RepositoryName], position: str | None = None) -> int:
        """Looks at these repositories; `position` is how far the list is done with them."""
        lists = dict(zip(names, await asyncio.gather(*map(self._list, names)), strict=True))
        unlisted = sum(listed is None for listed in lists.values())
        if unlisted == len(names):
            self._not_before = self.clock.now() + RETRY
        sweep = replace(sweep, unanswered=sweep.unanswered + unlisted)
        async with aclosing(self._answered(self._questions(lists), sweep)) as portions:
            async for portion in portions:
                sweep = await self._look(sweep, portion)
                if any(_denies(*each) for each in portion) and await self._stops(sweep):
                    return 1
        await self._keep(replace(sweep, swept=sweep.swept + len(names), position=position or sweep.position))
        return 1

    async def _list(self, name: RepositoryName) -> Sequence[Tag] | None:
        """The registry's list of a repository, empty where it knows none of that name; None where it gave none."""
        await self.pace()
        try:
            return await self.registry.tags(name) or ()
        except RegistryUnavailable:
            return None

    async def _questions(self, lists: dict[RepositoryName, Sequence[Tag] | None]) -> AsyncGenerator[Suspect]:
        """What to ask of repositories, each by the registry's list and by what the index believes.

        The index is read by the page, and each list is let go when its turn is over: a repository may have very many
        tags.
        """
        for name in list(lists):
            unknown, now = dict.fromkeys(lists.pop(name) or ()), self.clock.now()
            async for tag, digest in _paged(partial(self.index.tags, name)):
                unknown.pop(tag, None)
                yield Suspect(name, Target.TAG, tag, digest, now)
            for tag in unknown:
                yield Suspect(name, Target.TAG, tag, None, now)
            async for key, lives in _paged(partial(self.index.doubtful, name, now - RECENT)):
                yield Suspect(name, Target.MANIFEST, key, key if lives else None, now)

    async def _answered(self, suspects: AsyncGenerator[Suspect], sweep: Sweep) -> AsyncGenerator[list[_Answered]]:
        """What the registry says of them, a portion at a time; while one is looked at, the next is asked for."""
        plainly = sweep.order.reason is not SweepReason.INTERVAL

        async def ask_on() -> list[_Answered]:
            return await self._ask_all(await _next_of(suspects, _ASKED_TOGETHER), plainly)

        asking = asyncio.create_task(ask_on())
        try:
            while portion := await asking:
                asking = asyncio.create_task(ask_on())
                yield portion
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _look(self, sweep: Sweep, asked: Sequence[_Answered]) -> Sweep:
        """Follows what the registry shows; what it hasn't is noted, to be asked for again."""
        unclear = sum(answer is None for _, answer in asked)
        sweep = replace(sweep, checked=sweep.checked + len(asked), unanswered=sweep.unanswered + unclear)
        now = self.clock.now()
        different = ((each, answer) for each, answer in asked if _drift(each, answer, now) is not None)
        while portion := list(islice(different, _IN_ONE_COMMIT)):
            await self._apply(partial(self._note_all, sweep, portion))
        await self._keep(sweep)
        return sweep

    async def _ask_all(self, suspects: Sequence[Suspect], plainly: bool) -> list[_Answered]:
        answers: list[Checked | None] = [None] * len(suspects)
        waiting = iter(enumerate(suspects))

        async def worker() -> None:
            for number, suspect in waiting:
                await self.pace()
                answers[number] = await (self._ask_plainly(suspect) if plainly else self.ask(suspect))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.concurrency, len(suspects))):
                group.create_task(worker())
        return list(zip(suspects, answers, strict=True))

    async def _ask_plainly(self, suspect: Suspect) -> Checked | None:
        """What the registry serves, whatever the index believes."""
        answer = await self.ask(replace(suspect, digest=None))
        believed = answer is not None and answer.digest is not None and answer.digest == suspect.digest
        return Checked(Answer.SAME) if believed else answer

    async def _note_all(self, sweep: Sweep, different: Iterable[_Answered], tables: IndexTables) -> list[Drift]:
        noted = [await self._note(tables, sweep, suspect, answer) for suspect, answer in different]
        return [drift for drift in noted if drift is not None]

    async def _note(self, tables: IndexTables, sweep: Sweep, suspect: Suspect, answer: Checked | None) -> Drift | None:
        drift = _drift(suspect, answer, self.clock.now())
        if drift is None or not await tables.is_at_rest(suspect):
            return None
        if drift.kind is not DriftKind.MISSING and not sweep.order.dry_run:
            await _follow(tables, suspect, answer, self.clock.now())
        await tables.drifted(sweep.id, drift)
        return drift

    async def _end_of_list(self, sweep: Sweep) -> int:
        """A dry run ends here; else what is missing is asked for once more, unless it is much."""
        self._work = None
        if sweep.order.dry_run:
            await self._finish(sweep)
        elif not await self._stops(sweep):
            await self._keep(replace(sweep, stage=SweepStage.CONFIRMING))
        return 1

    async def _confirm(self, sweep: Sweep) -> int:
        """Asks again for what was missing a settling time ago; the second clear answer removes it."""
        missing = await self.sweeps.drift(sweep.id, _IN_ONE_COMMIT, DriftKind.MISSING)
        if not missing:
            await self._finish(sweep)
            return 1
        now = self.clock.now()
        ready = [drift for drift in missing if drift.found_at + self.settle <= now]
        asked = await self._ask_all([_again(drift) for drift in ready], plainly=True)
        unclear = sum(answer is None for _, answer in asked)
        sweep = replace(sweep, unanswered=sweep.unanswered + unclear)
        concluded = [(drift, answer) for drift, (_, answer) in zip(ready, asked, strict=True)]
        await self._apply(partial(self._conclude_all, sweep, concluded))
        return len(ready)

    async def _conclude_all(
        self, sweep: Sweep, answered: Iterable[tuple[Drift, Checked | None]], tables: IndexTables
    ) -> list[Drift]:
        concluded = [await self._conclude(tables, sweep, drift, answer) for drift, answer in answered]
        await tables.swept(sweep)
        return [drift for drift in concluded if drift is not None]

    async def _conclude(self, tables: IndexTables, sweep: Sweep, drift: Drift, answer: Checked | None) -> Drift | None:
        """What was found in the end, noted; None where it was no drift."""
        suspect, now = _again(drift), self.clock.now()
        found = _drift(suspect, answer, now)
        if found is None or not await tables.is_at_rest(suspect):
            await tables.retract(sweep.id, drift)
            return None
        if found.kind is DriftKind.MISSING:
            await tables.gone(suspect, now)
            found = replace(drift, kind=DriftKind.REMOVED)
        else:
            await _follow(tables, suspect, answer, now)
        await tables.drifted(sweep.id, found)
        return found

    async def _apply(self, work: Callable[[IndexTables], Coroutine[Any, Any, list[Drift]]]) -> None:
        """Does the work in one transaction, and then tells of the drift that it noted."""
        for drift in await self.index.apply(work):
            self.observer.found(drift)

    async def _stops(self, sweep: Sweep) -> bool:
        """Whether it would remove so much that it stops here. To count that takes the longer the more it found."""
        missing = (await self.sweeps.counts(sweep.id)).get((DriftKind.MISSING, Target.TAG), 0)
        if not _is_too_much(sweep, missing):
            return False
        await self._stop(sweep, missing)
        return True

    async def _stop(self, sweep: Sweep, missing: int) -> Sweep:
        self._work = None
        sweep = replace(sweep, stage=SweepStage.STOPPED, finished_at=self.clock.now())
        await self._keep(sweep)
        self.observer.stopped(sweep, missing)
        return sweep

    async def _finish(self, sweep: Sweep) -> None:
        await self._keep(replace(sweep, stage=SweepStage.DONE, finished_at=self.clock.now()))

    async def _keep(self, sweep: Sweep) -> None:
        await self.index.apply(lambda tables: tables.swept(sweep))


async def _paged(read: Callable[[str, int], Awaitable[Mapping[_Key, _Held]]]) -> AsyncGenerator[tuple[_Key, _Held]]:
    """What stands in the index in the order of its keys; `read` gives what comes after one, and at most so much."""
    after = ""
    while page := await read(after, _PAGE):
        for item in page.items():
            yield item
        *_, after = page


async def _next_of(suspects: AsyncGenerator[Suspect], count: int) -> list[Suspect]:
    """The next few, fewer at their end."""
    portion: list[Suspect] = []
    async for suspect in suspects:
        portion.append(suspect)
        if len(portion) == count:
            break
    return portion


def _is_too_much(sweep: Sweep, missing: int) -> bool:
    if sweep.order.dry_run or sweep.order.accepted:
        return False
    return is_too_much(missing, sweep.tags)


def _legal(names: Iterable[str]) -> Iterator[RepositoryName]:
    """A token may be asked for any name; one of no legal form was never pushed to."""
    for name in names:
        try:
            yield RepositoryName(name)
        except Invalid:
            continue


def _again(drift: Drift) -> Suspect:
    return Suspect(drift.repository, drift.target, drift.key, drift.before, drift.found_at, drift.found_at)


def _denies(suspect: Suspect, answer: Checked | None) -> bool:
    kind, _ = _difference(suspect, answer)
    return kind is DriftKind.MISSING


def _drift(suspect: Suspect, answer: Checked | None, now: datetime) -> Drift | None:
    """How index and registry differ by this answer; None where they don't, or where it says nothing."""
    kind, after = _difference(suspect, answer)
    if kind is None:
        return None
    return Drift(suspect.repository, suspect.target, suspect.key, kind, suspect.digest, after, now)


def _difference(suspect: Suspect, answer: Checked | None) -> tuple[DriftKind | None, Digest | None]:
    if answer is None or answer.answer is Answer.SAME:
        return None, None
    if answer.answer is Answer.ABSENT:
        return (None if suspect.digest is None else DriftKind.MISSING), None
    return (DriftKind.ADDED if suspect.digest is None else DriftKind.CHANGED), answer.digest


async def _follow(tables: IndexTables, suspect: Suspect, answer: Checked | None, now: datetime) -> None:
    if answer is not None and answer.digest is not None and answer.media_type is not None:
        await tables.moved(suspect, answer.digest, answer.media_type, now)
