"""ports.Changes: the intents, and the index as changes of the registry see it."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.columns import time_column, time_of
from sidecar.adapters.database.driver import Driver, Row, Session
from sidecar.adapters.database.index.manifests import ManifestTable
from sidecar.adapters.database.index.repositories import RepositoryTable
from sidecar.adapters.database.index.sizes import SizeTable
from sidecar.adapters.database.index.tags import TagTable
from sidecar.adapters.database.index.verification import VerificationTable
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import Origin
from sidecar.domain.intents import Change, Intent
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.ports.changing import Began, Overlap, Pointed

_BEGIN: Final = """
INSERT INTO intent (id, action, repository, tag, digest, throwaway, principal, begun_at, known,
                    principal_kind, credential, address, request)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

_FORGET: Final = """
DELETE FROM intent
 WHERE id = $1
"""

_OPEN: Final = """
SELECT id, action, repository, tag, digest, principal, begun_at, known, principal_kind, credential, address, request
  FROM intent
 WHERE concluded_at IS NULL
 ORDER BY begun_at, id
"""

_CONCLUDE: Final = """
UPDATE intent
   SET concluded_at = $2, lead = $3, held = $4
 WHERE id = $1
"""

_SUPERSEDE: Final = """
DELETE FROM intent
 WHERE id <> $1 AND concluded_at IS NOT NULL AND repository = $2 AND ($3 = '' OR tag = $3)
"""

_STANDS: Final = """
UPDATE intent
   SET looked = $2
 WHERE id = $1
"""

_RESTORING: Final = """
UPDATE intent
   SET restored = $2
 WHERE id = $1
"""

_POINTED: Final = """
SELECT digest, order_time
  FROM tag
  JOIN repository ON repository.id = tag.repository
 WHERE repository.name = $1 AND tag.name = $2 AND digest IS NOT NULL
"""

_TAGS: Final = """
SELECT tag.name, digest
  FROM tag
  JOIN repository ON repository.id = tag.repository
 WHERE repository.name = $1 AND digest IS NOT NULL
"""

_OVERLAPPED: Final = """
SELECT intent.id, intent.action, intent.repository, intent.tag, intent.digest, principal, begun_at, known,
       principal_kind, credential, intent.address, intent.request, pushed.event, pushed.digest, restored
  FROM intent
  JOIN repository ON repository.name = intent.repository
  JOIN tag_history AS pushed ON pushed.repository = repository.id AND pushed.tag = intent.tag
 WHERE marked_at IS NOT NULL AND ($4 = '' OR intent.id = $4)
   AND pushed.action = 'push' AND pushed.event <> coalesce(looked, '')
   AND pushed.at > known
   AND pushed.at > marked_at - lead - CASE WHEN pushed.digest = intent.digest THEN 0 WHEN held = 1 THEN $1 ELSE $2 END
   AND CASE WHEN restored IS NOT NULL THEN 1
            WHEN unmade_at IS NOT NULL THEN pushed.at < unmade_at + $5
            ELSE concluded_at < $3 END
   AND NOT EXISTS (SELECT 1
                     FROM tag_history AS newer
                    WHERE newer.repository = pushed.repository AND newer.tag = pushed.tag
                      AND newer.at > pushed.at AND newer.instance <> '')
   AND NOT EXISTS (SELECT 1
                     FROM intent AS later
                    WHERE later.repository = intent.repository AND later.begun_at > intent.begun_at
                      AND (later.tag IS NULL OR later.tag = intent.tag))
"""
"""`marked_at - lead` is when the untag was asked for, or a little earlier, by the registry's own clock. What our own
changes note in the history comes from no instance.
"""

_FORGET_CONCLUDED: Final = f"""
DELETE FROM intent
 WHERE (concluded_at < $7 OR (concluded_at < $6 AND unmade_at IS NOT NULL))
   AND id NOT IN (SELECT id FROM ({_OVERLAPPED}) AS overlapped)
"""  # noqa: S608 - made of constants

_LONG_UNDER_WAY: Final = timedelta(seconds=10)
"""How long before the untag the event of a push may have been sent that the registry, asked after, didn't show yet."""
_DOUBT: Final = timedelta(seconds=1)
"""Within how much it isn't certain which came first: an untag is on its way for a while before we know of it, on a busy
machine for long.
"""
_SKEW: Final = timedelta(milliseconds=50)
"""How far the clocks of several registry processes may be apart."""
_TELLING: Final = timedelta(seconds=5)
"""How long after an untag the event that ends it is awaited; it comes behind those of all that it took with it."""

_REPOSITORY: Final = """
SELECT id
  FROM repository
 WHERE name = $1 AND (deleted_at IS NULL OR manifests > 0 OR tags > 0)
"""

_SOME_MANIFESTS: Final = """
SELECT digest
  FROM manifest
  JOIN repository ON repository.id = manifest.repository
 WHERE repository.name = $1 AND gone = 0
 LIMIT $2
"""

_PARENTS: Final = """
SELECT DISTINCT parent.digest
  FROM manifest_reference
  JOIN manifest AS parent ON parent.repository = $1 AND parent.digest = manifest_reference.manifest
 WHERE manifest_reference.digest = $2 AND kind = 'child' AND parent.gone = 0
 ORDER BY parent.digest
 LIMIT 100
"""

_REFERRERS: Final = """
SELECT manifest.digest
  FROM manifest_document
  JOIN manifest ON manifest.repository = $1 AND manifest.digest = manifest_document.digest
 WHERE subject = $2 AND gone = 0
 ORDER BY manifest.digest
 LIMIT 100
"""

_FALLBACKS: Final = """
SELECT name
  FROM tag
 WHERE repository = $1 AND digest IS NOT NULL AND (name = $2 OR (name > $3 AND name < $4))
 ORDER BY name
 LIMIT 100
"""

_UNREAD: Final = """
SELECT digest
  FROM manifest
 WHERE repository = $1 AND gone = 0 AND digest <> $2 AND fetch_after IS NOT NULL
 ORDER BY digest
 LIMIT 100
"""

_NANOSECONDS: Final = 1000


class ChangeSession:
    """ports.ChangeTables in one transaction."""

    def __init__(self, session: Session, owner_of: Callable[[str], ProjectId | None]) -> None:
        self._session = session
        self.audit = AuditTable(session)
        sizes = SizeTable(session)
        self._repositories = RepositoryTable(session, sizes, owner_of)
        self._manifests = ManifestTable(session, sizes, VerificationTable(session))
        self._tags = TagTable(session, self._repositories)

    async def begin(self, intent: Intent) -> None:
        await self._session.execute(
            _BEGIN,
            intent.id,
            intent.change,
            intent.repository,
            intent.tag,
            intent.digest,
            intent.throwaway_digest,
            intent.principal,
            time_column(intent.begun_at),
            intent.known,
            intent.principal_kind,
            intent.credential,
            intent.address,
            intent.request,
        )

    async def forget(self, intent: Intent) -> None:
        await self._session.execute(_FORGET, intent.id)

    async def conclude(self, intent: Intent, at: datetime, began: Began) -> None:
        await self._session.execute(_CONCLUDE, intent.id, time_column(at), _nanoseconds(began.lead), int(began.held))
        await self._supersede(intent)

    async def stands(self, overlap: Overlap) -> None:
        await self._session.execute(_STANDS, overlap.intent.id, overlap.event)

    async def restoring(self, overlap: Overlap) -> None:
        await self._session.execute(_RESTORING, overlap.intent.id, overlap.pushed)

    async def forget_concluded(self, now: datetime, told: datetime, at_all: datetime) -> None:
        await self._session.execute(_FORGET_CONCLUDED, *_bounds(now), time_column(told), time_column(at_all))

    async def is_there(self, repository: RepositoryName) -> bool:
        return await self._session.fetch_one(_REPOSITORY, repository) is not None

    async def tag(self, repository: RepositoryName, tag: Tag) -> Digest | None:
        digest = await self._tags.digest(await self._id_of(repository), tag)
        return None if digest is None else Digest(digest)

    async def has_manifest(self, repository: RepositoryName, digest: Digest) -> bool:
        return await self._manifests.lives(await self._id_of(repository), digest)

    async def tags_at(self, repository: RepositoryName, digest: Digest) -> list[str]:
        return list(await self._tags.at(await self._id_of(repository), digest))

    async def users_of(self, repository: RepositoryName, digest: Digest) -> list[str]:
        known = await self._id_of(repository)
        rows = [
            *await self._session.fetch(_PARENTS, known, digest),
            *await self._session.fetch(_REFERRERS, known, digest),
            *await self._session.fetch(_FALLBACKS, known, *_fallbacks_of(digest)),
            *await self._session.fetch(_UNREAD, known, digest),
        ]
        return list(dict.fromkeys(name for (name,) in rows))

    async def untag(self, intent: Intent, at: datetime) -> None:
        if intent.tag is not None and intent.digest is not None:
            repository = await self._id_of(intent.repository)
            await self._tags.take_away(repository, intent.tag, intent.digest, _origin(intent, at))

    async def remove(self, intent: Intent, digest: Digest, at: datetime) -> None:
        repository = await self._id_of(intent.repository)
        for tag in await self._tags.at(repository, digest):
            await self._tags.take_away(repository, tag, digest, _origin(intent, at))
        await self._manifests.remove(repository, digest, None)

    async def deleted(self, intent: Intent, at: datetime) -> None:
        await self._repositories.deleted(await self._id_of(intent.repository), time_column(at) * _NANOSECONDS)
        await self._supersede(intent)

    async def _supersede(self, intent: Intent) -> None:
        await self._session.execute(_SUPERSEDE, intent.id, intent.repository, intent.tag or "")

    async def _id_of(self, repository: RepositoryName) -> int:
        """0, which no repository has, where there is none."""
        return await self._repositories.find(repository) or 0


class ChangeStore:
    """ports.Changes on a driver."""

    def __init__(self, driver: Driver, owner_of: Callable[[str], ProjectId | None]) -> None:
        self._driver = driver
        self._owner_of = owner_of

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[ChangeSession]:
        async with self._driver.writing() as session:
            yield ChangeSession(session, self._owner_of)

    async def open(self) -> list[Intent]:
        return [_intent(row) for row in await self._driver.read(lambda session: session.fetch(_OPEN))]

    async def tags(self, repository: RepositoryName) -> dict[Tag, Digest]:
        async with self._driver.reading() as session:
            return {Tag(name): Digest(digest) for name, digest in await session.fetch(_TAGS, repository)}

    async def manifests(self, repository: RepositoryName, limit: int) -> list[Digest]:
        rows = await self._driver.read(lambda session: session.fetch(_SOME_MANIFESTS, repository, limit))
        return [Digest(digest) for (digest,) in rows]

    async def remove(self, intent: Intent, digests: Iterable[Digest], at: datetime) -> None:
        async def work(session: Session) -> None:
            tables = ChangeSession(session, self._owner_of)
            for digest in digests:
                await tables.remove(intent, digest, at)

        await self._driver.write(work)

    async def pointed(self, repository: RepositoryName, tag: Tag) -> Pointed | None:
        row = await self._driver.read(lambda session: session.fetch_one(_POINTED, repository, tag))
        return None if row is None else Pointed(Digest(row[0]), row[1])

    async def overlapped(self, now: datetime, only: Intent | None = None) -> list[Overlap]:
        rows = await self._driver.read(lambda session: session.fetch(_OVERLAPPED, *_bounds(now, only)))
        return [_overlap(row) for row in rows]


def _fallbacks_of(digest: Digest) -> tuple[str, str, str]:
    """`sha256-<hex>`, and what `sha256-<hex>.<suffix>` stands between: `/` follows `.` in ASCII."""
    name = digest.replace(":", "-")
    return name, f"{name}.", f"{name}/"


def _origin(intent: Intent, at: datetime) -> Origin:
    """Where the history's fact comes from: the intent."""
    return Origin(
        event=intent.id,
        time=time_column(at) * _NANOSECONDS,
        actor=intent.principal,
        address="",
        client="",
        request="",
        instance="",
    )


def _bounds(now: datetime, only: Intent | None = None) -> tuple[int, int, int, str, int]:
    """The parameters of what looks for overlaps."""
    long, doubt, skew = map(_nanoseconds, (_LONG_UNDER_WAY, _DOUBT, _SKEW))
    return long, doubt, time_column(now - _TELLING), "" if only is None else only.id, skew


def _nanoseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1) * _NANOSECONDS


def _overlap(row: Row) -> Overlap:
    *intent, event, pushed, restored = row
    return Overlap(_intent(tuple(intent)), event, Digest(pushed), None if restored is None else Digest(restored))


def _intent(row: Row) -> Intent:
    identifier, change, repository, tag, digest, principal, begun_at, known, *asked = row
    kind, credential, address, request = asked
    return Intent(
        id=identifier,
        change=Change(change),
        repository=RepositoryName(repository),
        principal=principal,
        begun_at=time_of(begun_at),
        tag=None if tag is None else Tag(tag),
        digest=None if digest is None else Digest(digest),
        known=known,
        principal_kind=kind,
        credential=credential,
        address=address,
        request=request,
    )
