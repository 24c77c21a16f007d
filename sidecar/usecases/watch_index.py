"""Looks at what waits, now and then, so that asking for metrics costs the database nothing."""

from dataclasses import dataclass

from sidecar.ports.inbox import Inbox
from sidecar.ports.index import Index, IndexObserver


@dataclass(frozen=True)
class WatchIndex:
    inbox: Inbox
    index: Index
    observer: IndexObserver

    async def run_once(self) -> None:
        self.observer.sampled(await self.inbox.state(), await self.index.backlog())
