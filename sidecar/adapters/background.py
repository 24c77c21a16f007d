"""Work that repeats beside the requests. What fails is told, tried again, and shows as degraded until it succeeds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

TOLD_AGAIN_SECONDS: Final = 60.0
"""How long what fails again and again in the same way is not told of anew: an outage must not fill the log."""

Work = Callable[[], Awaitable[int | None]]
"""How much was done."""


@dataclass(frozen=True, slots=True)
class Repeating:
    """`trouble()` is what went wrong the last time, in a word, or None.

    After a failure it rests for `rest` seconds at least: what fails at once would otherwise fill the log.
    `at_end` is for what would be lost otherwise: once more when everything ends. Work that asks the registry has no
    place there, because ending must not wait for it.
    Once it has done `portion` or more it goes on at once: more may be waiting. Nudged, it first waits for `gather`
    seconds, so that what comes close together is done together.
    """

    name: str
    seconds: float
    work: Work
    at_end: bool = False
    rest: float = 1.0
    portion: int = 1
    gather: float = 0.0
    _troubles: list[str] = field(default_factory=list)
    _told: list[float] = field(default_factory=list)
    _nudged: asyncio.Event = field(default_factory=asyncio.Event)

    def nudge(self) -> None:
        """There is something to do: it goes on at once rather than at its time, but for the rest after a failure."""
        self._nudged.set()

    def trouble(self) -> str | None:
        return self._troubles[-1] if self._troubles else None

    async def once(self) -> int | None:
        """Does the work; a failure is logged and remembered, not raised: the next time may succeed."""
        try:
            done = await self.work()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the process serves on, and says so
            self._tell(fault)
            return None
        self._troubles.clear()
        return done

    def _tell(self, fault: Exception) -> None:
        now, kind = asyncio.get_running_loop().time(), type(fault).__name__
        if self.trouble() != kind or now - self._told[-1] >= TOLD_AGAIN_SECONDS:
            self._told[:] = [now]
            structlog.get_logger().error("background work failed", work=self.name, exc_info=fault)
        self._troubles[:] = [kind]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Repeats while the block runs."""
        task = asyncio.create_task(self._repeat(), name=self.name)
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            if self.at_end:
                await self.once()

    async def _repeat(self) -> None:
        while True:
            self._nudged.clear()
            done = await self.once()
            if done is not None and done >= self.portion:
                continue
            if self._troubles:
                await asyncio.sleep(max(self.seconds, self.rest))
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._nudged.wait(), self.seconds)
                    await asyncio.sleep(self.gather)
