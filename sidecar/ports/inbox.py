"""What was received and not yet applied, and what could be neither read nor applied."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sidecar.domain.audit import AuditEntry


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """One event as received: its own JSON document, and where it stands. `sequence` is 0 until it is stored."""

    event: str
    repository: str
    instance: str
    received_at: datetime
    document: bytes
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What could not be read or applied, kept whole or, above the cap, by its head. `id` is 0 until it is stored."""

    reason: str
    content_type: str
    address: str
    received_at: datetime
    content: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class InboxState:
    """For metrics, `/readyz` and explanations."""

    depth: int
    oldest: datetime | None
    quarantined: int
    quarantined_bytes: int
    last_event: Mapping[str, datetime]
    """Registry instance → when its last write was received; those that sent none yet are left out."""


class Inbox(Protocol):
    """Events received and not yet applied, and what is quarantined; each method is one durable transaction."""

    async def put(self, events: Sequence[InboxEvent]) -> None:
        """Stores them, durable when it returns. An id that is already there costs nothing (registry fact 2)."""
        ...

    async def heard(self, instances: Collection[str], at: datetime) -> None:
        """These processes of the registry sent something, if not a write: those not known before are noted."""
        ...

    async def quarantine(self, items: Sequence[Quarantined], most_bytes: int) -> int:
        """Keeps those that still fit below `most_bytes` of quarantine in all; how many that were."""
        ...

    async def claim(self, limit: int) -> list[InboxEvent]:
        """The oldest that are not applied, in order; they stay until `Index.applying` commits them."""
        ...

    async def state(self) -> InboxState: ...

    async def quarantined(self, limit: int, after: int = 0) -> list[Quarantined]:
        """By id."""
        ...

    async def get_quarantined(self, quarantined: int) -> Quarantined | None: ...

    async def drop(self, quarantined: int, audited: AuditEntry) -> bool:
        """Forgets one, and tells the audit log in the same transaction; False where there is none."""
        ...
