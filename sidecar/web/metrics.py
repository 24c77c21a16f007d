"""What the process tells Prometheus. Labels come from fixed sets: a name of a person or repository is never one."""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from sidecar.ports.sweeps import DriftKind

_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS: Final = tuple(map(str, (*_SECONDS, "+Inf")))


class _Traffic(Collector):
    """What every request counts, as plain sums: the library's counters cost several times as much, under locks."""

    def __init__(self) -> None:
        self.requests: Tally[tuple[str, str, str]] = Tally()
        self.tokens: Tally[tuple[str, str]] = Tally()
        self._times: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, route: str, seconds: float) -> None:
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = [0] * len(_BOUNDS)
        times[bisect_left(_SECONDS, seconds)] += 1
        self._sums[route] = self._sums.get(route, 0.0) + seconds

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "sidecar_http_requests",
            "HTTP requests by route pattern and status.",
            labels=("method", "route", "status"),
        )
        for labels, count in self.requests.items():
            requests.add_metric(labels, count)
        seconds = HistogramMetricFamily(
            "sidecar_http_request_seconds", "Time from the head of a request to its answer.", labels=("route",)
        )
        for route, times in self._times.items():
            buckets = list(zip(_BOUNDS, accumulate(times), strict=True))
            seconds.add_metric((route,), buckets, self._sums[route])
        tokens = CounterMetricFamily(
            "sidecar_tokens",
            "Answers of the token endpoint by outcome and by what proved the caller.",
            labels=("outcome", "authenticator"),
        )
        for pair, count in self.tokens.items():
            tokens.add_metric(pair, count)
        yield from (requests, seconds, tokens)


class Metrics:
    """One registry of its own, so that two applications in one process don't meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._traffic = _Traffic()
        self.registry.register(self._traffic)
        self.events = Counter(
            "sidecar_events",
            "Registry events by what became of them at the door.",
            ("outcome",),
            registry=self.registry,
        )
        self._refused_sign_ins = Counter(
            "sidecar_sign_ins_refused",
            "Sign-ins with credentials that don't count, by what was wrong, and whether the client was told to wait.",
            ("fault", "throttled"),
            registry=self.registry,
        )
        self.drift = Counter(
            "sidecar_drift",
            "Differences between index and registry that sweeps found, by kind.",
            ("kind",),
            registry=self.registry,
        )
        self.sign_ins = Counter(
            "sidecar_sign_ins",
            "Sign-ins by what others vouch for, by authenticator and outcome.",
            ("authenticator", "outcome"),
            registry=self.registry,
        )
        self.keys_age = Gauge(
            "sidecar_oidc_keys_age_seconds",
            "Time since the keys of an OIDC provider were fetched.",
            ("issuer",),
            registry=self.registry,
        )
        for kind in DriftKind:
            self.drift.labels(kind)
        self.sweep_age = Gauge(
            "sidecar_sweep_age_seconds", "Time since the last full sweep ended.", registry=self.registry
        )
        self.sweep_stopped = Gauge(
            "sidecar_sweep_stopped", "1 while a sweep waits for a person's acceptance.", registry=self.registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one HTTP request. `route` is a pattern, never a path."""
        self._traffic.requests[method, route, str(status)] += 1
        self._traffic.observe(route, seconds)

    def signed_in(self, authenticator: str, outcome: str) -> None:
        """Counts what came of credentials that an authenticator called its own."""
        self.sign_ins.labels(authenticator, outcome).inc()

    def token_answered(self, outcome: str, authenticator: str) -> None:
        """Counts one answer of the token endpoint."""
        self._traffic.tokens[outcome, authenticator] += 1

    def sign_in_refused(self, fault: str, throttled: bool) -> None:
        """Counts one sign-in with credentials that don't count."""
        self._refused_sign_ins.labels(fault, str(throttled).lower()).inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
