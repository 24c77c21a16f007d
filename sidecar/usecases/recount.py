"""Counts all sizes and numbers of the index from scratch. What differs from what was kept is mended, and told."""

from dataclasses import dataclass

from sidecar.domain.audit import AuditEntry, Resource
from sidecar.domain.policy import Caller
from sidecar.ports import Clock
from sidecar.ports.index import Index, Miscount


@dataclass(frozen=True, slots=True)
class Recount:
    index: Index
    clock: Clock

    async def __call__(self, caller: Caller) -> list[Miscount]:
        now = self.clock.now()
        return await self.index.recount(
            lambda found: AuditEntry(
                now, caller.actor, caller.asking.method, Resource("index", ""), after={"mended": len(found)}
            )
        )
