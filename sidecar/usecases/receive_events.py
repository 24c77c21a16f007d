"""Takes notifications in: writes into the durable inbox, pulls into memory, the unreadable into quarantine.

Everything is taken. A refusal would only hold back all that follows (registry fact 2), and what is lost can't be asked
for again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sidecar.domain.events import Entry, Event, Ignored, ManifestPulled, Unreadable, read_envelope
from sidecar.ports import Clock
from sidecar.ports.index import Inbox, InboxEvent, Pulls, Quarantined, Target

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


@dataclass
class PullLedger:
    """Pulls since the last flush, merged. A crash loses what is in it: the only loss that is allowed (decision 11).

    A manifest counts its GETs, a tag the requests that name it: docker's HEAD by tag and GET by digest are one each.
    """

    uncounted: frozenset[str] = frozenset()
    _merged: dict[tuple[str, Target, str], Pulls] = field(default_factory=dict)

    def add(self, pull: ManifestPulled) -> None:
        """Counts it, unless its principal is one that is left out (scanners)."""
        if pull.origin.actor in self.uncounted:
            return
        if pull.tag is not None:
            self._count(pull, Target.TAG, pull.tag)
        if not pull.by_head:
            self._count(pull, Target.MANIFEST, pull.digest)

    def take(self) -> list[Pulls]:
        """What was counted since the last call."""
        taken, self._merged = list(self._merged.values()), {}
        return taken

    def give_back(self, pulls: Iterable[Pulls]) -> None:
        """Counts again what could not be flushed."""
        for item in pulls:
            self._merge(item)

    def _count(self, pull: ManifestPulled, target: Target, key: str) -> None:
        self._merge(Pulls(pull.repository, target, key, 1, pull.origin.time, pull.origin.actor))

    def _merge(self, pulls: Pulls) -> None:
        key = (pulls.repository, pulls.target, pulls.key)
        known = self._merged.get(key)
        if known is not None:
            last = max(known, pulls, key=lambda item: item.last_at)
            pulls = replace(last, count=known.count + pulls.count)
        self._merged[key] = pulls


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
        if unreadable:
            await self.inbox.quarantine(unreadable)
        if writes:
            await self.inbox.put(writes)
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
