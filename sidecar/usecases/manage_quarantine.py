"""What an administrator does with events that could not be read or applied: looks, tries again, or gives up."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sidecar.domain.errors import NotFound, found
from sidecar.ports.index import Inbox, InboxState, Quarantined

KIND = "quarantined event"


@dataclass(frozen=True)
class ManageQuarantine:
    """`again` reads an item anew: nothing where it was taken, else why not."""

    inbox: Inbox
    again: Callable[[Quarantined], Awaitable[Sequence[str]]]

    async def list(self, limit: int, after: int) -> tuple[InboxState, list[Quarantined]]:
        """How the inbox stands, and at most `limit` items whose id is beyond `after`."""
        return await self.inbox.state(), await self.inbox.quarantined(limit, after)

    async def get(self, identifier: int) -> Quarantined:
        return found(await self.inbox.get_quarantined(identifier), KIND)

    async def retry(self, identifier: int) -> Sequence[str]:
        """Why it still can't be taken; where it can, it leaves the quarantine for the inbox."""
        return await self.again(await self.get(identifier))

    async def drop(self, identifier: int) -> None:
        if not await self.inbox.drop(identifier):
            raise NotFound(KIND)
