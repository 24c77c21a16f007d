"""Dear questions, bounded: each is asked once however many want its answer, and too many at once are turned away.

Whoever is turned away is told to come back (503 with Retry-After), never that their secret is wrong.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from sidecar.domain.errors import Busy

_T = TypeVar("_T")
_RETRY_SECONDS = 2


class Turns(Generic[_T]):
    """At most `at_once` questions under way, `most` with those that wait, and `of_one` from one asker."""

    def __init__(self, at_once: int, most: int, of_one: int) -> None:
        self._running = asyncio.Semaphore(at_once)
        self._most = most
        self._of_one = of_one
        self._under_way: dict[bytes, asyncio.Task[_T]] = {}
        self._askers: Counter[str] = Counter()

    async def ask(self, key: bytes, asker: str, question: Callable[[], Awaitable[_T]]) -> _T:
        """The answer to this question; `key` is the same for the same question. Raises Busy, or what it raises.

        That one who wants the answer goes away doesn't end the question for the others.
        """
        task = self._under_way.get(key)
        if task is None:
            if len(self._under_way) >= self._most or self._askers[asker] >= self._of_one:
                raise Busy("authentication", _RETRY_SECONDS)
            task = asyncio.create_task(self._answer(question))
            self._under_way[key] = task
            self._askers[asker] += 1
            task.add_done_callback(lambda _: self._done(key, asker))
        return await asyncio.shield(task)

    async def _answer(self, question: Callable[[], Awaitable[_T]]) -> _T:
        async with self._running:
            return await question()

    def _done(self, key: bytes, asker: str) -> None:
        del self._under_way[key]
        self._askers[asker] -= 1
        if not self._askers[asker]:
            del self._askers[asker]
