"""Which repositories may have been pushed to: those that a push token was issued for, the newest last (decision 2)."""

from typing import Final

CAPACITY: Final = 10_000


class PushTokens:
    """A bounded memory: one step per token, the oldest forgotten where there is no room."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._repositories: dict[str, None] = {}

    def note(self, repository: str) -> None:
        self._repositories.pop(repository, None)
        if len(self._repositories) >= self._capacity:
            del self._repositories[next(iter(self._repositories))]
        self._repositories[repository] = None

    def take(self) -> list[str]:
        """What was noted since the last call, the newest first."""
        taken, self._repositories = list(reversed(self._repositories)), {}
        return taken
