"""ports.changing.RemovalObserver: how far the deletion of a repository has come, in the log."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import structlog

from sidecar.domain.names import RepositoryName
from sidecar.ports import Clock

_EVERY: Final = timedelta(seconds=5)


class LoggedRemovals:
    """A line every few seconds while something large goes, and nothing of what goes at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[RepositoryName, datetime] = {}
        self._tags: Counter[RepositoryName] = Counter()
        self._manifests: Counter[RepositoryName] = Counter()

    def removed(self, repository: RepositoryName, tags: int, manifests: int) -> None:
        now = self._clock.now()
        self._tags[repository] += tags
        self._manifests[repository] += manifests
        if now - self._told.setdefault(repository, now) >= _EVERY:
            self._told[repository] = now
            self._say("a repository is being deleted", repository)

    def ended(self, repository: RepositoryName) -> None:
        self._say("a repository was deleted", repository)
        for counts in (self._told, self._tags, self._manifests):
            counts.pop(repository, None)

    def _say(self, words: str, repository: RepositoryName) -> None:
        tags, manifests = self._tags[repository], self._manifests[repository]
        structlog.get_logger().info(words, repository=repository, tags=tags, manifests=manifests)
