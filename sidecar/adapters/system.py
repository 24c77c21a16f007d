"""The machine's own clock and its secure source of randomness."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """ports.Clock by the system's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemRandomness:
    """ports.Randomness by the operating system."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def identifier(self) -> str:
        return secrets.token_hex(16)
