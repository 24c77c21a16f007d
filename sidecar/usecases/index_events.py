"""Applies what the inbox holds: claim → apply → commit with the claim. Whether it is true is for `verify`.

What the sidecar pushes itself is not learnt (decision 10): throw-aways are gone in a moment, and what was put back
under a tag is found there by `verify`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sidecar.domain.errors import Unavailable
from sidecar.domain.events import DigestDeleted, Entry, ManifestPushed, TagDeleted, Unreadable, read_envelope
from sidecar.domain.identity import SIDECAR
from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.inbox import Inbox, InboxEvent
from sidecar.ports.index import Index, IndexObserver, IndexTables, Unobserved

PORTION: Final = 16
"""Events of one transaction: while it runs, no new event can be stored, so it must be short."""


@dataclass(frozen=True)
class IndexEvents:
    """`settle` is how long the registry gets to finish what an event announced before it is asked (fact 1)."""

    inbox: Inbox
    index: Index
    clock: Clock
    settle: timedelta
    observer: IndexObserver = field(default_factory=Unobserved)

    async def run_once(self, limit: int = PORTION) -> int:
        """Applies the oldest events, at most `limit`, in one transaction; how many. Raises Unavailable.

        If one of them can't be applied, each is applied alone and the culprit goes to quarantine.
        """
        claimed = await self.inbox.claim(limit)
        if not claimed:
            return 0
        try:
            await self._apply(claimed)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the events behind it must not wait
            for event in claimed:
                await self._apply_alone(event)
        return len(claimed)

    async def _apply(self, claimed: Sequence[InboxEvent]) -> None:
        async def work(tables: IndexTables) -> None:
            for event in claimed:
                await self._apply_one(tables, event)
            await tables.done([event.sequence for event in claimed])

        await self.index.apply(work)
        self.observer.applied(len(claimed))

    async def _apply_alone(self, event: InboxEvent) -> None:
        try:
            await self._apply((event,))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the same; its kind is kept in the quarantine
            async with self.index.applying() as tables:
                await tables.poison(event.sequence, f"could not be applied: {type(error).__name__}")
            self.observer.poisoned()

    async def _apply_one(self, tables: IndexTables, stored: InboxEvent) -> None:
        due = self.clock.now() + self.settle
        match _event(stored):
            case ManifestPushed() as own if own.origin.actor == SIDECAR:
                await tables.marked(own.digest, own.origin.time)
                if own.tag is not None:
                    await tables.suspect(own.repository, Target.TAG, own.tag, due)
            case ManifestPushed(tag=None) as pushed:
                await tables.push(pushed)
                await tables.suspect(pushed.repository, Target.MANIFEST, pushed.digest, due)
            case ManifestPushed() as pushed:
                await tables.push(pushed)
                await tables.suspect(pushed.repository, Target.TAG, str(pushed.tag), due)
            case TagDeleted() as deleted:
                await tables.delete_tag(deleted)
                await tables.suspect(deleted.repository, Target.TAG, deleted.tag, due)
            case DigestDeleted() as deleted:
                if deleted.origin.actor == SIDECAR:
                    await tables.unmade(deleted.digest, deleted.origin.time)
                await tables.delete_digest(deleted)
                await tables.suspect(deleted.repository, Target.MANIFEST, deleted.digest, due)


def _event(stored: InboxEvent) -> ManifestPushed | TagDeleted | DigestDeleted:
    match read_envelope(stored.document):
        case [Entry(event=ManifestPushed() | TagDeleted() | DigestDeleted() as event)]:
            return event
    raise Unreadable("the inbox holds something else than one write")
