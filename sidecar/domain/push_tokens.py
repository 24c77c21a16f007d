"""Which repositories may have been pushed to: those that a push token was issued for, the newest last (decision 2)."""

from typing import Final

from sidecar.domain.newest import Newest

CAPACITY: Final = 10_000


class PushTokens:
    """A bounded memory: one step per token, the oldest forgotten where there is no room."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._repositories = Newest[str, None](capacity)

    def note(self, repository: str) -> None:
        self._repositories.put(repository, None)

    def take(self) -> list[str]:
        """What was noted since the last call, the newest first."""
        taken, self._repositories = list(self._repositories), Newest[str, None](self._capacity)
        return taken[::-1]
