"""What people are told of sweeps: metrics, the log, and the `degraded` part of `/readyz`."""

from structlog.typing import FilteringBoundLogger

from sidecar.ports import Clock
from sidecar.ports.sweeps import Drift, Sweep
from sidecar.web.metrics import Metrics


class SweepAlerts:
    """ports.sweeps.SweepObserver. A sweep that stopped is logged once, and stays degraded until it is seen to."""

    def __init__(self, metrics: Metrics, log: FilteringBoundLogger, clock: Clock) -> None:
        self._metrics = metrics
        self._log = log
        self._clock = clock
        self._stopped: tuple[int, str] | None = None
        self._last: Sweep | None = None
        metrics.sweep_stopped.set_function(lambda: 0.0 if self._stopped is None else 1.0)
        metrics.sweep_age.set_function(self._age)

    def trouble(self) -> str | None:
        return None if self._stopped is None else self._stopped[1]

    def found(self, drift: Drift) -> None:
        self._metrics.drift.labels(drift.kind).inc()

    def stopped(self, sweep: Sweep, missing: int) -> None:
        if self._stopped is not None and self._stopped[0] == sweep.id:
            return
        of_all = f"of {sweep.tags} tags"
        lost = (
            f"{missing} {of_all} are missing"
            if missing
            else f"the registry doesn't know the repositories of most {of_all}"
        )
        words = f"a sweep stopped: {lost}; see `sidecar reconcile --accept`"
        self._stopped = (sweep.id, words)
        self._log.error(words, sweep=sweep.id)

    def settled(self, last: Sweep | None) -> None:
        self._stopped, self._last = None, last

    def _age(self) -> float:
        """Seconds since the last full sweep ended; infinite where there was none."""
        if self._last is None or self._last.finished_at is None:
            return float("inf")
        return (self._clock.now() - self._last.finished_at).total_seconds()
