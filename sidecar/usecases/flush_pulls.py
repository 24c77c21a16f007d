"""Writes what the pull ledger has counted; what can't be written now is counted again."""

from dataclasses import dataclass

from sidecar.domain.pulls import PullLedger
from sidecar.ports.index import Index


@dataclass(frozen=True)
class FlushPulls:
    pulls: PullLedger
    index: Index

    async def __call__(self) -> None:
        taken = self.pulls.take()
        if not taken:
            return
        try:
            async with self.index.applying() as tables:
                await tables.count_pulls(taken)
        except BaseException:
            self.pulls.give_back(taken)
            raise
