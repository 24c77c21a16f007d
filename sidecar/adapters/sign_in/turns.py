"""Dear questions, bounded: each is asked once however many want its answer, and too many at once are turned away.

Whoever is turned away is told to come back (503 with Retry-After), never that their secret is wrong. What is asked from
one place never takes all of the room: whoever guesses in somebody's name turns away themselves, and not that somebody.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from sidecar.domain.errors import Busy
from sidecar.domain.identity import Credentials
from sidecar.domain.throttle import network_of

_T = TypeVar("_T")
_RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to know: the name that they claim, if any, and where they are."""

    name: str
    place: str

    @classmethod
    def of(cls, shown: Credentials) -> Self:
        return cls(shown.user, network_of(shown.address))


class Turns(Generic[_T]):
    """At most `at_once` questions under way, and `most` with those that wait.

    Of these at most `of_one` are one name's from one place, and three quarters of `most` are from one place.
    """

    def __init__(self, at_once: int, most: int, of_one: int) -> None:
        self._running = asyncio.Semaphore(at_once)
        self._most = most
        self._of_place = most * 3 // 4
        self._of_one = of_one
        self._under_way: dict[bytes, asyncio.Task[_T]] = {}
        self._askers: Counter[Asker] = Counter()
        self._places: Counter[str] = Counter()

    async def ask(self, key: bytes, asker: Asker, question: Callable[[], Awaitable[_T]]) -> _T:
        """The answer to this question; `key` is the same for the same question. Raises Busy, or what it raises.

        That one who wants the answer goes away doesn't end the question for the others.
        """
        task = self._under_way.get(key)
        if task is None:
            if self._is_full_for(asker):
                raise Busy("authentication", _RETRY_SECONDS)
            task = asyncio.create_task(self._answer(question))
            self._under_way[key] = task
            self._askers[asker] += 1
            self._places[asker.place] += 1
            task.add_done_callback(lambda _: self._done(key, asker))
        return await asyncio.shield(task)

    def _is_full_for(self, asker: Asker) -> bool:
        return (
            len(self._under_way) >= self._most
            or self._askers[asker] >= self._of_one
            or self._places[asker.place] >= self._of_place
        )

    async def _answer(self, question: Callable[[], Awaitable[_T]]) -> _T:
        async with self._running:
            return await question()

    def _done(self, key: bytes, asker: Asker) -> None:
        del self._under_way[key]
        self._askers -= Counter((asker,))
        self._places -= Counter((asker.place,))
