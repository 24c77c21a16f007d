"""Begins sweeps by themselves: after a start, after a registry's restart, and at an interval (decision 2).

None while one stands stopped: that one waits for a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.sweeps import DriftKind, Sweep, SweepObserver, SweepOrder, SweepReason, Sweeps


@dataclass(frozen=True)
class ScheduleSweeps:
    """`interval` counts from the end of the last full sweep, 0 is never; `least` stands between the starts of two.

    `began_at` is when this process began.
    """

    sweeps: Sweeps
    observer: SweepObserver
    clock: Clock
    interval: timedelta
    least: timedelta
    began_at: datetime

    async def run_once(self) -> None:
        """Asks for a sweep where one is due, and tells how things stand."""
        stopped = await self.sweeps.stopped()
        if stopped is not None:
            missing = await self.sweeps.counts(stopped.id)
            self.observer.stopped(stopped, missing.get((DriftKind.MISSING, Target.TAG), 0))
            return
        self.observer.settled(await self.sweeps.finished_full())
        reason = await self._reason(await self.sweeps.last_full())
        if reason is not None:
            await self.sweeps.request(SweepOrder(reason), self.clock.now())

    async def _reason(self, last: Sweep | None) -> SweepReason | None:
        """One from after now was begun by a clock that was ahead: nothing can be told from it."""
        now = self.clock.now()
        if not self.interval:
            return None
        if last is None or last.started_at is None or last.started_at > now:
            return SweepReason.START
        if now - last.started_at < self.least:
            return None
        if last.started_at < self.began_at:
            return SweepReason.START
        newest = await self.sweeps.newest_instance_at()
        if newest is not None and newest > last.started_at:
            return SweepReason.INSTANCE
        return SweepReason.INTERVAL if last.finished_at and now - last.finished_at >= self.interval else None
