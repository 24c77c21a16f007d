"""Asks the registry whether what was touched is true, once it has settled. The sweep asks the same way (decision 2).

A thing is gone only when the registry has said so for that very thing twice, a settling time apart (S28). No answer,
or an unclear one, changes nothing and is asked for again.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.index import Answer, Checked, Index, IndexTables, RegistryReader, Suspect

RETRY: Final = timedelta(seconds=15)


@dataclass(frozen=True)
class Verify:
    index: Index
    registry: RegistryReader
    clock: Clock
    settle: timedelta

    async def run_once(self, limit: int = 128) -> int:
        """Verifies what is due, at most `limit` keys, and commits the outcome; how many."""
        suspects = await self.index.due(limit, self.clock.now())
        answers = await asyncio.gather(*(self.ask(suspect) for suspect in suspects))
        if suspects:
            async with self.index.applying() as tables:
                for suspect, answer in zip(suspects, answers, strict=True):
                    await self._settle(tables, suspect, answer)
        return len(suspects)

    async def ask(self, suspect: Suspect) -> Checked | None:
        """What the registry says of it; None for no clear answer."""
        try:
            checked = await self.registry.check(suspect.repository, suspect.key, suspect.digest)
        except RegistryUnavailable:
            return None
        contradicts = suspect.target is Target.MANIFEST and checked.digest not in (None, suspect.key)
        return None if contradicts else checked

    async def _settle(self, tables: IndexTables, suspect: Suspect, checked: Checked | None) -> None:
        now = self.clock.now()
        if checked is None:
            await tables.suspect(suspect.repository, suspect.target, suspect.key, now + RETRY)
        elif checked.answer is Answer.SAME:
            await tables.confirmed(suspect)
        elif checked.answer is Answer.OTHER and checked.digest is not None and checked.media_type is not None:
            await tables.moved(suspect, checked.digest, checked.media_type, now)
        elif suspect.digest is None:
            await tables.confirmed(suspect)
        elif suspect.missing_since is None:
            await tables.missing(suspect, now, now + self.settle)
        else:
            await tables.gone(suspect, now)
