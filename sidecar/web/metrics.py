"""What the process tells Prometheus. Labels come from fixed sets: a name of a person or repository is never one."""

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One registry of its own, so that two applications in one process don't meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        requests = Counter(
            "sidecar_http_requests",
            "HTTP requests by route pattern and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        seconds = Histogram(
            "sidecar_http_request_seconds",
            "Time from the head of a request to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        tokens = Counter(
            "sidecar_tokens",
            "Answers of the token endpoint by outcome and by what proved the caller.",
            ("outcome", "authenticator"),
            registry=self.registry,
        )
        self.events = Counter(
            "sidecar_events",
            "Registry events by what became of them at the door.",
            ("outcome",),
            registry=self.registry,
        )
        self.drift = Counter(
            "sidecar_drift",
            "Differences between index and registry that sweeps found, by kind.",
            ("kind",),
            registry=self.registry,
        )
        self.sweep_age = Gauge(
            "sidecar_sweep_age_seconds", "Time since the last full sweep ended.", registry=self.registry
        )
        self.sweep_stopped = Gauge(
            "sidecar_sweep_stopped", "1 while a sweep waits for a person's acceptance.", registry=self.registry
        )
        self._request, self._second, self._token = cache(requests.labels), cache(seconds.labels), cache(tokens.labels)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one HTTP request. `route` is a pattern, never a path."""
        self._request(method, route, status).inc()
        self._second(route).observe(seconds)

    def token_answered(self, outcome: str, authenticator: str) -> None:
        """Counts one answer of the token endpoint."""
        self._token(outcome, authenticator).inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
