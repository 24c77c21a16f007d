"""Quick reads of one SQLite file, on a thread and a connection of their own: asked together, answered together.

To wake the other thread costs more than a small read itself: both want the interpreter at once. So what is asked for in
one turn of the event loop is handed over by one call, read in one go, and its askers are woken by one call, too.
"""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final, TypeVar

from sidecar.adapters.database.completion import to_the_end
from sidecar.adapters.database.driver import Work
from sidecar.adapters.database.sqlite.session import visit
from sidecar.domain.errors import Unavailable

T = TypeVar("T")

_PATIENCE: Final = 0.002
"""Seconds after which an answer is handed over, whatever is still to be read with it."""

_Asked = tuple["asyncio.Future[Any]", Work[Any]]
_Answered = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Glances:
    """Reads in the order in which they are asked for. A read whose asker is gone is done nevertheless."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Asked] = []
        self._asked: SimpleQueue[list[_Asked] | None] = SimpleQueue()
        self._ended = self._loop.create_future()
        self._closing = False
        threading.Thread(target=self._serve, name="glances", daemon=True).start()

    async def read(self, work: Work[T]) -> T:
        """The result of work that is one transaction; Unavailable after the end, where nobody is left to answer."""
        if self._closing:
            raise Unavailable("the database")
        answer: asyncio.Future[T] = self._loop.create_future()
        if not self._waiting:
            self._loop.call_soon(self._ask)
        self._waiting.append((answer, work))
        return await answer

    async def close(self) -> None:
        """When all that was asked for is answered."""
        self._closing = True
        self._loop.call_soon(self._asked.put, None)
        await self._ended

    def _ask(self) -> None:
        """Wakes the thread once for all that was asked for in one turn of the loop."""
        waiting, self._waiting = self._waiting, []
        self._asked.put(waiting)

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            self._answer(asked)
        self._connection.close()
        self._loop.call_soon_threadsafe(self._ended.set_result, None)

    def _answer(self, asked: list[_Asked]) -> None:
        answered: list[_Answered] = []
        began = monotonic()
        for future, work in asked:
            answered.append((future, *self._outcome(work)))
            if monotonic() - began > _PATIENCE:
                self._hand_over(answered)
                answered, began = [], monotonic()
        self._hand_over(answered)

    def _outcome(self, work: Work[Any]) -> tuple[Any, BaseException | None]:
        try:
            return visit(self._connection, "BEGIN", work), None
        except BaseException as error:  # noqa: BLE001 - it is its asker's
            return None, error

    def _hand_over(self, answered: list[_Answered]) -> None:
        if answered:
            self._loop.call_soon_threadsafe(_settle, answered)


def _settle(answered: list[_Answered]) -> None:
    for future, result, error in answered:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


@asynccontextmanager
async def glancing(connect: Callable[[], sqlite3.Connection]) -> AsyncIterator[Glances]:
    """Reads on the connection that `connect` opens; it must not mind threads, and refuse writes."""
    glances = Glances(await asyncio.to_thread(connect))
    try:
        yield glances
    finally:
        await to_the_end(glances.close())
