"""What people are told of events and of the index: metrics, and the `degraded` part of `/readyz`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from structlog.typing import FilteringBoundLogger

from sidecar.ports import Clock
from sidecar.ports.inbox import InboxState
from sidecar.ports.index import Backlog, Verdict
from sidecar.web.metrics import Metrics

LATE_SECONDS: Final = 60.0
"""How old an event that isn't applied, or a registry's silence, may grow before it is trouble."""

MOST_INSTANCES: Final = 20
"""Registry processes that are shown one by one: each start makes a new one, and old ones are silent for ever."""
FORGOTTEN: Final = timedelta(days=1)
_MOST_OF_A_NAME: Final = 64


class IndexAlerts(Collector):
    """ports.index.IndexObserver. Ages grow between samples; `inf` stands for "never"."""

    def __init__(self, metrics: Metrics, log: FilteringBoundLogger, clock: Clock, has_secrets: bool) -> None:
        self._log = log
        self._clock = clock
        self._has_secrets = has_secrets
        self._state: InboxState | None = None
        self._silent_since: datetime | None = None
        registry = metrics.registry
        self._indexed = Counter(
            "sidecar_events_indexed", "Events taken from the inbox, by outcome.", ("outcome",), registry=registry
        )
        self._verified = Counter(
            "sidecar_verifications", "Answers to verifications, by what they meant.", ("outcome",), registry=registry
        )
        self._gauges = {name: Gauge(f"sidecar_{name}", meaning, registry=registry) for name, meaning in _GAUGES.items()}
        self._gauges["inbox_oldest_age_seconds"].set_function(lambda: self._age(self._oldest(), 0.0))
        self._gauges["last_event_age_seconds"].set_function(lambda: self._age(self._newest(), float("inf")))
        self._gauges["event_secrets_missing"].set(not has_secrets)
        for outcome in ("applied", "quarantined"):
            self._indexed.labels(outcome)
        for verdict in Verdict:
            self._verified.labels(verdict)
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The last event of each registry process that was heard of lately, so that a silent replica is seen."""
        family = GaugeMetricFamily(
            "sidecar_instance_last_event_age_seconds",
            "Time since the last write event of each registry process of the last day, the newest 20.",
            labels=("instance",),
        )
        heard = {} if self._state is None else self._state.last_event
        newest = sorted(heard.items(), key=lambda item: item[1])[-MOST_INSTANCES:]
        for instance, last in {name[:_MOST_OF_A_NAME]: last for name, last in newest}.items():
            if self._clock.now() - last < FORGOTTEN:
                family.add_metric((instance,), self._age(last, 0.0))
        yield family

    def troubles(self) -> Mapping[str, Callable[[], str | None]]:
        """By name, what is wrong now, or None."""
        return {
            "inbox": self._late,
            "quarantine": self._quarantined,
            "event secrets": self._without_secrets,
            "registry": self._silent,
        }

    def applied(self, events: int) -> None:
        self._indexed.labels("applied").inc(events)

    def poisoned(self) -> None:
        self._indexed.labels("quarantined").inc()
        self._log.error("an event could not be applied: see `sidecar inbox list`")

    def verified(self, verdict: Verdict) -> None:
        self._verified.labels(verdict).inc()
        if verdict is not Verdict.UNANSWERED:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = self._clock.now()

    def sampled(self, state: InboxState, backlog: Backlog) -> None:
        self._state = state
        self._gauges["inbox_events"].set(state.depth)
        self._gauges["quarantine_items"].set(state.quarantined)
        self._gauges["quarantine_bytes"].set(state.quarantined_bytes)
        self._gauges["manifests_to_fetch"].set(backlog.fetches)
        self._gauges["verifications_waiting"].set(backlog.verifications)

    def _late(self) -> str | None:
        age = self._age(self._oldest(), 0.0)
        return f"the oldest event has waited for {age:.0f} s" if age > LATE_SECONDS else None

    def _quarantined(self) -> str | None:
        count = 0 if self._state is None else self._state.quarantined
        return f"{count} events could not be read or applied: see `sidecar inbox list`" if count else None

    def _without_secrets(self) -> str | None:
        return None if self._has_secrets else "events.secrets_file is missing: every event is refused"

    def _silent(self) -> str | None:
        age = self._age(self._silent_since, 0.0)
        return f"the registry has given no clear answer for {age:.0f} s" if age > LATE_SECONDS else None

    def _oldest(self) -> datetime | None:
        return None if self._state is None else self._state.oldest

    def _newest(self) -> datetime | None:
        """The last event of whichever registry process."""
        return None if self._state is None else max(self._state.last_event.values(), default=None)

    def _age(self, since: datetime | None, never: float) -> float:
        return never if since is None else (self._clock.now() - since).total_seconds()


_GAUGES: Final[Mapping[str, str]] = {
    "inbox_events": "Events received and not applied yet.",
    "inbox_oldest_age_seconds": "How long the oldest of them has waited.",
    "quarantine_items": "What could not be read or applied.",
    "quarantine_bytes": "How much that is; events.quarantine_bytes is the cap.",
    "manifests_to_fetch": "Manifests known by digest and not read yet.",
    "verifications_waiting": "Tags and manifests that the registry is yet to be asked about.",
    "last_event_age_seconds": "Time since the last write event was stored.",
    "event_secrets_missing": "1 where events.secrets_file is missing, so that every event is refused.",
}
