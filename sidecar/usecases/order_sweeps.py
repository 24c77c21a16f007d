"""A person asks for a sweep, follows it, and reads what it found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sidecar.domain.audit import AuditEntry, Resource
from sidecar.domain.errors import found
from sidecar.domain.names import ProjectId
from sidecar.domain.policy import Caller
from sidecar.ports import Clock
from sidecar.ports.sweeps import Drift, DriftKind, Sweep, SweepOrder, SweepReason, Sweeps

MOST_DRIFT: Final = 10_000
"""How much drift one answer holds at most; the counts are those of all."""


@dataclass(frozen=True, slots=True)
class Report:
    """A sweep as it stands, and how much drift of each kind it found."""

    sweep: Sweep
    counts: Mapping[DriftKind, int]


@dataclass(frozen=True, slots=True)
class OrderSweeps:
    sweeps: Sweeps
    clock: Clock

    async def begin(self, caller: Caller, project: ProjectId | None, dry_run: bool, accepted: bool) -> Report:
        """One that begins when no other is under way; acceptance goes on with the one that stopped, if there is one."""
        order, now = SweepOrder(SweepReason.PERSON, project, dry_run, accepted), self.clock.now()

        def audited(sweep: Sweep) -> AuditEntry:
            resource = Resource("sweep", str(sweep.id), project)
            asked = {"dryRun": dry_run, "accept": accepted, "stage": sweep.stage}
            return AuditEntry(now, caller.actor, caller.asking.method, resource, after=asked)

        return await self._report(await self.sweeps.request(order, now, audited))

    async def report(self, identifier: int) -> Report:
        return await self._report(found(await self.sweeps.get(identifier), "sweep"))

    async def drift(self, identifier: int) -> list[Drift]:
        found(await self.sweeps.get(identifier), "sweep")
        return await self.sweeps.drift(identifier, MOST_DRIFT)

    async def _report(self, sweep: Sweep) -> Report:
        counts = dict.fromkeys(DriftKind, 0)
        for (kind, _), count in (await self.sweeps.counts(sweep.id)).items():
            counts[kind] += count
        return Report(sweep, counts)
