"""The management API in a thread of its own, for tests that speak to it from outside of any loop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.web.api.calling import Api, callable_api


@contextmanager
def served(folder: Path, prepare: Callable[[Api], Awaitable[None]]) -> Iterator[Api]:
    """An API that is ready once `prepare` is done; of what it gives, only what is not awaited may be used."""
    started: list[Api] = []
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with callable_api(folder) as api:
            await prepare(api)
            started.append(api)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(60)
        yield started[0]
    finally:
        done.set()
        thread.join()
