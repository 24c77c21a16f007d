"""Takes notifications in: writes into the durable inbox, pulls into memory, the unreadable into quarantine.

Everything is taken. A refusal would only hold back all that follows (registry fact 2), and what is lost can't be asked
for again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.events import Entry, Event, Ignored, ManifestPulled, Unreadable, read_envelope
from sidecar.domain.pulls import PullLedger
from sidecar.ports import Clock
from sidecar.ports.index import Inbox, InboxEvent, Quarantined

MAX_QUARANTINED_BYTES = 64 * 1024


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


@dataclass(frozen=True)
class ReceiveEvents:
    """Returns once everything that must survive is durable; raises Unavailable if it can't be made so."""

    inbox: Inbox
    pulls: PullLedger
    clock: Clock

    async def __call__(self, delivery: Delivery) -> Receipt:
        now = self.clock.now()
        if not delivery.whole:
            await self.inbox.quarantine([_quarantined(delivery, delivery.content, "larger than the cap", now)])
            return Receipt(quarantined=1)
        entries = read_envelope(delivery.content)
        unreadable = [
            _quarantined(delivery, entry.document, str(entry.event), now)
            for entry in entries
            if isinstance(entry.event, Unreadable)
        ]
        writes = [event for entry in entries if (event := _inbox_event(entry, now)) is not None]
        pulls = [entry.event for entry in entries if isinstance(entry.event, ManifestPulled)]
        if writes:
            await self.inbox.put(writes)
        if unreadable:
            await self.inbox.quarantine(unreadable)
        for pull in pulls:
            self.pulls.add(pull)
        return Receipt(len(writes), len(pulls), _ignored(entries), len(unreadable))


def _inbox_event(entry: Entry, now: datetime) -> InboxEvent | None:
    event: Event | Unreadable = entry.event
    if isinstance(event, Unreadable | Ignored | ManifestPulled):
        return None
    return InboxEvent(event.origin.event, event.repository, event.origin.instance, now, entry.document)


def _quarantined(delivery: Delivery, content: bytes, reason: str, now: datetime) -> Quarantined:
    return Quarantined(reason, delivery.content_type, delivery.address, now, content[:MAX_QUARANTINED_BYTES])


def _ignored(entries: Iterable[Entry]) -> int:
    return sum(isinstance(entry.event, Ignored) for entry in entries)
