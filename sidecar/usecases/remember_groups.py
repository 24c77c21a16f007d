"""The groups of people, as their newest sign-in told them: what tokens made here hold by groups, for some weeks.

A sign-in never waits for the database: what it told counts at once, and is written a moment later. Who signs in again
with the same groups costs one write an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sidecar.domain.names import Email
from sidecar.domain.outsiders import ToldGroups
from sidecar.ports import AccessReader, Clock, Store

_STILL_FRESH: Final = timedelta(hours=1)
_MOST_WAITING: Final = 10_000
"""People whose groups wait to be written while the database can't be; the longest known go first (S30)."""


@dataclass(frozen=True, slots=True)
class RememberGroups:
    store: Store
    access: AccessReader
    clock: Clock
    _waiting: dict[str, ToldGroups] = field(default_factory=dict)

    def told(self, email: Email, told: ToldGroups) -> None:
        """A sign-in told these groups, and that there are no others. An older token's word is none any more.

        Otherwise somebody who was put out of a group could bring it back by an old token that is still valid.
        """
        known = self._known(email)
        if known is not None and told.at < known.at:
            return
        if known is not None and known.groups == told.groups and told.at - known.at < _STILL_FRESH:
            return
        self._waiting.pop(email, None)
        if len(self._waiting) >= _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[email] = told

    def groups_of(self, email: str) -> frozenset[str]:
        """Those that count now."""
        known = self._known(email)
        return frozenset() if known is None else known.counting(self.clock.now())

    async def flush(self) -> None:
        """Writes what was told since the last time. Where that fails, it is kept for the next."""
        waiting: Mapping[str, ToldGroups] = dict(self._waiting)
        if not waiting:
            return
        async with self.store.writing() as tables:
            for email, told in waiting.items():
                await tables.groups.put(Email(email), told)
        for email, told in waiting.items():
            if self._waiting.get(email) is told:
                del self._waiting[email]

    def _known(self, email: str) -> ToldGroups | None:
        return self._waiting.get(email) or self.access.groups_told(email)
