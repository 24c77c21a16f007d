"""How fast a sweep may ask: so many requests a second, and none while the registry's queue is behind because of it."""

import asyncio

from sidecar.domain.echoes import Echoes
from sidecar.ports import Clock

_LEAST_SLEEP = 0.005
"""Seconds; shorter pauses are added up, because a sleep takes about a millisecond more than asked."""
_LAG_SLEEP = 0.02


class Pace:
    """Shared by all who ask: each call returns when it is its turn."""

    def __init__(self, per_second: float, echoes: Echoes, clock: Clock) -> None:
        self._seconds = 1 / per_second
        self._echoes = echoes
        self._clock = clock
        self._turn = 0.0

    async def __call__(self) -> None:
        while self._echoes.lag(self._clock.now()):  # noqa: ASYNC110 - silence ends it, too, and nobody tells of that
            await asyncio.sleep(_LAG_SLEEP)
        now = asyncio.get_running_loop().time()
        self._turn = max(self._turn, now - _LEAST_SLEEP) + self._seconds
        if self._turn - now > _LEAST_SLEEP:
            await asyncio.sleep(self._turn - now)
