"""The namespace `reconcile`: sweeps that compare the index with the registry, behind `sidecar reconcile`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Self

from sidecar.domain.policy import Caller
from sidecar.domain.roles import OPERATE
from sidecar.ports.sweeps import DriftKind
from sidecar.usecases.order_sweeps import OrderSweeps, Report
from sidecar.usecases.recount import Recount
from sidecar.web.api.bodies import Body, Result
from sidecar.web.api.fields import ProjectField, Whole
from sidecar.web.api.methods import AnyMethod, Method


class BeginSweep(Body):
    project: ProjectField | None = None
    """Only what this project owns; without it, the whole registry."""
    dry_run: bool = False
    """Only say what would change."""
    accept: bool = False
    """Let the sweep that stopped remove much: it looks at everything anew."""


class NamedSweep(Body):
    id: Annotated[int, Whole(1, 2**53)]
    """What reconcile.begin answered."""


class SweepResult(Result):
    id: int
    stage: str
    """`waiting`, `sweeping`, `confirming`, `stopped` or `done`."""
    reason: str
    """`person`, `start`, `interval`, `instance` (a registry's process that was not known) or `denials` (answers to
    verifications would have removed much)."""
    project: str | None = None
    dry_run: bool
    started_at: datetime | None = None
    finished_at: datetime | None = None
    repositories: int
    """How many it looks at."""
    swept: int
    """How many it has looked at."""
    tags: int
    """How many tags the index held of them when it began."""
    checked: int
    """How many tags and manifests it asked for."""
    unanswered: int
    """Questions that the registry gave no clear answer to; nothing was changed for them."""
    added: int
    changed: int
    missing: int
    """Denied once. In a dry run, and while the sweep stands stopped, this is what would be removed; 0 where
    it stopped at once, because the registry doesn't know the repositories of most tags."""
    removed: int

    @classmethod
    def of(cls, report: Report) -> Self:
        sweep, counts = report.sweep, report.counts
        return cls(
            id=sweep.id,
            stage=sweep.stage,
            reason=sweep.order.reason,
            project=sweep.order.project,
            dry_run=sweep.order.dry_run,
            started_at=sweep.started_at,
            finished_at=sweep.finished_at,
            repositories=sweep.repositories,
            swept=sweep.swept,
            tags=sweep.tags,
            checked=sweep.checked,
            unanswered=sweep.unanswered,
            added=counts[DriftKind.ADDED],
            changed=counts[DriftKind.CHANGED],
            missing=counts[DriftKind.MISSING],
            removed=counts[DriftKind.REMOVED],
        )


class DriftResult(Result):
    repository: str
    target: str
    """`tag` or `manifest`."""
    key: str
    """The tag, or the manifest's digest."""
    kind: str
    """`added`, `changed`, `missing` or `removed`."""
    before: str | None = None
    """What the index believed."""
    after: str | None = None
    """What the registry showed."""
    found_at: datetime


class DriftList(Result):
    items: list[DriftResult]


class MiscountResult(Result):
    what: str
    kept: int
    counted: int


class MiscountList(Result):
    items: list[MiscountResult]
    """None, unless a fault of the sidecar made sizes wrong; what is listed is mended."""


class RecountProgress(Result):
    done: int
    """How many repositories and projects are counted."""
    total: int
    """Of how many; 0 where none was ever begun."""


_FIRST: Final = {"id": 1}


@dataclass(frozen=True, slots=True)
class ReconcileNamespace:
    sweeps: OrderSweeps
    counts: Recount

    def methods(self) -> Sequence[AnyMethod]:
        begin = {"project": "acme", "dryRun": True}
        missing = ("sweep_not_found",)
        return (
            Method("reconcile.begin", OPERATE, BeginSweep, SweepResult, self.begin, begin),
            Method("reconcile.get", OPERATE, NamedSweep, SweepResult, self.get, _FIRST, missing),
            Method("reconcile.drift", OPERATE, NamedSweep, DriftList, self.drift, _FIRST, missing),
            Method("reconcile.recount", OPERATE, Body, MiscountList, self.recount, {}),
            Method("reconcile.getRecount", OPERATE, Body, RecountProgress, self.get_recount, {}),
        )

    async def begin(self, caller: Caller, body: BeginSweep) -> SweepResult:
        """Asks for a sweep: it begins when no other is under way, and goes on whoever watches."""
        return SweepResult.of(await self.sweeps.begin(caller, body.project, body.dry_run, body.accept))

    async def get(self, _: Caller, body: NamedSweep) -> SweepResult:
        """How far a sweep has come, and how much it found."""
        return SweepResult.of(await self.sweeps.report(body.id))

    async def drift(self, _: Caller, body: NamedSweep) -> DriftList:
        """What a sweep found to differ, at most 10,000 of it, by repository."""
        items = [
            DriftResult(
                repository=drift.repository,
                target=drift.target,
                key=drift.key,
                kind=drift.kind,
                before=drift.before,
                after=drift.after,
                found_at=drift.found_at,
            )
            for drift in await self.sweeps.drift(body.id)
        ]
        return DriftList(items=items)

    async def recount(self, caller: Caller, _: Body) -> MiscountList:
        """Counts all sizes and numbers of the index from scratch, and mends what differs from what was kept.

        It answers when all is counted, which takes minutes where there is much; nobody else waits for it.
        """
        found = await self.counts(caller)
        items = [MiscountResult(what=item.what, kept=item.kept, counted=item.counted) for item in found]
        return MiscountList(items=items)

    async def get_recount(self, _: Caller, __: Body) -> RecountProgress:
        """How far the recount under way has come, or the last one did since the start."""
        return RecountProgress(done=self.counts.done, total=self.counts.total)
