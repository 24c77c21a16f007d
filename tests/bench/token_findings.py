"""What was measured, and the numbers that are told of it."""

import statistics
from dataclasses import dataclass

from tests.bench.load import Measured


@dataclass(frozen=True, slots=True)
class Process:
    """A sidecar with so many projects: seconds until it was ready, and MiB of memory after the load."""

    projects: int
    ready_after: float
    memory: float


@dataclass(frozen=True, slots=True)
class Findings:
    """`runs` holds one measurement a round for each target, `work` the processor's microseconds for each request.

    `waited` is the part of each round in which the server was ready to work, and its core did something else.

    `shares` are the percents of the profiler by owner.
    """

    seconds: int
    answer_bytes: int
    runs: dict[str, list[Measured]]
    work: dict[str, list[float]]
    waited: dict[str, list[float]]
    small: Process
    large: Process
    revoked: list[float]
    shares: dict[str, dict[str, float]]

    def rate(self, name: str) -> float:
        return statistics.median(run.rate for run in self.runs[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the rounds' own ratios: the two were loaded seconds apart."""
        pairs = zip(self.runs[name], self.runs[to], strict=True)
        return statistics.median(run.rate / other.rate for run, other in pairs)

    def work_per_request(self, name: str) -> float:
        return statistics.median(self.work[name])

    def work_ratio(self, name: str, to: str) -> float:
        """How much less the processor does for `to`: the same ratio, whatever else runs on the core meanwhile."""
        pairs = zip(self.work[name], self.work[to], strict=True)
        return statistics.median(other / own for own, other in pairs)

    def calmest(self, name: str) -> tuple[Measured, float]:
        """The run in which the server waited least, and how much: latencies of the others are the machine's."""
        return min(zip(self.runs[name], self.waited[name], strict=True), key=lambda pair: pair[1])
