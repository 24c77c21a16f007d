"""ports.Index and ports.IndexTables: the index, put together from its tables."""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from sidecar.adapters.database.columns import time_column
from sidecar.adapters.database.driver import Driver, Session
from sidecar.adapters.database.index.manifests import ManifestTable
from sidecar.adapters.database.index.recount import Recount
from sidecar.adapters.database.index.repositories import RepositoryTable
from sidecar.adapters.database.index.sizes import SizeTable
from sidecar.adapters.database.index.tags import TagTable
from sidecar.adapters.database.index.verification import VerificationTable
from sidecar.adapters.database.sweeps import SweepTable
from sidecar.domain.audit import AuditEntry
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import DigestDeleted, ManifestPushed, TagDeleted
from sidecar.domain.manifests import ImageConfig, Manifest, Unparsed
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.pulls import Pulls
from sidecar.domain.targets import Target
from sidecar.ports.index import EVERY, Backlog, Denied, Miscount, PendingManifest, Suspect
from sidecar.ports.sweeps import Drift, Sweep

T = TypeVar("T")

_DONE: Final = """
DELETE FROM inbox
 WHERE sequence = $1
"""

_POISON: Final = """
INSERT INTO quarantine (reason, content_type, address, received_at, content)
SELECT $2, '', '', received_at, document
  FROM inbox
 WHERE sequence = $1
"""

_PENDING: Final = """
SELECT repository.name, manifest.digest, attempts
  FROM manifest
  JOIN repository ON repository.id = manifest.repository
 WHERE fetch_after <= $1
 ORDER BY fetch_after
 LIMIT $2
"""

_TAGS: Final = """
SELECT tag.name, digest
  FROM tag
  JOIN repository ON repository.id = tag.repository
 WHERE repository.name = $1 AND digest IS NOT NULL AND tag.name > $2
 ORDER BY tag.name
 LIMIT $3
"""

_MANIFESTS: Final = """
SELECT digest, media_type
  FROM manifest
  JOIN repository ON repository.id = manifest.repository
 WHERE repository.name = $1 AND gone = 0
"""

_DOUBTFUL: Final = """
SELECT manifest.digest, manifest.gone
  FROM manifest
  JOIN repository ON repository.id = manifest.repository
 WHERE repository.name = $1 AND manifest.digest > $3
   AND CASE manifest.gone
       WHEN 0 THEN NOT EXISTS (SELECT 1
                                 FROM tag
                                WHERE tag.repository = manifest.repository AND tag.digest = manifest.digest)
       ELSE manifest.order_time >= $2 OR manifest.created_at >= $2
         OR EXISTS (SELECT 1
                      FROM manifest_reference
                      JOIN manifest AS parent ON parent.digest = manifest_reference.manifest
                     WHERE manifest_reference.digest = manifest.digest AND kind = 'child'
                       AND parent.repository = manifest.repository AND parent.gone = 0)
       END
 ORDER BY manifest.digest
 LIMIT $4
"""

_COUNT_TAGS: Final = """
SELECT repository.name, count(*)
  FROM tag
  JOIN repository ON repository.id = tag.repository
 WHERE digest IS NOT NULL
 GROUP BY repository.name
"""

_BACKLOG: Final = """
SELECT (SELECT count(*) FROM manifest WHERE fetch_after >= 0),
       (SELECT count(*) FROM verification)
"""

_REPOSITORIES: Final = """
SELECT name
  FROM repository
 ORDER BY name
"""

_THROWAWAY: Final = """
SELECT 1
  FROM intent
 WHERE throwaway = $1
"""

_CHANGING: Final = """
SELECT 1
  FROM intent
 WHERE repository = $1 AND (tag = $2 OR digest = $2 OR (tag IS NULL AND digest IS NULL))
 LIMIT 1
"""

_MARKED: Final = """
UPDATE intent
   SET marked_at = $2
 WHERE throwaway = $1 AND (marked_at IS NULL OR marked_at > $2)
"""

_UNMADE: Final = """
UPDATE intent
   SET unmade_at = $2
 WHERE throwaway = $1
"""

_NANOSECONDS: Final = 1000
"""In one of the microseconds that columns of our own times hold."""


class IndexSession:
    """ports.IndexTables in one transaction."""

    def __init__(self, session: Session, owner_of: Callable[[str], ProjectId | None]) -> None:
        self._session = session
        sizes = SizeTable(session)
        self._repositories = RepositoryTable(session, sizes, owner_of)
        self._verifications = VerificationTable(session)
        self._manifests = ManifestTable(session, sizes, self._verifications)
        self._tags = TagTable(session, self._repositories)
        self._sweeps = SweepTable(session)

    async def push(self, event: ManifestPushed) -> None:
        origin = event.origin
        repository = await self._repositories.ensure(event.repository, origin.time)
        await self._manifests.add(
            repository, event.digest, event.media_type, event.size, origin.order, origin.time, origin.actor
        )
        if event.tag is not None:
            await self._tags.push(repository, event.tag, event.digest, origin)
        await self._repositories.pushed(repository, origin.time)

    async def delete_tag(self, event: TagDeleted) -> None:
        repository = await self._repositories.find(event.repository)
        if repository is not None:
            await self._tags.delete(repository, event.tag, event.origin)

    async def delete_digest(self, event: DigestDeleted) -> None:
        repository = await self._repositories.find(event.repository)
        if repository is not None and await self._manifests.remove(repository, event.digest, event.origin.order):
            await self._tags.delete_at(repository, event.digest, event.origin)

    async def marked(self, throwaway: Digest, at: int) -> None:
        await self._session.execute(_MARKED, throwaway, at)

    async def unmade(self, throwaway: Digest, at: int) -> None:
        await self._session.execute(_UNMADE, throwaway, at)

    async def done(self, sequences: Sequence[int]) -> None:
        await self._session.execute_many(_DONE, [(sequence,) for sequence in sequences])

    async def poison(self, sequence: int, reason: str) -> None:
        await self._session.execute(_POISON, sequence, reason)
        await self._session.execute(_DONE, sequence)

    async def document(
        self,
        digest: Digest,
        content: bytes,
        media_type: str,
        reading: Manifest | Unparsed,
        image: ImageConfig | None,
    ) -> None:
        await self._manifests.document(digest, content, media_type, reading, image)

    async def fetch_failed(self, manifest: PendingManifest, again: datetime, reason: str) -> None:
        repository = await self._repositories.find(manifest.repository)
        if repository is not None:
            await self._manifests.fetch_later(repository, manifest.digest, again, reason)

    async def suspect(self, repository: RepositoryName, target: Target, key: str, due: datetime) -> None:
        known = await self._repositories.find(repository)
        if known is not None:
            await self._verifications.ask(known, target, key, due)

    async def doubt(self, repository: RepositoryName, target: Target, key: str, due: datetime) -> None:
        known = await self._repositories.find(repository)
        if known is not None:
            await self._verifications.doubt(known, target, key, due)

    async def confirmed(self, suspect: Suspect) -> None:
        repository = await self._repositories.find(suspect.repository)
        if repository is not None and await self._still_believed(repository, suspect):
            await self._verifications.settled(repository, suspect)

    async def moved(self, suspect: Suspect, digest: Digest, media_type: str, at: datetime) -> None:
        time = time_column(at) * _NANOSECONDS
        repository = await self._repositories.ensure(suspect.repository, time)
        if not await self._still_believed(repository, suspect):
            return
        if not await self._is_throwaway(digest):
            await self._manifests.revive(repository, digest, media_type, time)
            if suspect.target is Target.TAG:
                await self._tags.follow(repository, Tag(suspect.key), digest, time)
                await self._doubt_left(repository, suspect, at)
        await self._verifications.settled(repository, suspect)

    async def missing(self, suspect: Suspect, at: datetime, again: datetime) -> None:
        repository = await self._repositories.find(suspect.repository)
        if repository is not None:
            await self._verifications.missing(repository, suspect, at, again)

    async def gone(self, suspect: Suspect, at: datetime) -> int:
        repository = await self._repositories.find(suspect.repository)
        if repository is None or not await self._still_believed(repository, suspect):
            return 0
        removed = await self._remove(repository, suspect, at)
        await self._verifications.settled(repository, suspect)
        return removed

    async def removed(self, things: int, at: datetime, since: datetime) -> None:
        await self._verifications.removed(things, at, since)

    async def is_at_rest(self, suspect: Suspect) -> bool:
        if await self._session.fetch_one(_CHANGING, suspect.repository, suspect.key):
            return False
        known = await self._repositories.find(suspect.repository)
        if known is None:
            return suspect.digest is None
        if await self._verifications.awaits(known, suspect.target, suspect.key):
            return False
        return await self._still_believed(known, suspect)

    async def swept(self, sweep: Sweep) -> None:
        await self._sweeps.put(sweep)

    async def drifted(self, sweep: int, drift: Drift) -> None:
        await self._sweeps.drifted(sweep, drift)

    async def retract(self, sweep: int, drift: Drift) -> None:
        await self._sweeps.retract(sweep, drift)

    async def count_pulls(self, pulls: Sequence[Pulls]) -> None:
        for item in pulls:
            repository = await self._repositories.find(item.repository)
            if repository is not None:
                table = self._tags if item.target is Target.TAG else self._manifests
                await table.count_pulls(repository, item.key, item.count, item.last_at, item.last_by)
                await self._repositories.pulled(repository, item.last_at)

    async def assign_projects(self) -> None:
        await self._repositories.assign()

    async def _still_believed(self, repository: int, suspect: Suspect) -> bool:
        if suspect.target is Target.TAG:
            return await self._tags.digest(repository, suspect.key) == suspect.digest
        return await self._manifests.lives(repository, suspect.key) == (suspect.digest is not None)

    async def _is_throwaway(self, digest: Digest) -> bool:
        return await self._session.fetch_one(_THROWAWAY, digest) is not None

    async def _remove(self, repository: int, suspect: Suspect, at: datetime) -> int:
        if suspect.target is Target.TAG:
            await self._tags.follow(repository, Tag(suspect.key), None, time_column(at) * _NANOSECONDS)
            await self._doubt_left(repository, suspect, at)
            return 1
        tags = await self._tags.at(repository, suspect.key)
        if await self._manifests.remove(repository, suspect.key, None):
            await self._tags.delete_at(repository, suspect.key, None)
        return 1 + len(tags)

    async def _doubt_left(self, repository: int, suspect: Suspect, at: datetime) -> None:
        """The manifest that a tag leaves without an event may have gone unheard, too."""
        if suspect.digest is not None:
            await self._verifications.doubt(repository, Target.MANIFEST, suspect.digest, at)


class IndexStore:
    """ports.Index on a driver."""

    def __init__(self, driver: Driver, owner_of: Callable[[str], ProjectId | None]) -> None:
        self._driver = driver
        self._owner_of = owner_of

    @asynccontextmanager
    async def applying(self) -> AsyncIterator[IndexSession]:
        async with self._driver.writing() as session:
            yield IndexSession(session, self._owner_of)

    async def apply(self, work: Callable[[IndexSession], Coroutine[Any, Any, T]]) -> T:
        return await self._driver.write(lambda session: work(IndexSession(session, self._owner_of)))

    async def pending(self, limit: int, now: datetime) -> list[PendingManifest]:
        rows = await self._driver.read(lambda session: session.fetch(_PENDING, time_column(now), limit))
        return [PendingManifest(RepositoryName(name), Digest(digest), attempts) for name, digest, attempts in rows]

    async def due(self, limit: int, now: datetime) -> list[Suspect]:
        return await self._driver.read(lambda session: VerificationTable(session).due(limit, now))

    async def denied(self, since: datetime) -> Denied:
        return await self._driver.read(lambda session: VerificationTable(session).denied(since))

    async def tags(self, repository: RepositoryName, after: str = "", limit: int = EVERY) -> Mapping[Tag, Digest]:
        async with self._driver.reading() as session:
            rows = await session.fetch(_TAGS, repository, after, limit)
        return {Tag(name): Digest(digest) for name, digest in rows}

    async def manifests(self, repository: RepositoryName) -> Mapping[Digest, str]:
        async with self._driver.reading() as session:
            return {Digest(digest): media_type for digest, media_type in await session.fetch(_MANIFESTS, repository)}

    async def backlog(self) -> Backlog:
        async with self._driver.reading() as session:
            ((fetches, verifications),) = await session.fetch(_BACKLOG)
        return Backlog(fetches, verifications)

    async def repositories(self) -> list[RepositoryName]:
        async with self._driver.reading() as session:
            return [RepositoryName(name) for (name,) in await session.fetch(_REPOSITORIES)]

    async def doubtful(
        self, repository: RepositoryName, since: datetime, after: str = "", limit: int = EVERY
    ) -> Mapping[Digest, bool]:
        async with self._driver.reading() as session:
            rows = await session.fetch(_DOUBTFUL, repository, time_column(since) * _NANOSECONDS, after, limit)
        return {Digest(digest): not gone for digest, gone in rows}

    async def count_tags(self) -> Mapping[RepositoryName, int]:
        async with self._driver.reading() as session:
            return {RepositoryName(name): count for name, count in await session.fetch(_COUNT_TAGS)}

    async def recount(
        self,
        audited: Callable[[Sequence[Miscount]], AuditEntry] | None = None,
        progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> list[Miscount]:
        return await Recount(self._driver)(audited, progress)
