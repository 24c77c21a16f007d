"""What reconciling needs kept: sweeps, so that they resume after a crash, and what each of them found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sidecar.domain.audit import AuditEntry
from sidecar.domain.digests import Digest
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.targets import Target


class SweepReason(StrEnum):
    """Why a sweep was begun."""

    PERSON = "person"
    START = "start"
    INTERVAL = "interval"
    INSTANCE = "instance"
    """Events came from a registry process that was not known: the queue of the one before is lost."""
    DENIALS = "denials"
    """Verifications would have removed much, and leave it to a sweep."""


class SweepStage(StrEnum):
    """Where a sweep stands."""

    WAITING = "waiting"
    SWEEPING = "sweeping"
    CONFIRMING = "confirming"
    """What the registry said it hasn't is asked for once more."""
    STOPPED = "stopped"
    """It would remove more than a person need not look at."""
    DONE = "done"


class DriftKind(StrEnum):
    """How index and registry differed."""

    ADDED = "added"
    CHANGED = "changed"
    MISSING = "missing"
    """The registry said once that it isn't there. In a dry run this is what would be removed."""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class SweepOrder:
    """`project` None is the whole registry. `accepted`: a person has seen how much goes, and it may."""

    reason: SweepReason
    project: ProjectId | None = None
    dry_run: bool = False
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep. `position` is the last repository, in order of names, that needs no look any more.

    `repositories` and `tags` were counted at its start; `unanswered` counts questions without a clear answer.
    """

    id: int
    order: SweepOrder
    stage: SweepStage
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    position: str = ""
    repositories: int = 0
    swept: int = 0
    checked: int = 0
    unanswered: int = 0
    tags: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: `before` is what the index believed, `after` what the registry showed."""

    repository: RepositoryName
    target: Target
    key: str
    kind: DriftKind
    before: Digest | None
    after: Digest | None
    found_at: datetime


class SweepObserver(Protocol):
    """Who is told what a person should know."""

    def found(self, drift: Drift) -> None: ...

    def stopped(self, sweep: Sweep, missing: int) -> None:
        """It would remove that many tags. Told again and again, until somebody has seen to it."""
        ...

    def settled(self, last: Sweep | None) -> None:
        """None stands stopped. `last` is the newest full sweep that went to its end."""
        ...


class Sweeps(Protocol):
    """Sweeps as they stand. What a running one changes is kept by `IndexTables`, in the index's own transactions."""

    async def request(
        self, order: SweepOrder, at: datetime, audited: Callable[[Sweep], AuditEntry] | None = None
    ) -> Sweep:
        """A new sweep that waits, or the waiting one of the same order. Acceptance reopens the one that stopped.

        What a person asks for is `audited` in the same transaction.
        """
        ...

    async def guard(self, at: datetime) -> None:
        """Asks for a full sweep; until that has ended verifications remove nothing."""
        ...

    async def guards(self) -> bool:
        """Whether such a sweep is yet to end, or any stands stopped."""
        ...

    async def get(self, identifier: int) -> Sweep | None: ...

    async def current(self) -> Sweep | None:
        """The one that is under way, else the one that has waited longest."""
        ...

    async def last_full(self) -> Sweep | None:
        """The newest that is full and was begun, finished or not."""
        ...

    async def stopped(self) -> Sweep | None:
        """The one that stands stopped: no other, but for dry runs, was begun since."""
        ...

    async def finished_full(self) -> Sweep | None:
        """The newest that is full and went to its end, with an answer to every question."""
        ...

    async def newest_instance_at(self) -> datetime | None:
        """When the youngest registry process was first heard of."""
        ...

    async def counts(self, sweep: int) -> Mapping[tuple[DriftKind, Target], int]:
        """How much drift it found."""
        ...

    async def drift(self, sweep: int, limit: int, kind: DriftKind | None = None) -> list[Drift]:
        """What it found, in the order of repositories and keys."""
        ...
