"""Takes tags, manifests and repositories away: the intent is written, the registry asked, then the index follows.

A change that was cut off half-way is never begun again: what the registry shows decides how it ended. Only the deletion
of a whole repository goes on, because half of one is nothing that anybody asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from sidecar.domain.audit import concluded, put_back
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import NotFound, OutcomeUnknown, Refused, RegistryUnavailable, Unavailable, begun, found
from sidecar.domain.intents import Change, Intent
from sidecar.domain.manifests import OCI_INDEX
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.ownership import addressed
from sidecar.domain.policy import Caller, require
from sidecar.ports import AccessReader, Clock, Randomness
from sidecar.ports.changing import Began, Changes, ChangeTables, Overlap, RegistryWriter
from sidecar.ports.registry import Answer

DELETE: Final = "registry.delete"
OVERLAP: Final = timedelta(seconds=20)
"""How long after a tag was taken away a push that overlapped it is looked after, and the throw-away told apart."""
AWAITED: Final = timedelta(hours=1)
"""How long the registry's queue may hold back the events of a tag that was taken away."""

_TOGETHER: Final = 8


@dataclass(frozen=True)
class Remove:
    """Each change has its repository to itself. All raise RegistryUnavailable where nothing was changed, and
    Unavailable where that isn't known yet; it is found out within seconds, and the index then says it.
    """

    changes: Changes
    registry: RegistryWriter
    empty: Callable[[Intent], Awaitable[None]]
    access: AccessReader
    clock: Clock
    randomness: Randomness
    _locks: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    async def untag(self, caller: Caller, project: ProjectId, named: str, tag: Tag) -> None:
        """One tag goes, and nothing else."""
        repository = self._allowed(caller, project, named)
        asked = self._intent(caller, Change.UNTAG, repository, tag)
        pointed = await self.changes.pointed(repository, tag)
        async with self._alone(repository):
            async with self._beginning(repository) as tables:
                seen = found(pointed if await tables.tag(repository, tag) else None, "tag")
                intent = replace(asked, digest=seen.digest, known=seen.known)
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

    async def put_back(self) -> int:
        """Puts back what was pushed under a tag while it was taken away, and went with it: 2.8 loses some (fact 5). How
        many it looked at.

        A push's event comes before its tag is written (fact 1), so that this may write the same tag just before it.
        Where one can't be put back, the others are seen to all the same; then its fault is raised.
        """
        gate = asyncio.Semaphore(_TOGETHER)

        async def see(overlap: Overlap) -> None:
            async with gate:
                await self._see_standing(overlap)

        overlapped = await self.changes.overlapped(self.clock.now())
        outcomes = await asyncio.gather(*map(see, overlapped), return_exceptions=True)
        now = self.clock.now()
        async with self.changes.changing() as tables:
            await tables.forget_concluded(now, now - OVERLAP, now - AWAITED)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        return len(overlapped)

    async def _see_standing(self, overlap: Overlap) -> None:
        """The registry shows something under the tag, or is given the push again, and asked again soon.

        What was put back for an earlier push may have been written over this one.
        """
        repository, tag = overlap.intent.repository, Tag(overlap.intent.tag or "")
        checked = await self.registry.check(repository, tag, overlap.pushed)
        is_ours = checked.answer is Answer.OTHER and checked.digest == overlap.restored
        if (checked.answer is Answer.ABSENT or is_ours) and await self._put_back(overlap, tag):
            return
        async with self.changes.changing() as tables:
            await tables.stands(overlap)
            if checked.answer is Answer.SAME and overlap.restored == overlap.pushed:
                await tables.audit.record(
                    put_back(overlap.intent, overlap.pushed, self.clock.now(), self._owner(repository))
                )

    async def _put_back(self, overlap: Overlap, tag: Tag) -> bool:
        """Whether it may stand now; not where the registry has lost the manifest, too."""
        repository = overlap.intent.repository
        async with self._alone(repository):
            if overlap not in await self.changes.overlapped(self.clock.now(), overlap.intent):
                return True
            served = await self.registry.manifest(repository, overlap.pushed)
            if served is None:
                return False
            async with self.changes.changing() as tables:
                await tables.restoring(overlap)
            await self.registry.put_manifest(repository, tag, served.media_type, served.content)
        return True

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
        return Intent(identifier, change, repository, caller.principal.name, now, tag, digest).asked_by(caller.actor)

    async def _carry_out(self, intent: Intent) -> None:
        try:
            began = await self._at_the_registry(intent)
        except OutcomeUnknown:
            await self._answer_unknown(intent)
        except RegistryUnavailable:
            await self._forget(intent)
            raise
        else:
            await self._finish(intent, began)

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

    async def _at_the_registry(self, intent: Intent) -> Began:
        began = Began(timedelta())
        if intent.change is Change.DELETE_REPOSITORY:
            await self.empty(intent)
        elif intent.tag is not None:
            began = await self._untag(intent, intent.tag)
        elif intent.digest is not None:
            await self.registry.delete_manifest(intent.repository, intent.digest)
        return began

    async def _untag(self, intent: Intent, tag: Tag) -> Began:
        """By name where the registry can; else by a throw-away that takes the tag with it when it goes (fact 5).

        The throw-away is put by its digest first: its event tells, by the registry's own clock, which pushes overlap.
        What the registry shows before that tells the same without a clock.
        """
        repository, throwaway = intent.repository, intent.throwaway
        shown = await self.registry.check(repository, tag, intent.digest)
        await self._require_deletions(intent)
        await self.registry.put_manifest(repository, intent.throwaway_digest, OCI_INDEX, throwaway)
        began = Began(self.clock.now() - intent.begun_at, shown.answer is Answer.SAME)
        with begun():
            if not await self.registry.delete_tag(repository, tag):
                await self.registry.put_manifest(repository, tag, OCI_INDEX, throwaway)
            await self.registry.delete_manifest(repository, intent.throwaway_digest)
        return began

    async def _require_deletions(self, intent: Intent) -> None:
        """Asks for the deletion of what isn't there: it tells whether the registry deletes at all."""
        await self.registry.delete_manifest(intent.repository, intent.throwaway_digest)

    async def _conclude(self, intent: Intent) -> None:
        async with self._alone(intent.repository):
            if intent not in await self.changes.open():
                return
            if intent.change is Change.DELETE_REPOSITORY:
                await self.empty(intent)
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
        made = checked.digest != intent.digest
        await self._forget(intent, checked.digest if made else None)
        return made

    async def _finish(self, intent: Intent, began: Began | None = None) -> None:
        """The index and the audit log follow, in one transaction with the end of the intent.

        Where nobody knows how it began, all that is known is that it did so before now.
        """
        now = self.clock.now()
        async with self.changes.changing() as tables:
            await tables.audit.record(concluded(intent, now, self._owner(intent.repository)))
            if intent.change is Change.UNTAG:
                await tables.untag(intent, now)
                await tables.conclude(intent, now, began or Began(now - intent.begun_at))
                return
            if intent.digest is not None:
                await tables.remove(intent, intent.digest, now)
            else:
                await tables.deleted(intent, now)
            await tables.forget(intent)

    async def _forget(self, intent: Intent, overtaken: Digest | None = None) -> None:
        """Nothing was changed, or what was is there anew."""
        async with self.changes.changing() as tables:
            await tables.forget(intent)
            if overtaken is not None:
                owner = self._owner(intent.repository)
                await tables.audit.record(concluded(intent, self.clock.now(), owner, overtaken))

    def _owner(self, repository: RepositoryName) -> ProjectId | None:
        return self.access.owner_of(repository)


async def _require_unused(tables: ChangeTables, repository: RepositoryName, digest: Digest) -> None:
    if not await tables.has_manifest(repository, digest):
        raise NotFound("manifest")
    if tags := await tables.tags_at(repository, digest):
        raise Refused("manifest_tagged", "manifest is tagged", tags[:100])
    if users := await tables.users_of(repository, digest):
        raise Refused("manifest_in_use", "manifest is in use", users[:100])
