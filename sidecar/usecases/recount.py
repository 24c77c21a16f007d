"""Counts all sizes and numbers of the index from scratch. What differs from what was kept is mended, and told."""

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.domain.audit import AuditEntry, Resource
from sidecar.domain.policy import Caller
from sidecar.ports import Clock
from sidecar.ports.index import Index, Miscount


@dataclass
class Recount:
    """`done` of `total` repositories and projects are counted, by the recount under way or the last one."""

    index: Index
    clock: Clock
    done: int = 0
    total: int = 0

    async def __call__(self, caller: Caller) -> list[Miscount]:
        now = self.clock.now()

        def audited(found: Sequence[Miscount]) -> AuditEntry:
            method, whole = caller.asking.method, Resource("index", "")
            return AuditEntry(now, caller.actor, method, whole, after={"mended": len(found)})

        return await self.index.recount(audited, self._come_so_far)

    def _come_so_far(self, done: int, total: int) -> None:
        self.done, self.total = done, total
