"""Asks the registry whether what was touched is true, once it has settled. The sweep asks the same way (decision 2).

A thing is gone only when the registry has said so for that very thing twice, a settling time apart (S28). No answer,
or an unclear one, changes nothing and is asked for again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.index import (
    Answer,
    Checked,
    Index,
    IndexObserver,
    IndexTables,
    RegistryReader,
    Suspect,
    Unobserved,
    Verdict,
)

RETRY: Final = timedelta(seconds=15)


@dataclass(frozen=True)
class Verify:
    index: Index
    registry: RegistryReader
    clock: Clock
    settle: timedelta
    observer: IndexObserver = field(default_factory=Unobserved)

    async def run_once(self, limit: int = 128) -> int:
        """Verifies what is due, at most `limit` keys, and commits the outcome; how many."""
        suspects = await self.index.due(limit, self.clock.now())
        answers = await asyncio.gather(*(self.ask(suspect) for suspect in suspects))
        if suspects:
            settled = list(zip(suspects, answers, strict=True))
            for verdict in await self.index.apply(lambda tables: self._settle_all(tables, settled)):
                self.observer.verified(verdict)
        return len(suspects)

    async def _settle_all(
        self, tables: IndexTables, settled: Sequence[tuple[Suspect, Checked | None]]
    ) -> list[Verdict]:
        return [await self._settle(tables, suspect, answer) for suspect, answer in settled]

    async def ask(self, suspect: Suspect) -> Checked | None:
        """What the registry says of it; None for no clear answer."""
        try:
            checked = await self.registry.check(suspect.repository, suspect.key, suspect.digest)
        except RegistryUnavailable:
            return None
        contradicts = suspect.target is Target.MANIFEST and checked.digest not in (None, suspect.key)
        return None if contradicts else checked

    async def _settle(self, tables: IndexTables, suspect: Suspect, checked: Checked | None) -> Verdict:
        now, verdict = self.clock.now(), _verdict(suspect, checked)
        if verdict is Verdict.UNANSWERED:
            await tables.suspect(suspect.repository, suspect.target, suspect.key, now + RETRY)
        elif verdict is Verdict.CONFIRMED:
            await tables.confirmed(suspect)
        elif verdict is Verdict.MISSING:
            await tables.missing(suspect, now, now + self.settle)
        elif verdict is Verdict.GONE:
            await tables.gone(suspect, now)
        elif checked is not None and checked.digest is not None and checked.media_type is not None:
            await tables.moved(suspect, checked.digest, checked.media_type, now)
        return verdict


def _verdict(suspect: Suspect, checked: Checked | None) -> Verdict:
    if checked is None:
        return Verdict.UNANSWERED
    if checked.answer is Answer.OTHER:
        return Verdict.MOVED
    if checked.answer is Answer.SAME or suspect.digest is None:
        return Verdict.CONFIRMED
    return Verdict.MISSING if suspect.missing_since is None else Verdict.GONE
