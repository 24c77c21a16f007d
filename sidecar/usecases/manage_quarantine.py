"""What an administrator does with events that could not be read or applied: looks, tries again, or gives up."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sidecar.domain.audit import AuditEntry, Resource
from sidecar.domain.errors import NotFound, found
from sidecar.domain.policy import Caller
from sidecar.ports import Clock
from sidecar.ports.inbox import Inbox, InboxState, Quarantined

KIND = "quarantined event"


@dataclass(frozen=True)
class ManageQuarantine:
    """`again` reads an item anew: nothing where it was taken, else why not."""

    inbox: Inbox
    again: Callable[[Quarantined, AuditEntry], Awaitable[Sequence[str]]]
    clock: Clock

    async def list(self, limit: int, after: int) -> tuple[InboxState, list[Quarantined]]:
        """How the inbox stands, and at most `limit` items whose id is beyond `after`."""
        return await self.inbox.state(), await self.inbox.quarantined(limit, after)

    async def get(self, identifier: int) -> Quarantined:
        return found(await self.inbox.get_quarantined(identifier), KIND)

    async def retry(self, caller: Caller, identifier: int) -> Sequence[str]:
        """Why it still can't be taken; where it can, it leaves the quarantine for the inbox."""
        item = await self.get(identifier)
        return await self.again(item, self._entry(caller, item))

    async def drop(self, caller: Caller, identifier: int) -> None:
        item = await self.get(identifier)
        if not await self.inbox.drop(identifier, self._entry(caller, item)):
            raise NotFound(KIND)

    def _entry(self, caller: Caller, item: Quarantined) -> AuditEntry:
        """Why it was there; what it says may be anything, and stays out of the log."""
        resource = Resource("quarantinedEvent", str(item.id))
        before = {"receivedAt": item.received_at.isoformat()}
        return AuditEntry(self.clock.now(), caller.actor, caller.asking.method, resource, before=before)
