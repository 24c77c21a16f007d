"""Counts all sizes and numbers of the index anew, from what they are made of: `sizes` keeps them step by step.

What is kept may differ from what is counted only by a fault of ours. Each portion is one transaction: compare, mend. It
is a repository's blobs, some of its manifests, or a project, so that nobody else waits for long.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Final

from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.driver import Driver, Row, Session
from sidecar.domain.audit import AuditEntry
from sidecar.ports.index import Miscount

_PORTION: Final = 500
"""Manifests whose totals are counted in one transaction."""

_NAMES: Final = """
SELECT id, name
  FROM repository
 ORDER BY id
"""

_PROJECT_NAMES: Final = """
SELECT project FROM project_size
 UNION
SELECT project FROM project_blob
 UNION
SELECT project FROM repository WHERE project IS NOT NULL
 ORDER BY project
"""

_DIFFERENT: Final = """
SELECT counted.digest, counted.size, counted.uses, coalesce(kept.uses, 0), coalesce(kept.size, 0)
  FROM counted
  LEFT JOIN kept ON kept.digest = counted.digest
 WHERE kept.uses IS NULL OR kept.uses <> counted.uses OR kept.size NOT BETWEEN counted.least AND counted.size
 UNION ALL
SELECT kept.digest, kept.size, 0, kept.uses, kept.size
  FROM kept
  LEFT JOIN counted ON counted.digest = kept.digest
 WHERE counted.uses IS NULL
"""
"""What is counted otherwise than it is kept. Two claims of one size are both right, and so is all between them."""

_BLOBS: Final = f"""
WITH held (manifest, digest, size) AS (
        SELECT manifest.digest, manifest_reference.digest, manifest_reference.size
          FROM manifest
          JOIN manifest_reference ON manifest_reference.manifest = manifest.digest
         WHERE manifest.repository = $1 AND manifest.gone = 0 AND kind IN ('config', 'layer', 'blob')
         UNION ALL
        SELECT manifest.digest, manifest.digest, length(content)
          FROM manifest
          JOIN manifest_document ON manifest_document.digest = manifest.digest
         WHERE manifest.repository = $1 AND manifest.gone = 0
    ),
    once (manifest, digest, size) AS (
        SELECT manifest, digest, max(size)
          FROM held
         GROUP BY manifest, digest
    ),
    counted (digest, least, size, uses) AS (
        SELECT digest, min(size), max(size), count(*)
          FROM once
         GROUP BY digest
    ),
    kept (digest, size, uses) AS (
        SELECT digest, size, uses
          FROM repository_blob
         WHERE repository = $1
    )
{_DIFFERENT}"""  # noqa: S608 - made of constants

_PUT_BLOB: Final = """
INSERT INTO repository_blob (repository, digest, size, uses)
VALUES ($1, $2, $3, $4)
    ON CONFLICT (repository, digest) DO UPDATE
   SET size = excluded.size, uses = excluded.uses
"""

_PRUNE_BLOBS: Final = """
DELETE FROM repository_blob
 WHERE repository = $1 AND uses = 0
"""

_REPOSITORY: Final = """
SELECT repository.size,
       (SELECT coalesce(sum(size), 0) FROM repository_blob WHERE repository = $1),
       repository.manifests,
       (SELECT count(*)
          FROM manifest
          JOIN manifest_document ON manifest_document.digest = manifest.digest
         WHERE repository = $1 AND gone = 0),
       repository.tags,
       (SELECT count(*) FROM tag WHERE repository = $1 AND digest IS NOT NULL AND fallback = 0)
  FROM repository
 WHERE id = $1
"""

_PUT_REPOSITORY: Final = """
UPDATE repository
   SET size = $2, manifests = $3, tags = $4
 WHERE id = $1
"""

_PROJECT_BLOBS: Final = f"""
WITH counted (digest, least, size, uses) AS (
        SELECT digest, min(repository_blob.size), max(repository_blob.size), count(*)
          FROM repository_blob
          JOIN repository ON repository.id = repository_blob.repository
         WHERE project = $1
         GROUP BY digest
    ),
    kept (digest, size, uses) AS (
        SELECT digest, size, uses
          FROM project_blob
         WHERE project = $1
    )
{_DIFFERENT}"""  # noqa: S608 - made of constants

_PUT_PROJECT_BLOB: Final = """
INSERT INTO project_blob (project, digest, size, uses)
VALUES ($1, $2, $3, $4)
    ON CONFLICT (project, digest) DO UPDATE
   SET size = excluded.size, uses = excluded.uses
"""

_PRUNE_PROJECT_BLOBS: Final = """
DELETE FROM project_blob
 WHERE project = $1 AND uses = 0
"""

_PROJECT: Final = """
SELECT coalesce((SELECT size FROM project_size WHERE project = $1), 0),
       coalesce((SELECT sum(size) FROM project_blob WHERE project = $1), 0)
"""

_PUT_PROJECT: Final = """
INSERT INTO project_size (project, size)
VALUES ($1, $2)
    ON CONFLICT (project) DO UPDATE
   SET size = excluded.size
"""

_TOTALS: Final = """
WITH RECURSIVE
    portion (digest, gone, total) AS (
        SELECT digest, gone, total
          FROM manifest
         WHERE repository = $1 AND digest > $2
         ORDER BY digest
         LIMIT $3
    ),
    reached (top, digest) AS (
        SELECT portion.digest, portion.digest
          FROM portion
          JOIN manifest_document ON manifest_document.digest = portion.digest
         WHERE gone = 0
         UNION
        SELECT top, child.digest
          FROM reached
          JOIN manifest_reference ON manifest_reference.manifest = reached.digest AND kind = 'child'
          JOIN manifest AS child ON child.digest = manifest_reference.digest AND child.repository = $1
         WHERE child.gone = 0
    ),
    held (top, digest, size) AS (
        SELECT top, manifest_reference.digest, size
          FROM reached
          JOIN manifest_reference ON manifest = reached.digest
         WHERE kind IN ('config', 'layer', 'blob')
         UNION ALL
        SELECT top, reached.digest, length(content)
          FROM reached
          JOIN manifest_document ON manifest_document.digest = reached.digest
    ),
    counted (digest, total) AS (
        SELECT top, sum(size)
          FROM (SELECT top, digest, max(size) AS size FROM held GROUP BY top, digest) AS each_once
         GROUP BY top
    )
SELECT portion.digest, portion.total, coalesce(counted.total, 0)
  FROM portion
  LEFT JOIN counted ON counted.digest = portion.digest
 ORDER BY portion.digest
"""

_PUT_TOTAL: Final = """
UPDATE manifest
   SET total = $3
 WHERE repository = $1 AND digest = $2
"""


class Recount:
    """All counts of the index, from the smallest to the sums of them."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def __call__(
        self, audited: Callable[[Sequence[Miscount]], AuditEntry] | None, progress: Callable[[int, int], None]
    ) -> list[Miscount]:
        """What differed, and is mended now. `progress` is told how many of how many repositories and projects are done.

        Between two portions everybody else has a turn. Broken off, it has mended what it had come to, and audits that.
        """
        found: list[Miscount] = []
        try:
            await self._count_all(found, progress)
        finally:
            if audited is not None:
                await self._driver.write(lambda session: AuditTable(session).record(audited(found)))
        return found

    async def _count_all(self, found: list[Miscount], progress: Callable[[int, int], None]) -> None:
        repositories = await self._driver.read(lambda session: session.fetch(_NAMES))
        projects = await self._driver.read(lambda session: session.fetch(_PROJECT_NAMES))
        total = len(repositories) + len(projects)
        for done, (identifier, name) in enumerate(repositories):
            progress(done, total)
            async for miscounts in self._repository(identifier, name):
                found += miscounts
        for done, (project,) in enumerate(projects, len(repositories)):
            progress(done, total)
            found += await self._driver.write(partial(_mend_project, project))
            await asyncio.sleep(0)
        progress(total, total)

    async def _repository(self, identifier: int, name: str) -> AsyncIterator[list[Miscount]]:
        yield await self._driver.write(partial(_mend_repository, identifier, name))
        last: str | None = ""
        while last is not None:
            await asyncio.sleep(0)
            last, found = await self._driver.write(partial(_mend_totals, identifier, name, last))
            yield found


async def _mend_repository(identifier: int, name: str, session: Session) -> list[Miscount]:
    rows = await session.fetch(_BLOBS, identifier)
    await session.execute_many(_PUT_BLOB, [(identifier, *row[:3]) for row in rows])
    await session.execute(_PRUNE_BLOBS, identifier)
    return [_differs(f"repository {name}", row) for row in rows] + await _mend_counts(identifier, name, session)


async def _mend_counts(identifier: int, name: str, session: Session) -> list[Miscount]:
    """Bytes, manifests and tags of a repository that may be gone by now."""
    row = await session.fetch_one(_REPOSITORY, identifier)
    if row is None or row[::2] == row[1::2]:
        return []
    kept, counted = row[::2], row[1::2]
    await session.execute(_PUT_REPOSITORY, identifier, *counted)
    return [
        Miscount(f"{what} of {name}", before, after)
        for what, before, after in zip(("bytes", "manifests", "tags"), kept, counted, strict=True)
        if before != after
    ]


async def _mend_totals(identifier: int, name: str, after: str, session: Session) -> tuple[str | None, list[Miscount]]:
    """What the next manifests by digest reach; and the last of them, None where these were all."""
    rows = await session.fetch(_TOTALS, identifier, after, _PORTION)
    wrong = [row for row in rows if row[1] != row[2]]
    await session.execute_many(_PUT_TOTAL, [(identifier, digest, counted) for digest, _, counted in wrong])
    found = [Miscount(f"bytes that {digest} reaches in {name}", kept, counted) for digest, kept, counted in wrong]
    return (rows[-1][0] if len(rows) == _PORTION else None), found


async def _mend_project(project: str, session: Session) -> list[Miscount]:
    rows = await session.fetch(_PROJECT_BLOBS, project)
    await session.execute_many(_PUT_PROJECT_BLOB, [(project, *row[:3]) for row in rows])
    await session.execute(_PRUNE_PROJECT_BLOBS, project)
    found = [_differs(f"project {project}", row) for row in rows]
    ((kept, counted),) = await session.fetch(_PROJECT, project)
    if kept != counted:
        await session.execute(_PUT_PROJECT, project, counted)
        found.append(Miscount(f"bytes of project {project}", kept, counted))
    return found


def _differs(where: str, row: Row) -> Miscount:
    """Which of both it is: how often a blob is used, or how large it is said to be by what uses it."""
    digest, size, counted, kept, kept_size = row
    if counted == kept:
        return Miscount(f"bytes of {digest} in {where}", kept_size, size)
    return Miscount(f"uses of {digest} in {where}", kept, counted)
