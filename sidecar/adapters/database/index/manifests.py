"""The manifests of the index: which live in a repository, and what their documents say.

A manifest counts from the moment when it lives and its document is known; until then it is listed without a size.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sidecar.adapters.database.columns import time_column
from sidecar.adapters.database.driver import Session, Value
from sidecar.adapters.database.index.sizes import SizeTable
from sidecar.adapters.database.index.verification import VerificationTable
from sidecar.domain.digests import Digest
from sidecar.domain.manifests import Descriptor, ImageConfig, Manifest, Unparsed
from sidecar.domain.targets import Target

_GET: Final = """
SELECT manifest.gone, order_time, order_event, manifest_document.digest IS NOT NULL
  FROM manifest
  LEFT JOIN manifest_document ON manifest_document.digest = manifest.digest
 WHERE repository = $1 AND manifest.digest = $2
"""

_ADD: Final = """
INSERT INTO manifest (repository, digest, media_type, size, order_time, order_event, created_at, pushed_by, fetch_after)
SELECT $1, $2, $3, $4, $5, $6, $7, $8,
       CASE WHEN EXISTS (SELECT 1 FROM manifest_document WHERE digest = $2) THEN NULL ELSE 0 END
 WHERE true
    ON CONFLICT (repository, digest) DO UPDATE
   SET gone = 0, media_type = excluded.media_type, order_time = excluded.order_time,
       order_event = excluded.order_event, created_at = excluded.created_at, pushed_by = excluded.pushed_by,
       fetch_after = excluded.fetch_after, fetch_failure = NULL, attempts = 0
RETURNING fetch_after
"""
"""Whether that is NULL is looked at outside: SQLite 3.40 answers IS NULL wrongly in RETURNING."""

_TOUCH: Final = """
UPDATE manifest
   SET order_time = $3, order_event = $4
 WHERE repository = $1 AND digest = $2
"""

_PUSHED_AGAIN: Final = """
UPDATE manifest
   SET order_time = $3, order_event = $4, pushed_by = CASE WHEN pushed_by = '' THEN $5 ELSE pushed_by END
 WHERE repository = $1 AND digest = $2
"""

_GONE: Final = """
UPDATE manifest
   SET gone = 1, total = 0, fetch_after = NULL
 WHERE repository = $1 AND digest = $2
"""

_KNOWN_DOCUMENT: Final = """
SELECT 1
  FROM manifest_document
 WHERE digest = $1
"""

_ADD_DOCUMENT: Final = """
INSERT INTO manifest_document (digest, media_type, content, unparsed, artifact_type, platform, built_at, subject)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT DO NOTHING
"""

_ADD_REFERENCE: Final = """
INSERT INTO manifest_reference (manifest, position, kind, digest, media_type, size, platform)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_FETCHED: Final = """
   UPDATE manifest
      SET fetch_after = NULL, fetch_failure = NULL, size = $2, media_type = $3
    WHERE digest = $1 AND gone = 0 AND fetch_after IS NOT NULL
RETURNING repository
"""

_FETCH_LATER: Final = """
UPDATE manifest
   SET fetch_after = $3, fetch_failure = $4, attempts = attempts + 1
 WHERE repository = $1 AND digest = $2 AND fetch_after IS NOT NULL
"""

_ORIGIN: Final = """
SELECT order_time, order_event, created_at, pushed_by
  FROM manifest
 WHERE repository = $1 AND digest = $2
"""

_CHILDREN: Final = """
SELECT manifest_reference.digest, manifest_reference.media_type, manifest_reference.size, manifest.gone
  FROM manifest_reference
  LEFT JOIN manifest ON manifest.digest = manifest_reference.digest AND manifest.repository = $1
 WHERE manifest_reference.manifest = $2 AND kind = 'child' AND coalesce(gone, 1) = 1
 ORDER BY position
"""

_LIVE_AGAIN: Final = """
UPDATE manifest
   SET gone = 0, attempts = 0,
       fetch_after = CASE WHEN EXISTS (SELECT 1 FROM manifest_document WHERE digest = $2) THEN NULL ELSE 0 END
 WHERE repository = $1 AND digest = $2
"""

_COUNT_PULLS: Final = """
UPDATE manifest
   SET pulls = pulls + $3,
       pulled_by = CASE WHEN pulled_at IS NULL OR pulled_at < $4 THEN $5 ELSE pulled_by END,
       pulled_at = CASE WHEN pulled_at IS NULL OR pulled_at < $4 THEN $4 ELSE pulled_at END
 WHERE repository = $1 AND digest = $2
"""

_AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)

NEVER: Final = (0, "")
"""The order of what no event told: any event is newer."""

Order = tuple[int, str]


class ManifestTable:
    """Manifests in one transaction."""

    def __init__(self, session: Session, sizes: SizeTable, verifications: VerificationTable) -> None:
        self._session = session
        self._sizes = sizes
        self._verifications = verifications

    async def lives(self, repository: int, digest: str) -> bool:
        row = await self._session.fetch_one(_GET, repository, digest)
        return row is not None and not row[0]

    async def add(
        self, repository: int, digest: str, media_type: str, size: int, order: Order, at: int, by: str
    ) -> None:
        """It lives, unless something newer said that it is gone. An event seen twice brings nothing back.

        Who pushed what a sweep found before its event came is told by that event.
        """
        row = await self._session.fetch_one(_GET, repository, digest)
        if row is not None and order <= (row[1], row[2]):
            return
        if row is not None and not row[0]:
            await self._session.execute(_PUSHED_AGAIN, repository, digest, *order, by)
            return
        ((unread,),) = await self._session.fetch(_ADD, repository, digest, media_type, size, *order, at, by)
        if unread is None:
            await self._live(repository, digest)

    async def revive(self, repository: int, digest: str, media_type: str, at: int) -> None:
        """The registry serves it, whatever events said; what they told of it stays."""
        row = await self._session.fetch_one(_GET, repository, digest)
        if row is None:
            await self.add(repository, digest, media_type, 0, NEVER, at, "")
        elif row[0]:
            await self._session.execute(_LIVE_AGAIN, repository, digest)
            await self._live_if_known(repository, digest)

    async def remove(self, repository: int, digest: str, order: Order | None) -> bool:
        """It is gone, unless something newer than `order` said that it lives; whether it was there until now."""
        row = await self._session.fetch_one(_GET, repository, digest)
        if row is None or (order is not None and order < (row[1], row[2])):
            return False
        if order is not None:
            await self._session.execute(_TOUCH, repository, digest, *order)
        gone, _, _, known = row
        if gone:
            return False
        await self._session.execute(_GONE, repository, digest)
        if known:
            await self._sizes.release(repository, digest)
            await self._sizes.total(repository, digest)
        return True

    async def document(
        self, digest: Digest, content: bytes, media_type: str, reading: Manifest | Unparsed, image: ImageConfig | None
    ) -> None:
        """What the manifest says, in every repository that waits for it."""
        columns = (media_type, content, *_document_columns(reading, image))
        if await self._session.execute(_ADD_DOCUMENT, digest, *columns) and isinstance(reading, Manifest):
            await self._session.execute_many(_ADD_REFERENCE, [(digest, *row) for row in _references(reading)])
        for (repository,) in await self._session.fetch(_FETCHED, digest, len(content), media_type):
            await self._live(repository, digest)

    async def fetch_later(self, repository: int, digest: str, again: datetime, failure: str) -> None:
        await self._session.execute(_FETCH_LATER, repository, digest, time_column(again), failure)

    async def count_pulls(self, repository: int, digest: str, count: int, at: int, by: str) -> None:
        await self._session.execute(_COUNT_PULLS, repository, digest, count, at, by)

    async def _live_if_known(self, repository: int, digest: str) -> None:
        if await self._session.fetch_one(_KNOWN_DOCUMENT, digest):
            await self._live(repository, digest)

    async def _live(self, repository: int, digest: str) -> None:
        await self._add_children(repository, digest)
        await self._sizes.hold(repository, digest)
        await self._sizes.total(repository, digest)

    async def _add_children(self, repository: int, digest: str) -> None:
        """Children that no event told of are known from now on.

        One that is thought gone is asked about, and one that needs no reading, because another repository had it: any
        other is found out when it is read.
        """
        children = await self._session.fetch(_CHILDREN, repository, digest)
        if not children:
            return
        ((time, event, at, by),) = await self._session.fetch(_ORIGIN, repository, digest)
        for child, media_type, size, gone in children:
            if gone is None:
                await self.add(repository, child, media_type, size, (time, event), at, by)
            if gone is not None or await self._session.fetch_one(_KNOWN_DOCUMENT, child):
                await self._verifications.doubt(repository, Target.MANIFEST, child, _AT_ONCE)


def _document_columns(reading: Manifest | Unparsed, image: ImageConfig | None) -> tuple[Value, ...]:
    if isinstance(reading, Unparsed):
        return (str(reading), None, None, None, None)
    platform, built_at = (None, None) if image is None else (image.platform, image.created)
    return (None, reading.artifact_type, platform, built_at, reading.subject)


def _references(manifest: Manifest) -> Iterator[tuple[Value, ...]]:
    """Each thing that the manifest names, in its order: the config, then layers, then what an index lists."""
    named: list[tuple[str, Descriptor]] = []
    if manifest.config is not None:
        named.append(("config", manifest.config))
    named += [("foreign" if layer.foreign else "layer", layer) for layer in manifest.layers]
    named += [("child", child) for child in manifest.children]
    if manifest.config is None and not manifest.layers:
        named += [("blob", blob) for blob in manifest.blobs]
    for position, (kind, item) in enumerate(named):
        yield (position, kind, item.digest, item.media_type, item.size, item.platform)
