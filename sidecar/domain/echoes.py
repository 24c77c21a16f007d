"""The sidecar's own reads come back as events: how many are still on their way, so that a sweep holds no push back.

A registry delivers one event at a time (registry fact 2), so whoever reads faster than it delivers fills its queue.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ALLOWED: Final = 64
"""Events that may be on their way: well below a second of a registry's deliveries."""
SILENCE: Final = timedelta(seconds=2)
_MOST_ALLOWED: Final = 1 << 20


@dataclass
class Echoes:
    """Counts reads that make an event against events heard.

    A registry that sends none of them (no endpoint takes pulls) would hold a sweep for ever: each time that nothing was
    heard for SILENCE, what is on its way counts as lost, and twice as much is allowed until something is heard.
    """

    on_their_way: int = 0
    allowed: int = ALLOWED
    _since: datetime | None = None

    def asked(self, now: datetime) -> None:
        """A read was answered in a way that makes an event."""
        if self.on_their_way == 0:
            self._since = now
        self.on_their_way += 1

    def heard(self, count: int, now: datetime) -> None:
        """Events of the sidecar's own reads came in, some of them perhaps twice."""
        if count:
            self.on_their_way = max(0, self.on_their_way - count)
            self.allowed = ALLOWED
            self._since = now

    def lag(self, now: datetime) -> bool:
        """Whether to wait before the next read that makes an event."""
        if self.on_their_way < self.allowed:
            return False
        if self._since is not None and now - self._since < SILENCE:
            return True
        self.on_their_way = 0
        self.allowed = min(self.allowed * 2, _MOST_ALLOWED)
        return False
