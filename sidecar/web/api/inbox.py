"""The part of the namespace `installation` behind `sidecar inbox`: events that wait, and those in quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from sidecar.domain.policy import Caller
from sidecar.domain.roles import OPERATE
from sidecar.ports.inbox import Quarantined
from sidecar.usecases.manage_quarantine import ManageQuarantine
from sidecar.web.api.bodies import Body, Nothing, Result
from sidecar.web.api.fields import Whole
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import Limit

_PAGE: Final = 1000
_LARGEST: Final = 2**63 - 1

ItemId = Annotated[int, Whole(1, _LARGEST)]


class ListInbox(Body):
    limit: Limit = _PAGE
    """How many items to answer at most."""
    cursor: ItemId | None = None
    """The nextCursor of the page before."""


class OfItem(Body):
    id: ItemId
    """The id of an item in quarantine."""


class ItemResult(Result):
    id: int
    reason: str
    """Why it could not be read, or applied."""
    received_at: datetime
    bytes: int
    """Of what is kept: of a notification above the cap, its head."""
    content_type: str
    address: str
    """Who sent it; empty where it was read once and could not be applied."""
    content: str | None = None
    """What was sent, bytes that are no UTF-8 as `\\xff`; not in lists."""


class InboxResult(Result):
    waiting: int
    """Events that are not applied yet."""
    oldest_at: datetime | None = None
    """When the oldest of them was received."""
    quarantined: int
    quarantined_bytes: int
    items: list[ItemResult]
    """What is in quarantine, the oldest first."""
    next_cursor: str | None = None


class RetryResult(Result):
    taken: bool
    """Whether it left the quarantine for the inbox."""
    faults: list[str]
    """Why not, where it didn't."""


_ITEM: Final = {"id": 17}


@dataclass(frozen=True, slots=True)
class InboxNamespace:
    quarantine: ManageQuarantine

    def methods(self) -> Sequence[AnyMethod]:
        gone = ("quarantined_event_not_found",)
        return (
            Method("installation.inboxList", OPERATE, ListInbox, InboxResult, self.list, {"limit": 100}),
            Method("installation.inboxGet", OPERATE, OfItem, ItemResult, self.get, _ITEM, gone),
            Method("installation.inboxRetry", OPERATE, OfItem, RetryResult, self.retry, _ITEM, gone),
            Method("installation.inboxDrop", OPERATE, OfItem, Nothing, self.drop, _ITEM, gone),
        )

    async def list(self, _: Caller, body: ListInbox) -> InboxResult:
        """How many events wait, and what is in quarantine because it could not be read or applied."""
        state, items = await self.quarantine.list(body.limit, body.cursor or 0)
        return InboxResult(
            waiting=state.depth,
            oldest_at=state.oldest,
            quarantined=state.quarantined,
            quarantined_bytes=state.quarantined_bytes,
            items=[_item(item) for item in items],
            next_cursor=str(items[-1].id) if len(items) == body.limit else None,
        )

    async def get(self, _: Caller, body: OfItem) -> ItemResult:
        """One item of the quarantine with what was sent."""
        item = await self.quarantine.get(body.id)
        return _item(item, item.content.decode("utf-8", "backslashreplace"))

    async def retry(self, caller: Caller, body: OfItem) -> RetryResult:
        """Reads an item again. Taken, it leaves the quarantine and is applied as if it had just come."""
        faults = await self.quarantine.retry(caller, body.id)
        return RetryResult(taken=not faults, faults=list(faults))

    async def drop(self, caller: Caller, body: OfItem) -> Nothing:
        """Forgets an item. What it told of is left to the comparison with the registry."""
        await self.quarantine.drop(caller, body.id)
        return Nothing()


def _item(item: Quarantined, content: str | None = None) -> ItemResult:
    return ItemResult(
        id=item.id,
        reason=item.reason,
        received_at=item.received_at,
        bytes=len(item.content),
        content_type=item.content_type,
        address=item.address,
        content=content,
    )
