"""What people are told of sweeps."""

from datetime import timedelta

import structlog

from sidecar.ports.sweeps import Sweep, SweepOrder, SweepReason, SweepStage
from sidecar.web.metrics import Metrics
from sidecar.web.sweep_alerts import SweepAlerts
from tests.fakes import HeldClock


def sweep(clock: HeldClock) -> Sweep:
    order = SweepOrder(SweepReason.START)
    return Sweep(7, order, SweepStage.STOPPED, clock.now(), finished_at=clock.now() - timedelta(minutes=1), tags=200)


def test_a_stopped_sweep_is_told_everywhere_until_it_is_seen_to() -> None:
    """/readyz says what to do, the metric is 1, and the log holds one line however often it is told."""
    clock, metrics = HeldClock(), Metrics()
    with structlog.testing.capture_logs() as lines:
        alerts = SweepAlerts(metrics, structlog.get_logger().bind(), clock)
        for _ in range(3):
            alerts.stopped(sweep(clock), 120)
    assert [line["log_level"] for line in lines] == ["error"]
    assert "120 of 200 tags" in (alerts.trouble() or "")
    assert b"sidecar_sweep_stopped 1.0" in metrics.exposition()
    alerts.settled(None)
    assert alerts.trouble() is None


def test_the_age_of_the_last_full_sweep_is_a_metric() -> None:
    """So that somebody is woken when sweeps no longer come to their end."""
    clock, metrics = HeldClock(), Metrics()
    alerts = SweepAlerts(metrics, structlog.get_logger().bind(), clock)
    alerts.settled(sweep(clock))
    assert b"sidecar_sweep_age_seconds 60.0" in metrics.exposition()
