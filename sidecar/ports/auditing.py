"""The audit log: written with what it tells of, in one transaction, and read newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sidecar.domain.audit import AuditEntry, Outcome

AuditPlace = tuple[datetime, int]
"""Where an entry stands in the log: its time and its id."""


class Audit(Protocol):
    """The log, as one transaction sees it."""

    async def record(self, entry: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """At most `limit` entries that fit all that is given, those before `beyond` in time.

    `since` belongs to it, `until` doesn't. Without a project, those of all projects and of the installation.
    """

    limit: int
    project: str | None = None
    resource_type: str | None = None
    actor: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    beyond: AuditPlace | None = None


class AuditLog(Protocol):
    """The whole log."""

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        """What belongs to no other change, in a transaction of its own."""
        ...

    async def read(self, query: AuditQuery) -> list[AuditEntry]:
        """The newest first."""
        ...

    async def prune(self, before: datetime, most_gathered: int, portion: int) -> int:
        """Forgets what is older, and the oldest of what was gathered beyond so many; at most a portion. How many."""
        ...
