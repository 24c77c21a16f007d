"""Fakes for what tests must hold still: the clock and randomness. Nothing else is ever faked here."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta


class HeldClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **timedelta_arguments: float) -> None:
        """`clock.advance(minutes=15)`."""
        self._now += timedelta(**timedelta_arguments)


class RepeatableRandomness:
    """The same "random" bytes in each run: SHA-256 of a counter."""

    def __init__(self) -> None:
        self._count = 0

    def bytes(self, count: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8)).digest(count)

    def identifier(self) -> str:
        return str(uuid.UUID(bytes=self.bytes(16), version=4))
