"""Counts what anybody can cause as often as they like, by what it is: within bounds, whoever causes it.

A count is taken from time to time and written down elsewhere. What was noted within one WINDOW stays known until it
ends, taken or not, so that the number of different things per window is bounded, too.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

WINDOW: Final = timedelta(minutes=5)
"""What happens often is told once for each such stretch of time, with how often."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

K = TypeVar("K", bound=Hashable)


def window_of(at: datetime) -> datetime:
    """When the window of this moment began."""
    return at - (at - _EPOCH) % WINDOW


@dataclass(frozen=True, slots=True)
class Counted(Generic[K]):
    """How often it happened, and when the first and the last time, since it was taken."""

    key: K
    count: int
    first: datetime
    last: datetime


class Tally(Generic[K]):
    """At most `most` different keys per window, and `most_of_one` of those that `cause` says have one cause.

    What goes beyond is counted as what `others` makes of it: a key of which there are few. None forgets it.
    """

    def __init__(
        self,
        most: int,
        most_of_one: int,
        cause: Callable[[K], Hashable],
        others: Callable[[K], K | None],
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._cause = cause
        self._others = others
        self._window: datetime | None = None
        self._counts: dict[K, Counted[K] | None] = {}
        self._causes: Counter[Hashable] = Counter()
        self._left: list[Counted[K]] = []

    def note(self, key: K, at: datetime) -> None:
        window = window_of(at)
        if window != self._window:
            self._begin(window)
        if key not in self._counts:
            if self._is_beyond(key):
                other = self._others(key)
                if other is None:
                    return
                key = other
            else:
                self._causes[self._cause(key)] += 1
        known = self._counts.get(key)
        self._counts[key] = Counted(key, 1, at, at) if known is None else replace(known, count=known.count + 1, last=at)

    def take(self) -> Sequence[Counted[K]]:
        """What was noted since the last time."""
        taken = [*self._left, *(counted for counted in self._counts.values() if counted is not None)]
        self._left = []
        self._counts = dict.fromkeys(self._counts)
        return taken

    def give_back(self, counted: Sequence[Counted[K]]) -> None:
        """It could not be written down, and is taken again; within bounds, the newest."""
        self._leave([*counted, *self._left])

    def _begin(self, window: datetime) -> None:
        self._leave([*self._left, *(counted for counted in self._counts.values() if counted is not None)])
        self._window = window
        self._counts = {}
        self._causes.clear()

    def _leave(self, counted: list[Counted[K]]) -> None:
        self._left = counted[-2 * self._most :]

    def _is_beyond(self, key: K) -> bool:
        return len(self._counts) >= self._most or self._causes[self._cause(key)] >= self._most_of_one
