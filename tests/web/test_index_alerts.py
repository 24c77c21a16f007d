"""What metrics and /readyz tell of events and of the index."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from sidecar.ports.inbox import InboxState
from sidecar.ports.index import Backlog, Verdict
from sidecar.ports.sweeps import DriftKind
from sidecar.web.index_alerts import IndexAlerts
from sidecar.web.metrics import Metrics
from tests.fakes import HeldClock
from tests.notifications import envelope, event
from tests.running import Sidecar, running


class Scene:
    def __init__(self, has_secrets: bool = True) -> None:
        self.clock = HeldClock()
        self.metrics = Metrics()
        self.alerts = IndexAlerts(self.metrics, structlog.get_logger().bind(), self.clock, has_secrets)

    def sample(self, depth: int = 0, quarantined: int = 0, **last_event: int) -> None:
        """`last_event` is instance → seconds ago; the oldest event that waits came now."""
        now = self.clock.now()
        seen = {name: now - timedelta(seconds=ago) for name, ago in last_event.items()}
        state = InboxState(depth, now if depth else None, quarantined, 512 * quarantined, seen)
        self.alerts.sampled(state, Backlog(fetches=3, verifications=4))

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"sidecar_{name}", labels)

    def troubles(self) -> dict[str, str]:
        found = {name: ask() for name, ask in self.alerts.troubles().items()}
        return {name: trouble for name, trouble in found.items() if trouble is not None}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_waits_is_shown(scene: Scene) -> None:
    """Depth, quarantine, manifests to fetch, verifications."""
    scene.sample(depth=2, quarantined=1)
    shown = ("inbox_events", "quarantine_items", "quarantine_bytes", "manifests_to_fetch", "verifications_waiting")
    assert [scene.value(name) for name in shown] == [2, 1, 512, 3, 4]


def test_ages_grow_between_samples(scene: Scene) -> None:
    """A watcher that died doesn't freeze them."""
    scene.sample(depth=1, one=5, two=50)
    scene.clock.advance(seconds=10)
    assert scene.value("inbox_oldest_age_seconds") == 10
    assert scene.value("last_event_age_seconds") == 15


def test_each_registry_process_is_shown(scene: Scene) -> None:
    """Its last event; those of another day, and more than twenty, are not."""
    scene.sample(one=5, two=50, old=90_000)
    ages = {name: scene.value("instance_last_event_age_seconds", instance=name) for name in ("one", "two", "old")}
    assert ages == {"one": 5, "two": 50, "old": None}
    scene.sample(**{f"i{number}": number for number in range(30)})
    shown = [
        name for name in range(30) if scene.value("instance_last_event_age_seconds", instance=f"i{name}") is not None
    ]
    assert shown == list(range(20))


def test_outcomes_begin_at_nothing(scene: Scene) -> None:
    """An alert on an increase needs a value from before the first one."""
    assert scene.value("events_indexed_total", outcome="quarantined") == 0
    assert [scene.value("verifications_total", outcome=verdict) for verdict in Verdict] == [0] * len(Verdict)
    assert [scene.value("drift_total", kind=kind) for kind in DriftKind] == [0] * len(DriftKind)


def test_no_event_yet_is_not_a_recent_one(scene: Scene) -> None:
    """A registry that was never heard shows as such."""
    scene.sample()
    assert scene.value("last_event_age_seconds") == float("inf")


def test_outcomes_are_counted(scene: Scene) -> None:
    """Of applying, and of verifying."""
    scene.alerts.applied(3)
    scene.alerts.poisoned()
    for verdict in (Verdict.CONFIRMED, Verdict.CONFIRMED, Verdict.GONE):
        scene.alerts.verified(verdict)
    assert scene.value("events_indexed_total", outcome="applied") == 3
    assert scene.value("events_indexed_total", outcome="quarantined") == 1
    assert scene.value("verifications_total", outcome="confirmed") == 2
    assert scene.value("verifications_total", outcome="gone") == 1


def test_all_well_is_no_trouble(scene: Scene) -> None:
    """Events that wait a moment are usual."""
    scene.sample(depth=100, one=1)
    scene.alerts.verified(Verdict.UNANSWERED)
    scene.clock.advance(seconds=59)
    assert scene.troubles() == {}


def test_an_event_that_waits_too_long_is_trouble(scene: Scene) -> None:
    """Images don't appear: said, and since when."""
    scene.sample(depth=1)
    scene.clock.advance(seconds=61)
    assert scene.troubles() == {"inbox": "the oldest event has waited for 61 s"}


def test_quarantine_is_trouble_until_it_is_settled(scene: Scene) -> None:
    """With the command to look at it."""
    scene.sample(quarantined=2)
    assert "sidecar inbox list" in scene.troubles()["quarantine"]
    scene.sample()
    assert scene.troubles() == {}


def test_a_registry_that_keeps_silent_is_trouble(scene: Scene) -> None:
    """From the first unanswered question on, until one is answered."""
    scene.alerts.verified(Verdict.UNANSWERED)
    scene.clock.advance(seconds=50)
    scene.alerts.verified(Verdict.UNANSWERED)
    scene.clock.advance(seconds=11)
    assert "61 s" in scene.troubles()["registry"]
    scene.alerts.verified(Verdict.CONFIRMED)
    assert scene.troubles() == {}


def test_a_missing_secrets_file_is_trouble() -> None:
    """Every event is refused then."""
    scene = Scene(has_secrets=False)
    assert scene.value("event_secrets_missing") == 1
    assert "secrets_file" in scene.troubles()["event secrets"]


async def readiness(sidecar: Sidecar) -> tuple[int, dict[str, Any]]:
    async with sidecar.http.get(f"{sidecar.url}/readyz") as answer:
        return answer.status, (await answer.json())["degraded"]


async def test_a_sick_index_never_takes_logins_down(tmp_path: Path) -> None:
    """Decision 5: degraded, and ready all the same."""
    async with running(tmp_path, events={"secrets_file": "nowhere"}) as sidecar:
        status, degraded = await readiness(sidecar)
    assert status == 200
    assert "event secrets" in degraded


async def test_what_is_sampled_is_what_is_there(tmp_path: Path) -> None:
    """Through the whole application: an event indexed, and a manifest that waits because no registry answers."""
    async with running(tmp_path) as sidecar:
        secret = sidecar.application.core.config.events.secrets_file.read_text().strip()
        headers = {"Authorization": f"Bearer {secret}"}
        await sidecar.http.post(f"{sidecar.url}/events", data=envelope(event("e1", tag="v1")), headers=headers)
        shown: dict[str, float] = {}
        async with asyncio.timeout(20):
            while shown.get("sidecar_manifests_to_fetch") != 1.0:
                await asyncio.sleep(0.1)
                shown = await exposition(sidecar)
    assert shown['sidecar_events_indexed_total{outcome="applied"}'] == 1
    assert shown["sidecar_last_event_age_seconds"] == 0


async def exposition(sidecar: Sidecar) -> dict[str, float]:
    async with sidecar.http.get(f"{sidecar.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}
