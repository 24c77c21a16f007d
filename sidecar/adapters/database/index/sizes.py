"""Exact bytes by reference counts, kept in the transaction that changes what is held (decision 7).

A blob's `uses` in a repository is the number of its living manifests that hold it; in a project, the number of its
repositories that do. A sum changes only when a count comes from or falls to zero, so nothing is ever scanned.
"""

from typing import Final

from sidecar.adapters.database.driver import Session

_HELD: Final = """
SELECT digest, max(size) AS size
  FROM (SELECT digest, size
          FROM manifest_reference
         WHERE manifest = $2 AND kind IN ('config', 'layer', 'blob')
         UNION ALL
        SELECT digest, length(content)
          FROM manifest_document
         WHERE digest = $2) AS held
 GROUP BY digest
"""

_HOLD: Final = f"""
INSERT INTO repository_blob (repository, digest, size, uses)
SELECT $1, digest, size, 1
  FROM ({_HELD}) AS held
 WHERE true
    ON CONFLICT (repository, digest) DO UPDATE
   SET uses = repository_blob.uses + 1
RETURNING digest, size, uses
"""  # noqa: S608 - made of constants

_RELEASE: Final = f"""
   UPDATE repository_blob
      SET uses = uses - 1
    WHERE repository = $1 AND digest IN (SELECT digest FROM ({_HELD}) AS held)
RETURNING digest, size, uses
"""  # noqa: S608 - made of constants

_FORGET: Final = """
DELETE FROM repository_blob
 WHERE repository = $1 AND digest = $2
"""

_RESIZE: Final = """
   UPDATE repository
      SET size = size + $2, manifests = manifests + $3
    WHERE id = $1
RETURNING project
"""

_PROJECT_HOLD: Final = """
INSERT INTO project_blob (project, digest, size, uses)
VALUES ($1, $2, $3, 1)
    ON CONFLICT (project, digest) DO UPDATE
   SET uses = project_blob.uses + 1
RETURNING uses
"""

_PROJECT_RELEASE: Final = """
   UPDATE project_blob
      SET uses = uses - 1
    WHERE project = $1 AND digest = $2
RETURNING uses, size
"""

_PROJECT_FORGET: Final = """
DELETE FROM project_blob
 WHERE project = $1 AND digest = $2
"""

_PROJECT_RESIZE: Final = """
INSERT INTO project_size (project, size)
VALUES ($1, $2)
    ON CONFLICT (project) DO UPDATE
   SET size = project_size.size + excluded.size
"""

_NEW_TO_PROJECT: Final = """
SELECT coalesce(sum(size), 0)
  FROM repository_blob
 WHERE repository = $2
   AND NOT EXISTS (SELECT 1
                     FROM project_blob
                    WHERE project = $1 AND project_blob.digest = repository_blob.digest)
"""

_PROJECT_HOLD_ALL: Final = """
INSERT INTO project_blob (project, digest, size, uses)
SELECT $1, digest, size, 1
  FROM repository_blob
 WHERE repository = $2
    ON CONFLICT (project, digest) DO UPDATE
   SET uses = project_blob.uses + 1
"""

_PROJECT_RELEASE_ALL: Final = """
UPDATE project_blob
   SET uses = uses - 1
 WHERE project = $1 AND digest IN (SELECT digest FROM repository_blob WHERE repository = $2)
"""

_LAST_IN_PROJECT: Final = """
SELECT coalesce(sum(size), 0)
  FROM project_blob
 WHERE project = $1 AND uses = 0 AND digest IN (SELECT digest FROM repository_blob WHERE repository = $2)
"""

_PROJECT_FORGET_ALL: Final = """
DELETE FROM project_blob
 WHERE project = $1 AND uses = 0 AND digest IN (SELECT digest FROM repository_blob WHERE repository = $2)
"""

_TOTALS: Final = """
WITH RECURSIVE
    above (digest) AS (
        SELECT $2
         UNION
        SELECT parent.digest
          FROM above
          JOIN manifest_reference ON manifest_reference.digest = above.digest AND kind = 'child'
          JOIN manifest AS parent ON parent.digest = manifest_reference.manifest
         WHERE parent.repository = $1 AND parent.gone = 0
    )
SELECT digest
  FROM above
"""

_TOTAL: Final = """
WITH RECURSIVE
    reached (digest) AS (
        SELECT digest
          FROM manifest
         WHERE repository = $1 AND digest = $2 AND gone = 0
         UNION
        SELECT child.digest
          FROM reached
          JOIN manifest_reference ON manifest_reference.manifest = reached.digest AND kind = 'child'
          JOIN manifest AS child ON child.digest = manifest_reference.digest
         WHERE child.repository = $1 AND child.gone = 0
    ),
    held (digest, size) AS (
        SELECT manifest_document.digest, length(content)
          FROM manifest_document
          JOIN reached ON reached.digest = manifest_document.digest
         UNION
        SELECT manifest_reference.digest, size
          FROM manifest_reference
          JOIN reached ON reached.digest = manifest
         WHERE kind IN ('config', 'layer', 'blob')
    )
UPDATE manifest
   SET total = (SELECT coalesce(sum(size), 0)
                  FROM (SELECT digest, max(size) AS size FROM held GROUP BY digest) AS once)
 WHERE repository = $1 AND digest = $2
"""


class SizeTable:
    """The sums of one transaction's changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold(self, repository: int, manifest: str) -> None:
        """A manifest whose document is known lives in this repository from now on."""
        held = await self._session.fetch(_HOLD, repository, manifest)
        new = [(digest, size) for digest, size, uses in held if uses == 1]
        project = await self._resize(repository, sum(size for _, size in new), 1)
        if project is not None:
            await self._project_hold(project, new)

    async def release(self, repository: int, manifest: str) -> None:
        """It no longer does."""
        released = await self._session.fetch(_RELEASE, repository, manifest)
        last = [(digest, size) for digest, size, uses in released if uses == 0]
        for digest, _ in last:
            await self._session.execute(_FORGET, repository, digest)
        project = await self._resize(repository, -sum(size for _, size in last), -1)
        if project is not None:
            await self._project_release(project, [digest for digest, _ in last])

    async def move(self, repository: int, old: str | None, new: str | None) -> None:
        """The repository's blobs count for another project, or for none.

        They may be very many, and while they move no event can be stored: so the database counts them itself.
        """
        if old is not None:
            await self._session.execute(_PROJECT_RELEASE_ALL, old, repository)
            await self._project_resize(old, -await self._sum(_LAST_IN_PROJECT, old, repository))
            await self._session.execute(_PROJECT_FORGET_ALL, old, repository)
        if new is not None:
            await self._project_resize(new, await self._sum(_NEW_TO_PROJECT, new, repository))
            await self._session.execute(_PROJECT_HOLD_ALL, new, repository)

    async def total(self, repository: int, manifest: str) -> None:
        """What the manifest reaches in this repository, and so what every index above it does."""
        for (digest,) in await self._session.fetch(_TOTALS, repository, manifest):
            await self._session.execute(_TOTAL, repository, digest)

    async def _resize(self, repository: int, size: int, manifests: int) -> str | None:
        row = await self._session.fetch_one(_RESIZE, repository, size, manifests)
        return None if row is None else row[0]

    async def _project_hold(self, project: str, blobs: list[tuple[str, int]]) -> None:
        added = 0
        for digest, size in blobs:
            row = await self._session.fetch_one(_PROJECT_HOLD, project, digest, size)
            added += size if row == (1,) else 0
        await self._project_resize(project, added)

    async def _project_release(self, project: str, digests: list[str]) -> None:
        """What goes is what came: repositories may claim different sizes for one blob, and registries don't compare."""
        removed = 0
        for digest in digests:
            for uses, size in await self._session.fetch(_PROJECT_RELEASE, project, digest):
                if uses == 0:
                    await self._session.execute(_PROJECT_FORGET, project, digest)
                    removed += size
        await self._project_resize(project, -removed)

    async def _project_resize(self, project: str, more: int) -> None:
        await self._session.execute(_PROJECT_RESIZE, project, more)

    async def _sum(self, sql: str, project: str, repository: int) -> int:
        ((size,),) = await self._session.fetch(sql, project, repository)
        return int(size)
