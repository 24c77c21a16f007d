"""The background work that turns events into an index, and the index into the registry's truth."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.adapters.background import Repeating
from sidecar.adapters.pace import Pace
from sidecar.bootstrap.core import Core
from sidecar.domain.pulls import PullLedger
from sidecar.ports.index import IndexObserver
from sidecar.usecases.assign_projects import AssignProjects
from sidecar.usecases.fetch_manifests import FetchManifests
from sidecar.usecases.flush_pulls import FlushPulls
from sidecar.usecases.index_events import PORTION, IndexEvents
from sidecar.usecases.reconcile import Reconcile
from sidecar.usecases.schedule_sweeps import ScheduleSweeps
from sidecar.usecases.verify import Verify
from sidecar.usecases.watch_index import WatchIndex
from sidecar.web.sweep_alerts import SweepAlerts

_INDEX_SECONDS: Final = 0.5
"""How often events and manifests are looked for that nobody told of: those from before the start, or put off."""
_TOGETHER_SECONDS: Final = 0.02
"""How long an event waits for others to be indexed with it: each transaction holds up those that are being stored."""
_VERIFY_SECONDS: Final = 0.5
"""How late a due verification may begin."""
_SWEEP_SECONDS: Final = 0.5
"""How soon a sweep that is due begins, and how often one that waits looks again."""
_ASSIGN_SECONDS: Final = 1.0
"""How soon repositories follow a project that came, went or owns other names."""
_WATCH_SECONDS: Final = 5.0
"""How often what waits is counted for metrics and alerts."""
_PULLS_SECONDS: Final = 10.0
"""How often pulls are written: a crash loses those of so long (decision 11)."""


@dataclass(frozen=True, slots=True)
class IndexWork:
    """`indexing` is nudged when events are stored, `fetching` when there are manifests to fetch; `beside` by itself."""

    indexing: Repeating
    fetching: Repeating
    beside: tuple[Repeating, ...]

    def __iter__(self) -> Iterator[Repeating]:
        yield from (self.indexing, self.fetching, *self.beside)


def index_work(core: Core, pulls: PullLedger, observer: IndexObserver, alerts: SweepAlerts) -> IndexWork:
    """All of it, not yet running."""
    settle = timedelta(seconds=core.config.events.settle_seconds)
    verify = Verify(core.index, core.registry, core.clock, settle, core.sweeps, observer)
    fetch = FetchManifests(core.index, core.registry, core.clock, core.echoes)
    fetching = Repeating("fetching", _INDEX_SECONDS, fetch.run_once)
    index = _then(IndexEvents(core.inbox, core.index, core.clock, settle, observer).run_once, fetching.nudge)
    return IndexWork(
        Repeating("indexing", _INDEX_SECONDS, index, portion=PORTION, gather=_TOGETHER_SECONDS),
        fetching,
        (
            Repeating("verifying", _VERIFY_SECONDS, verify.run_once),
            Repeating("beginning sweeps", _SWEEP_SECONDS, _schedule(core, alerts).run_once),
            Repeating("sweeping", _SWEEP_SECONDS, _reconcile(core, verify, alerts).run_once),
            Repeating("assigning projects", _ASSIGN_SECONDS, AssignProjects(core.access, core.index).run_once),
            Repeating("watching", _WATCH_SECONDS, WatchIndex(core.inbox, core.index, observer).run_once),
            Repeating("counting pulls", _PULLS_SECONDS, FlushPulls(pulls, core.index), at_end=True),
        ),
    )


def _then(work: Callable[[], Awaitable[int]], nudge: Callable[[], None]) -> Callable[[], Awaitable[int]]:
    """Where the work found something to do, what comes next is told."""

    async def both() -> int:
        done = await work()
        if done:
            nudge()
        return done

    return both


def _schedule(core: Core, alerts: SweepAlerts) -> ScheduleSweeps:
    settings, now = core.config.reconcile, core.clock.now()
    interval, least = timedelta(seconds=settings.interval_seconds), timedelta(seconds=settings.least_seconds)
    return ScheduleSweeps(core.sweeps, alerts, core.clock, interval, least, began_at=now)


def _reconcile(core: Core, verify: Verify, alerts: SweepAlerts) -> Reconcile:
    """Reconciling asks as verifying does (decision 2)."""
    settings = core.config.reconcile
    return Reconcile(
        index=core.index,
        registry=core.registry,
        sweeps=core.sweeps,
        clock=core.clock,
        ask=verify.ask,
        pace=Pace(settings.requests_per_second, core.echoes, core.clock),
        owner_of=core.access.owner_of,
        pushes=core.pushes,
        observer=alerts,
        settle=verify.settle,
        concurrency=settings.concurrency,
    )
