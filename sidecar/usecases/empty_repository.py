"""Takes every tag and manifest of one repository away, however many there are. Begun again, it goes on where it was.

To delete a manifest a registry looks at every tag of its repository, so with many of both it would look for hours. So
the tags go first: by name where the registry can, else under one throw-away, which takes them with it (fact 5).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import begun
from sidecar.domain.intents import Intent
from sidecar.domain.manifests import OCI_INDEX
from sidecar.ports import Clock
from sidecar.ports.changing import Changes, RegistryWriter, RemovalObserver

TAGS: Final = 1000
"""Tags that stand under the throw-away at once, at most."""
MANIFESTS: Final = 64
"""Manifests that are deleted at the registry and then in the index, in one transaction."""
ROUNDS: Final = 3
"""How often the tags are listed anew: what still comes in then was pushed meanwhile, and stays."""
_TOGETHER: Final = 8

T = TypeVar("T")


@dataclass(frozen=True)
class EmptyRepository:
    """Raises RegistryUnavailable where nothing was changed, else OutcomeUnknown where it didn't come to the end."""

    changes: Changes
    registry: RegistryWriter
    clock: Clock
    observer: RemovalObserver

    async def __call__(self, intent: Intent) -> None:
        """Asks first for the deletion of what isn't there: it tells whether the registry deletes at all."""
        await self.registry.delete_manifest(intent.repository, intent.throwaway_digest)
        with begun():
            for _ in range(ROUNDS):
                were_listed = await self._take_tags(intent)
                await self._delete_known(intent)
                if not were_listed:
                    break
        self.observer.ended(intent.repository)

    async def _take_tags(self, intent: Intent) -> bool:
        """Whether the registry listed any. What they point at and the index doesn't know goes with them."""
        tags = await self.registry.tags(intent.repository) or []
        known = await self.changes.tags(intent.repository)
        for portion in _portions(tags, TAGS):
            shown = await _together(lambda tag: self.registry.check(intent.repository, tag, known.get(tag)), portion)
            await self._take(intent, portion)
            await self._delete(intent, {checked.digest for checked in shown if checked.digest is not None})
            self.observer.removed(intent.repository, tags=len(portion), manifests=0)
        return bool(tags)

    async def _take(self, intent: Intent, tags: Sequence[Tag]) -> None:
        """The first one tells whether the registry can do it by name."""
        repository, throwaway = intent.repository, intent.throwaway
        if await self.registry.delete_tag(repository, tags[0]):
            await _together(lambda tag: self.registry.delete_tag(repository, tag), tags[1:])
        else:
            await _together(lambda tag: self.registry.put_manifest(repository, tag, OCI_INDEX, throwaway), tags)
            await self.registry.delete_manifest(repository, intent.throwaway_digest)

    async def _delete_known(self, intent: Intent) -> None:
        """The manifests that the index knows, in batches, so that no transaction grows with the repository."""
        while batch := await self.changes.manifests(intent.repository, MANIFESTS):
            await self._delete(intent, batch)
            await self.changes.remove(intent, batch, self.clock.now())
            self.observer.removed(intent.repository, tags=0, manifests=len(batch))

    async def _delete(self, intent: Intent, digests: Iterable[Digest]) -> None:
        await _together(lambda digest: self.registry.delete_manifest(intent.repository, digest), digests)


async def _together(work: Callable[[T], Awaitable[Any]], items: Iterable[T]) -> list[Any]:
    """What the work of each comes to, some at a time, in their order."""
    gate = asyncio.Semaphore(_TOGETHER)

    async def one(item: T) -> Any:
        async with gate:
            return await work(item)

    return await asyncio.gather(*map(one, items))


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    waiting = iter(items)
    while portion := list(islice(waiting, size)):
        yield portion
