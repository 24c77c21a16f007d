"""What the machine gives: the time and randomness."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, so that tests hold it."""

    def now(self) -> datetime:
        """The time now, in UTC and with its zone."""
        ...


class Randomness(Protocol):
    """Randomness from a cryptographically secure source, so that tests repeat it."""

    def bytes(self, count: int) -> bytes: ...

    def identifier(self) -> str:
        """A new unique identifier: letters, digits and `-`, safe anywhere, at most 36 characters."""
        ...
