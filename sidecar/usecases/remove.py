"""Takes tags, manifests and repositories away: the intent is written, the registry asked, then the index follows.

A change that was cut off half-way is never begun again: what the registry shows decides how it ended. Only the deletion
of a whole repository goes on, because half of one is nothing that anybody asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import NotFound, OutcomeUnknown, Refused, RegistryUnavailable, Unavailable, found
from sidecar.domain.intents import Change, Intent
from sidecar.domain.manifests import OCI_INDEX
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.ownership import addressed
from sidecar.domain.policy import Caller, require
from sidecar.ports import AccessReader, Clock, Randomness
from sidecar.ports.changing import Changes, ChangeTables, RegistryWriter
from sidecar.ports.index import Answer

DELETE: Final = "registry.delete"
BATCH: Final = 64
"""Manifests that are deleted at the registry and then in the index, in one transaction."""
ROUNDS: Final = 3
"""How often a repository's tags are listed anew: what still comes in then was pushed meanwhile, and stays."""

OVERLAP: Final = timedelta(seconds=20)
"""How long after a tag was taken away the event of a push is awaited that overlapped it."""

_TOGETHER: Final = 4


@dataclass(frozen=True)
class Remove:
    """Each change has its repository to itself. All raise RegistryUnavailable where nothing was changed, and
    Unavailable where that isn't known yet; it is found out within seconds, and the index then says it.
    """

    changes: Changes
    registry: RegistryWriter
    access: AccessReader
    clock: Clock
    randomness: Randomness
    _locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    async def untag(self, caller: Caller, project: ProjectId, named: str, tag: Tag) -> None:
        """One tag goes, and nothing else."""
        repository = self._allowed(caller, project, named)
        asked = self._intent(caller, Change.UNTAG, repository, tag)
        async with self._alone(repository):
            async with self._beginning(repository) as tables:
                intent = replace(asked, digest=found(await tables.tag(repository, tag), "tag"))
                await tables.begin(intent)
            await self._carry_out(intent)

    async def manifest(self, caller: Caller, project: ProjectId, named: str, digest: Digest) -> None:
        """Refused while a tag points at it, an index lists it or a referrer names it (decision 8)."""
        repository = self._allowed(caller, project, named)
        async with self._alone(repository):
            async with self._beginning(repository) as tables:
                await _require_unused(tables, repository, digest)
                intent = self._intent(caller, Change.DELETE_MANIFEST, repository, None, digest)
                await tables.begin(intent)
            await self._carry_out(intent)

    async def repository(self, caller: Caller, project: ProjectId, named: str) -> None:
        """Every tag and manifest goes."""
        repository = self._allowed(caller, project, named)
        async with self._alone(repository):
            async with self._beginning(repository) as tables:
                intent = self._intent(caller, Change.DELETE_REPOSITORY, repository)
                await tables.begin(intent)
            await self._carry_out(intent)

    async def conclude(self) -> None:
        """Finds out how changes that were cut off have ended; those under way are left alone.

        Raises RegistryUnavailable where the registry doesn't say: they stay open.
        """
        failures = []
        for intent in await self.changes.open():
            if intent.repository not in self._locks:
                try:
                    await self._conclude(intent)
                except RegistryUnavailable as fault:
                    failures.append(fault)
        if failures:
            raise failures[0]

    async def put_back(self) -> None:
        """Puts back what was pushed under a tag while it was taken away, and went with it: 2.8 loses some (fact 5).

        A push's event comes before its tag is written (fact 1), so that this may write the same tag just before it.
        """
        overlapped = await self.changes.overlapped()
        for start in range(0, len(overlapped), _TOGETHER):
            await asyncio.gather(*(self._see_standing(*each) for each in overlapped[start : start + _TOGETHER]))
        async with self.changes.changing() as tables:
            await tables.forget_concluded(self.clock.now() - OVERLAP)

    async def _see_standing(self, intent: Intent, pushed: Digest) -> None:
        """The registry shows something under the tag, or is given the push again."""
        tag = Tag(intent.tag or "")
        checked = await self.registry.check(intent.repository, tag, pushed)
        if checked.answer is Answer.ABSENT:
            async with self._alone(intent.repository):
                if (intent, pushed) not in await self.changes.overlapped():
                    return
                await self._put_back(intent.repository, tag, pushed)
        async with self.changes.changing() as tables:
            await tables.settle(intent)

    async def _put_back(self, repository: RepositoryName, tag: Tag, digest: Digest) -> None:
        served = await self.registry.manifest(repository, digest)
        if served is not None:
            await self.registry.put_manifest(repository, tag, served.media_type, served.content)

    def _allowed(self, caller: Caller, project: ProjectId, named: str) -> RepositoryName:
        repository = addressed(project, named, self.access.owner_of)
        require(caller.access, DELETE, project, repository)
        return repository

    @asynccontextmanager
    async def _alone(self, repository: RepositoryName) -> AsyncIterator[None]:
        lock = self._locks.setdefault(repository, asyncio.Lock())
        async with lock:
            yield

    @asynccontextmanager
    async def _beginning(self, repository: RepositoryName) -> AsyncIterator[ChangeTables]:
        async with self.changes.changing() as tables:
            if not await tables.is_there(repository):
                raise NotFound("repository")
            yield tables

    def _intent(
        self,
        caller: Caller,
        change: Change,
        repository: RepositoryName,
        tag: Tag | None = None,
        digest: Digest | None = None,
    ) -> Intent:
        identifier, now = self.randomness.identifier(), self.clock.now()
        return Intent(identifier, change, repository, caller.principal.name, now, tag, digest)

    async def _carry_out(self, intent: Intent) -> None:
        try:
            lead = await self._at_the_registry(intent)
        except OutcomeUnknown:
            await self._answer_unknown(intent)
        except RegistryUnavailable:
            await self._forget(intent)
            raise
        else:
            await self._finish(intent, lead)

    async def _answer_unknown(self, intent: Intent) -> None:
        """Asks what became of it, so that the caller may be told; half a deleted repository is never told as done."""
        if intent.change is Change.DELETE_REPOSITORY:
            raise Unavailable("the registry")
        try:
            made = await self._find_out(intent)
        except RegistryUnavailable as fault:
            raise Unavailable("the registry") from fault
        if not made:
            raise RegistryUnavailable

    async def _at_the_registry(self, intent: Intent) -> timedelta:
        """How long after it was asked for the change began, by what the registry's events can tell."""
        lead = timedelta()
        if intent.change is Change.DELETE_REPOSITORY:
            await self._empty(intent)
        elif intent.tag is not None:
            lead = await self._untag(intent, intent.tag)
        elif intent.digest is not None:
            await self.registry.delete_manifest(intent.repository, intent.digest)
        return lead

    async def _untag(self, intent: Intent, tag: Tag) -> timedelta:
        """By name where the registry can; else by a throw-away that takes the tag with it when it goes (fact 5).

        The throw-away is put by its digest first: its event tells, by the registry's own clock, which pushes overlap.
        """
        repository, throwaway = intent.repository, intent.throwaway
        await self._require_deletions(intent)
        lead = self.clock.now() - intent.begun_at
        await self.registry.put_manifest(repository, intent.throwaway_digest, OCI_INDEX, throwaway)
        with _begun():
            if not await self.registry.delete_tag(repository, tag):
                await self.registry.put_manifest(repository, tag, OCI_INDEX, throwaway)
            await self.registry.delete_manifest(repository, intent.throwaway_digest)
        return lead

    async def _require_deletions(self, intent: Intent) -> None:
        """Asks for the deletion of what isn't there: it tells whether the registry deletes at all."""
        await self.registry.delete_manifest(intent.repository, intent.throwaway_digest)

    async def _empty(self, intent: Intent) -> None:
        await self._require_deletions(intent)
        with _begun():
            for _ in range(ROUNDS):
                await self._delete_known(intent)
                if not await self._delete_tagged(intent):
                    break

    async def _delete_known(self, intent: Intent) -> None:
        """The manifests that the index knows, in batches, so that no transaction grows with the repository."""
        while True:
            async with self.changes.changing() as tables:
                batch = await tables.manifests(intent.repository, BATCH)
            if not batch:
                return
            await self._delete_all(intent, batch)
            async with self.changes.changing() as tables:
                for digest in batch:
                    await tables.remove(intent, digest, self.clock.now())

    async def _delete_tagged(self, intent: Intent) -> bool:
        """What the registry still lists, because no event has told of it or its manifest is lost; whether it did."""
        tags = await self.registry.tags(intent.repository) or []
        for start in range(0, len(tags), BATCH):
            batch = tags[start : start + BATCH]
            checked = [(tag, await self.registry.check(intent.repository, tag, None)) for tag in batch]
            await self._delete_all(intent, [shown.digest for _, shown in checked if shown.digest is not None])
            for tag in (tag for tag, shown in checked if shown.digest is None):
                await self._untag(intent, tag)
        return bool(tags)

    async def _delete_all(self, intent: Intent, digests: list[Digest]) -> None:
        for start in range(0, len(digests), _TOGETHER):
            together = digests[start : start + _TOGETHER]
            await asyncio.gather(*(self.registry.delete_manifest(intent.repository, digest) for digest in together))

    async def _conclude(self, intent: Intent) -> None:
        async with self._alone(intent.repository):
            if intent not in await self.changes.open():
                return
            if intent.change is Change.DELETE_REPOSITORY:
                await self._empty(intent)
                await self._finish(intent)
            else:
                await self._find_out(intent)

    async def _find_out(self, intent: Intent) -> bool:
        """Whether it was made, by what the registry shows; what it may have left there is taken away.

        A tag that shows something new was pushed again meanwhile: the index hears of that by itself.
        """
        if intent.change is Change.UNTAG:
            await self.registry.delete_manifest(intent.repository, intent.throwaway_digest)
        reference = intent.tag or intent.digest or ""
        checked = await self.registry.check(intent.repository, reference, None)
        if checked.answer is Answer.ABSENT:
            await self._finish(intent)
            return True
        await self._forget(intent)
        return checked.digest != intent.digest

    async def _finish(self, intent: Intent, lead: timedelta = timedelta()) -> None:
        """The index follows, in one transaction with the end of the intent. An audit entry belongs here, too."""
        now = self.clock.now()
        async with self.changes.changing() as tables:
            if intent.change is Change.UNTAG:
                await tables.untag(intent, now)
                await tables.conclude(intent, now, lead)
                return
            if intent.digest is not None:
                await tables.remove(intent, intent.digest, now)
            else:
                await tables.deleted(intent.repository, now)
            await tables.forget(intent)

    async def _forget(self, intent: Intent) -> None:
        async with self.changes.changing() as tables:
            await tables.forget(intent)


async def _require_unused(tables: ChangeTables, repository: RepositoryName, digest: Digest) -> None:
    if not await tables.has_manifest(repository, digest):
        raise NotFound("manifest")
    if tags := await tables.tags_at(repository, digest):
        raise Refused("manifest_tagged", "manifest is tagged", tags[:100])
    if users := await tables.users_of(repository, digest):
        raise Refused("manifest_in_use", "manifest is in use", users[:100])


@contextmanager
def _begun() -> Iterator[None]:
    """Something was changed at the registry by now, so that no failure is "nothing was changed" any more."""
    try:
        yield
    except RegistryUnavailable as fault:
        raise OutcomeUnknown from fault
