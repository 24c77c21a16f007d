"""Counting pulls: which request counts for what, merged in memory until they are written."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sidecar.domain.events import ManifestPulled
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target


@dataclass(frozen=True, slots=True)
class Pulls:
    """Merged pulls of one manifest or one tag: how many, the last one's time (nanoseconds), and by whom."""

    repository: RepositoryName
    target: Target
    key: str
    count: int
    last_at: int
    last_by: str


@dataclass
class PullLedger:
    """Pulls since the last flush, merged. A crash loses what is in it: the only loss that is allowed (decision 11).

    A manifest counts its GETs, a tag the requests that name it: docker's HEAD by tag and GET by digest are one each.
    """

    uncounted: frozenset[str] = frozenset()
    _latest: dict[str, str] = field(default_factory=dict)
    _merged: dict[tuple[str, Target, str], Pulls] = field(default_factory=dict)

    def add(self, pull: ManifestPulled) -> None:
        """Counts it, unless its principal is one that is left out (scanners).

        A registry process that didn't hear that it was taken sends it once more before any other (fact 2): that is no
        second pull.
        """
        if pull.origin.actor in self.uncounted or self._latest.get(pull.origin.instance) == pull.origin.event:
            return
        self._latest[pull.origin.instance] = pull.origin.event
        if pull.tag is not None:
            self._count(pull, Target.TAG, pull.tag)
        if not pull.by_head:
            self._count(pull, Target.MANIFEST, pull.digest)

    def take(self) -> list[Pulls]:
        """What was counted since the last call."""
        taken, self._merged = list(self._merged.values()), {}
        return taken

    def give_back(self, pulls: Iterable[Pulls]) -> None:
        """Counts again what could not be flushed."""
        for item in pulls:
            self._merge(item)

    def _count(self, pull: ManifestPulled, target: Target, key: str) -> None:
        self._merge(Pulls(pull.repository, target, key, 1, pull.origin.time, pull.origin.actor))

    def _merge(self, pulls: Pulls) -> None:
        key = (pulls.repository, pulls.target, pulls.key)
        known = self._merged.get(key)
        if known is not None:
            last = max(known, pulls, key=lambda item: item.last_at)
            pulls = replace(last, count=known.count + pulls.count)
        self._merged[key] = pulls
