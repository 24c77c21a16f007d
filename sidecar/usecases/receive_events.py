"""Takes notifications in: writes into the durable inbox, pulls into memory, the unreadable into quarantine.

Everything is taken. A refusal would only hold back all that follows (registry fact 2), and what is lost can't be asked
for again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sidecar.domain.audit import AuditEntry
from sidecar.domain.echoes import Echoes
from sidecar.domain.events import OWN, Entry, Event, Ignored, ManifestPulled, Unreadable, read_envelope
from sidecar.domain.pulls import PullLedger
from sidecar.ports import Clock
from sidecar.ports.inbox import Inbox, InboxEvent, Quarantined

HEAD_BYTES: Final = 64 * 1024
"""What is kept of a delivery that is over the cap. Any other is kept whole, so that it can be read again."""

MOST_AHEAD: Final = timedelta(hours=1)
"""How far ahead of our clock an event's time may be: hardly a token works at a registry that is more wrong."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to `/events`. `whole` is False where it was over the cap and `content` is only its head."""

    content: bytes
    content_type: str
    address: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many events of a delivery went where."""

    stored: int = 0
    pulls: int = 0
    ignored: int = 0
    quarantined: int = 0
    dropped: int = 0
    """What can't be read, and found the quarantine full: a refusal would hold back all that follows."""


@dataclass(frozen=True)
class ReceiveEvents:
    """Returns once everything that must survive is durable; raises Unavailable if it can't be made so."""

    inbox: Inbox
    pulls: PullLedger
    clock: Clock
    quarantine_bytes: int
    echoes: Echoes = field(default_factory=Echoes)
    stored: Callable[[], None] = lambda: None
    """Called when there is something to index."""
    caught_up: Callable[[], None] = lambda: None
    """Called when the registry's queue is no longer behind because of what the sidecar reads."""
    _instances: set[str] = field(default_factory=set)
    """The registry's processes that are noted: a new one means that a queue was lost."""

    async def __call__(self, delivery: Delivery) -> Receipt:
        now = self.clock.now()
        if not delivery.whole:
            head = _quarantined(delivery, delivery.content, "larger than the cap", now)
            return await self._quarantine([head], Receipt())
        entries = self._read(delivery.content)
        unreadable = [
            _quarantined(delivery, entry.document, str(entry.event), now)
            for entry in entries
            if isinstance(entry.event, Unreadable)
        ]
        writes, pulls = await self._store_writes(entries), _pulls(entries)
        await self._note_instances(entries)
        receipt = await self._quarantine(unreadable, Receipt(writes, len(pulls), _ignored(entries)))
        self._count(pulls)
        self._hear(sum(entry.event == OWN for entry in entries), now)
        return receipt

    async def again(self, item: Quarantined, audited: AuditEntry) -> tuple[str, ...]:
        """Reads a quarantined item anew. Taken whole, it leaves the quarantine; else why not, and nothing changes."""
        entries = self._read(item.content)
        faults = tuple(str(entry.event) for entry in entries if isinstance(entry.event, Unreadable))
        if not faults:
            await self._store_writes(entries)
            await self.inbox.drop(item.id, audited)
            self._count(_pulls(entries))
        return faults

    def _read(self, content: bytes) -> list[Entry]:
        latest = self.clock.now() + MOST_AHEAD
        return read_envelope(content, int(latest.timestamp()) * 1_000_000_000)

    async def _store_writes(self, entries: Iterable[Entry]) -> int:
        now = self.clock.now()
        writes = [event for entry in entries if (event := _inbox_event(entry, now)) is not None]
        if writes:
            await self.inbox.put(writes)
            self.stored()
        return len(writes)

    async def _note_instances(self, entries: Iterable[Entry]) -> None:
        """Whatever it sends: a registry that is only pulled from sends no write for days."""
        new = {entry.instance for entry in entries if entry.instance} - self._instances
        if new:
            await self.inbox.heard(new, self.clock.now())
            self._instances.update(new)

    async def _quarantine(self, items: Sequence[Quarantined], receipt: Receipt) -> Receipt:
        """The receipt, with what became of these."""
        if not items:
            return receipt
        kept = await self.inbox.quarantine(items, self.quarantine_bytes)
        return replace(receipt, quarantined=kept, dropped=len(items) - kept)

    def _hear(self, own: int, now: datetime) -> None:
        behind = self.echoes.lag(now)
        self.echoes.heard(own, now)
        if behind and not self.echoes.lag(now):
            self.caught_up()

    def _count(self, pulls: Iterable[ManifestPulled]) -> None:
        for pull in pulls:
            self.pulls.add(pull)


def _pulls(entries: Iterable[Entry]) -> list[ManifestPulled]:
    return [entry.event for entry in entries if isinstance(entry.event, ManifestPulled)]


def _inbox_event(entry: Entry, now: datetime) -> InboxEvent | None:
    event: Event | Unreadable = entry.event
    if isinstance(event, Unreadable | Ignored | ManifestPulled):
        return None
    return InboxEvent(event.origin.event, event.repository, event.origin.instance, now, entry.document)


def _quarantined(delivery: Delivery, content: bytes, reason: str, now: datetime) -> Quarantined:
    return Quarantined(reason, delivery.content_type, delivery.address, now, content)


def _ignored(entries: Iterable[Entry]) -> int:
    return sum(isinstance(entry.event, Ignored) for entry in entries)
