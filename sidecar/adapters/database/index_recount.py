"""Counts all sizes and numbers of the index anew, from what they are made of: `index_sizes` keeps them step by step.

What is kept may differ from what is counted only by a fault of ours. Each kind is one transaction: compare, mend, tell.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.driver import Driver, Row, Session
from sidecar.domain.audit import AuditEntry
from sidecar.ports.index import Miscount

_HELD: Final = """
    held (repository, manifest, digest, size) AS (
        SELECT manifest.repository, manifest.digest, manifest_reference.digest, manifest_reference.size
          FROM manifest
          JOIN manifest_reference ON manifest_reference.manifest = manifest.digest
         WHERE manifest.gone = 0 AND kind IN ('config', 'layer', 'blob')
         UNION ALL
        SELECT manifest.repository, manifest.digest, manifest.digest, length(content)
          FROM manifest
          JOIN manifest_document ON manifest_document.digest = manifest.digest
         WHERE manifest.gone = 0
    ),
    once (repository, manifest, digest, size) AS (
        SELECT repository, manifest, digest, max(size)
          FROM held
         GROUP BY repository, manifest, digest
    )"""

_BLOBS: Final = f"""
WITH {_HELD},
    counted (repository, digest, least, size, uses) AS (
        SELECT repository, digest, min(size), max(size), count(*)
          FROM once
         GROUP BY repository, digest
    )
SELECT counted.repository, counted.digest, counted.size, counted.uses, coalesce(kept.uses, 0)
  FROM counted
  LEFT JOIN repository_blob AS kept ON kept.repository = counted.repository AND kept.digest = counted.digest
 WHERE kept.uses IS NULL OR kept.uses <> counted.uses OR kept.size NOT BETWEEN counted.least AND counted.size
 UNION ALL
SELECT kept.repository, kept.digest, kept.size, 0, kept.uses
  FROM repository_blob AS kept
  LEFT JOIN counted ON counted.repository = kept.repository AND counted.digest = kept.digest
 WHERE counted.uses IS NULL
"""  # noqa: S608 - made of constants

_PUT_BLOB: Final = """
INSERT INTO repository_blob (repository, digest, size, uses)
VALUES ($1, $2, $3, $4)
    ON CONFLICT (repository, digest) DO UPDATE
   SET size = excluded.size, uses = excluded.uses
"""

_PRUNE_BLOBS: Final = """
DELETE FROM repository_blob
 WHERE uses = 0
"""

_REPOSITORIES: Final = """
SELECT id, name, kept_size, size, kept_manifests, manifests, kept_tags, tags
  FROM (SELECT id, name, repository.size AS kept_size, repository.manifests AS kept_manifests,
               repository.tags AS kept_tags,
               (SELECT coalesce(sum(size), 0) FROM repository_blob WHERE repository = id) AS size,
               (SELECT count(*)
                  FROM manifest
                  JOIN manifest_document ON manifest_document.digest = manifest.digest
                 WHERE repository = id AND gone = 0) AS manifests,
               (SELECT count(*) FROM tag WHERE repository = id AND digest IS NOT NULL AND fallback = 0) AS tags
          FROM repository) AS counted
 WHERE kept_size <> size OR kept_manifests <> manifests OR kept_tags <> tags
"""

_PUT_REPOSITORY: Final = """
UPDATE repository
   SET size = $2, manifests = $3, tags = $4
 WHERE id = $1
"""

_PROJECT_BLOBS: Final = """
WITH counted (project, digest, least, size, uses) AS (
    SELECT project, digest, min(repository_blob.size), max(repository_blob.size), count(*)
      FROM repository_blob
      JOIN repository ON repository.id = repository_blob.repository
     WHERE project IS NOT NULL
     GROUP BY project, digest
)
SELECT counted.project, counted.digest, counted.size, counted.uses, coalesce(kept.uses, 0)
  FROM counted
  LEFT JOIN project_blob AS kept ON kept.project = counted.project AND kept.digest = counted.digest
 WHERE kept.uses IS NULL OR kept.uses <> counted.uses OR kept.size NOT BETWEEN counted.least AND counted.size
 UNION ALL
SELECT kept.project, kept.digest, kept.size, 0, kept.uses
  FROM project_blob AS kept
  LEFT JOIN counted ON counted.project = kept.project AND counted.digest = kept.digest
 WHERE counted.uses IS NULL
"""

_PUT_PROJECT_BLOB: Final = """
INSERT INTO project_blob (project, digest, size, uses)
VALUES ($1, $2, $3, $4)
    ON CONFLICT (project, digest) DO UPDATE
   SET size = excluded.size, uses = excluded.uses
"""

_PRUNE_PROJECT_BLOBS: Final = """
DELETE FROM project_blob
 WHERE uses = 0
"""

_PROJECTS: Final = """
SELECT named.project, coalesce(project_size.size, 0), coalesce(counted.size, 0)
  FROM (SELECT project FROM project_size UNION SELECT project FROM project_blob) AS named
  LEFT JOIN project_size ON project_size.project = named.project
  LEFT JOIN (SELECT project, sum(size) AS size FROM project_blob GROUP BY project) AS counted
    ON counted.project = named.project
 WHERE coalesce(project_size.size, 0) <> coalesce(counted.size, 0)
"""

_PUT_PROJECT: Final = """
INSERT INTO project_size (project, size)
VALUES ($1, $2)
    ON CONFLICT (project) DO UPDATE
   SET size = excluded.size
"""

_TOTALS: Final = f"""
WITH RECURSIVE {_HELD},
    reached (repository, top, digest) AS (
        SELECT repository, manifest.digest, manifest.digest
          FROM manifest
          JOIN manifest_document ON manifest_document.digest = manifest.digest
         WHERE gone = 0
         UNION
        SELECT reached.repository, top, child.digest
          FROM reached
          JOIN manifest_reference ON manifest_reference.manifest = reached.digest AND kind = 'child'
          JOIN manifest AS child ON child.digest = manifest_reference.digest AND child.repository = reached.repository
         WHERE child.gone = 0
    ),
    counted (repository, digest, total) AS (
        SELECT repository, top, sum(size)
          FROM (SELECT reached.repository, top, once.digest, max(size) AS size
                  FROM reached
                  JOIN once ON once.repository = reached.repository AND once.manifest = reached.digest
                 GROUP BY reached.repository, top, once.digest) AS each_once
         GROUP BY repository, top
    )
SELECT manifest.repository, manifest.digest, manifest.total, coalesce(counted.total, 0)
  FROM manifest
  LEFT JOIN counted ON counted.repository = manifest.repository AND counted.digest = manifest.digest
 WHERE manifest.total <> coalesce(counted.total, 0)
"""  # noqa: S608 - made of constants

_PUT_TOTAL: Final = """
UPDATE manifest
   SET total = $3
 WHERE repository = $1 AND digest = $2
"""


class Recount:
    """All counts of the index, from the smallest to the sums of them."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def __call__(self, audited: Callable[[Sequence[Miscount]], AuditEntry] | None) -> list[Miscount]:
        """What differed, and is mended now; the last transaction tells of all of it."""
        found = []
        for mend in (_mend_blobs, _mend_repositories, _mend_project_blobs, _mend_projects):
            async with self._driver.writing() as session:
                found += await mend(session)
        async with self._driver.writing() as session:
            found += await _mend_totals(session)
            if audited is not None:
                await AuditTable(session).record(audited(found))
        return found


async def _mend_blobs(session: Session) -> list[Miscount]:
    rows = await session.fetch(_BLOBS)
    await session.execute_many(_PUT_BLOB, [row[:4] for row in rows])
    await session.execute(_PRUNE_BLOBS)
    return [_uses("repository", row) for row in rows]


async def _mend_repositories(session: Session) -> list[Miscount]:
    found = []
    for identifier, name, *counts in await session.fetch(_REPOSITORIES):
        kept, counted = counts[::2], counts[1::2]
        await session.execute(_PUT_REPOSITORY, identifier, *counted)
        found += [
            Miscount(f"{what} of {name}", before, after)
            for what, before, after in zip(("bytes", "manifests", "tags"), kept, counted, strict=True)
            if before != after
        ]
    return found


async def _mend_project_blobs(session: Session) -> list[Miscount]:
    rows = await session.fetch(_PROJECT_BLOBS)
    await session.execute_many(_PUT_PROJECT_BLOB, [row[:4] for row in rows])
    await session.execute(_PRUNE_PROJECT_BLOBS)
    return [_uses("project", row) for row in rows]


async def _mend_projects(session: Session) -> list[Miscount]:
    found = []
    for project, kept, counted in await session.fetch(_PROJECTS):
        await session.execute(_PUT_PROJECT, project, counted)
        found.append(Miscount(f"bytes of project {project}", kept, counted))
    return found


async def _mend_totals(session: Session) -> list[Miscount]:
    found = []
    for repository, digest, kept, counted in await session.fetch(_TOTALS):
        await session.execute(_PUT_TOTAL, repository, digest, counted)
        found.append(Miscount(f"bytes that {digest} reaches in repository {repository}", kept, counted))
    return found


def _uses(where: str, row: Row) -> Miscount:
    owner, digest, _, counted, kept = row
    return Miscount(f"uses of {digest} in {where} {owner}", kept, counted)
