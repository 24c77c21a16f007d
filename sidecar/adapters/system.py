"""The machine's own clock and its secure source of randomness."""

import secrets
from datetime import UTC, datetime
from typing import Final

_DRAWN: Final = 256


class SystemClock:
    """ports.Clock by the system's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemRandomness:
    """ports.Randomness by the operating system."""

    def __init__(self) -> None:
        self._identifiers: list[str] = []

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def identifier(self) -> str:
        """128 random bits. They are no secret, so many are drawn at once: the system is asked once for all of them."""
        if not self._identifiers:
            drawn = secrets.token_hex(16 * _DRAWN)
            self._identifiers = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
        return self._identifiers.pop()
