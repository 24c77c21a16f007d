"""Asks the registry whether what was touched is true, once it has settled. The sweep asks the same way (decision 2).

A thing is gone only when the registry has said so for that very thing twice, a settling time apart (S28). No answer,
or an unclear one, changes nothing and is asked for again. What would be much is left to a sweep, which asks a person.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sidecar.domain.caution import is_too_much
from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.index import Index, IndexObserver, IndexTables, Suspect, Unobserved, Verdict
from sidecar.ports.registry import Answer, Checked, RegistryReader
from sidecar.ports.sweeps import Sweeps

RETRY: Final = timedelta(seconds=15)
OF_LATE: Final = timedelta(days=1)
"""What verifications removed within this time counts together: a little at a time may be much, too."""


@dataclass(frozen=True)
class Verify:
    index: Index
    registry: RegistryReader
    clock: Clock
    settle: timedelta
    sweeps: Sweeps
    observer: IndexObserver = field(default_factory=Unobserved)

    async def run_once(self, limit: int = 128) -> int:
        """Verifies what is due, at most `limit` keys, and commits the outcome; how many."""
        suspects = await self.index.due(limit, self.clock.now())
        answers = await asyncio.gather(*(self.ask(suspect) for suspect in suspects))
        if suspects:
            settled = list(zip(suspects, await self._verdicts(suspects, answers), answers, strict=True))
            await self.index.apply(lambda tables: self._settle_all(tables, settled))
            for _, verdict, _ in settled:
                self.observer.verified(verdict)
        return len(suspects)

    async def ask(self, suspect: Suspect) -> Checked | None:
        """What the registry says of it; None for no clear answer."""
        try:
            checked = await self.registry.check(suspect.repository, suspect.key, suspect.digest)
        except RegistryUnavailable:
            return None
        contradicts = suspect.target is Target.MANIFEST and checked.digest not in (None, suspect.key)
        return None if contradicts else checked

    async def _verdicts(self, suspects: Sequence[Suspect], answers: Sequence[Checked | None]) -> list[Verdict]:
        """What each answer comes to. Nothing is removed while a sweep that is to look at much hasn't ended."""
        verdicts = [_verdict(suspect, checked) for suspect, checked in zip(suspects, answers, strict=True)]
        pairs = zip(suspects, verdicts, strict=True)
        repositories = {suspect.repository for suspect, verdict in pairs if verdict is Verdict.GONE}
        if repositories and await self._is_held(repositories):
            return [Verdict.HELD if verdict is Verdict.GONE else verdict for verdict in verdicts]
        return verdicts

    async def _is_held(self, repositories: Iterable[RepositoryName]) -> bool:
        """A sweep under way may have passed what is held: another one is asked for, once. One that stopped waits."""
        if not await self.sweeps.guards() and not await self._is_much() and await self._are_known(repositories):
            return False
        if await self.sweeps.stopped() is None:
            await self.sweeps.guard(self.clock.now())
        return True

    async def _is_much(self) -> bool:
        denied = await self.index.denied(self.clock.now() - OF_LATE)
        return is_too_much(denied.waiting + denied.removed, denied.tags + denied.removed)

    async def _are_known(self, repositories: Iterable[RepositoryName]) -> bool:
        """A registry never forgets a repository, emptied or not, so one that doesn't know it may have other storage.

        Only on S3 it does forget one that is empty; then a sweep looks at it, which knows more.
        """
        try:
            return None not in [await self.registry.tags(repository) for repository in repositories]
        except RegistryUnavailable:
            return False

    async def _settle_all(
        self, tables: IndexTables, settled: Sequence[tuple[Suspect, Verdict, Checked | None]]
    ) -> None:
        now = self.clock.now()
        removed = sum([await self._settle(tables, *each) for each in settled])
        if removed:
            await tables.removed(removed, now, now - OF_LATE)

    async def _settle(self, tables: IndexTables, suspect: Suspect, verdict: Verdict, checked: Checked | None) -> int:
        """How much it removed. What is held is no wish any more: the sweep asks for it as for all else."""
        now = self.clock.now()
        if verdict is Verdict.UNANSWERED:
            await tables.suspect(suspect.repository, suspect.target, suspect.key, now + RETRY)
        elif verdict in (Verdict.CONFIRMED, Verdict.HELD):
            await tables.confirmed(suspect)
        elif verdict is Verdict.MISSING:
            await tables.missing(suspect, now, now + self.settle)
        elif verdict is Verdict.GONE:
            return await tables.gone(suspect, now)
        elif checked is not None and checked.digest is not None and checked.media_type is not None:
            await tables.moved(suspect, checked.digest, checked.media_type, now)
        return 0


def _verdict(suspect: Suspect, checked: Checked | None) -> Verdict:
    if checked is None:
        return Verdict.UNANSWERED
    if checked.answer is Answer.OTHER:
        return Verdict.MOVED
    if checked.answer is Answer.SAME or suspect.digest is None:
        return Verdict.CONFIRMED
    return Verdict.MISSING if suspect.missing_since is None else Verdict.GONE
