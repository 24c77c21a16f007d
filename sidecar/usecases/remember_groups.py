"""The groups of people, as their newest sign-in told them: what tokens made here hold by groups, for some weeks.

A sign-in never waits for the database: what it told counts at once, and is written a moment later. Who signs in again
with the same groups costs one write an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sidecar.domain.names import Email
from sidecar.domain.outsiders import ToldGroups
from sidecar.ports import AccessReader, Clock, Store

_T = TypeVar("_T")
_STILL_FRESH: Final = timedelta(hours=1)
_MOST_WAITING: Final = 10_000
"""People whose groups wait to be written while the database can't be; the longest known go first (S30)."""


@dataclass(frozen=True, slots=True)
class RememberGroups:
    store: Store
    access: AccessReader
    clock: Clock
    _waiting: dict[str, ToldGroups] = field(default_factory=dict)
    _repeated: dict[str, datetime] = field(default_factory=dict)
    """When the newest word of a person was that nothing had changed, which isn't written."""

    def told(self, email: Email, told: ToldGroups) -> None:
        """A sign-in told these groups, and that there are no others. An older token's word is none any more.

        Otherwise somebody who was put out of a group could bring it back by an old token that is still valid.
        """
        known = self._known(email)
        if known is not None and told.at < max(known.at, self._repeated.get(email, known.at)):
            return
        if known is not None and known.groups == told.groups and told.at - known.at < _STILL_FRESH:
            _put(self._repeated, email, told.at)
            return
        self._repeated.pop(email, None)
        _put(self._waiting, email, told)

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


def _put(newest: dict[str, _T], email: str, value: _T) -> None:
    """Forgets the one who was put there longest ago where there is no room."""
    newest.pop(email, None)
    if len(newest) >= _MOST_WAITING:
        del newest[next(iter(newest))]
    newest[email] = value
