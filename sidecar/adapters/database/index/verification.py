"""What is to be verified against the registry: one wish per tag or manifest, the latest one counting."""

from datetime import datetime
from typing import Final

from sidecar.adapters.database.columns import optional_time_of, time_column, time_of
from sidecar.adapters.database.driver import Row, Session
from sidecar.domain.digests import Digest
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target
from sidecar.ports.index import Denied, Suspect

_ASK: Final = """
INSERT INTO verification (repository, target, key, due_at)
VALUES ($1, $2, $3, $4)
    ON CONFLICT (repository, target, key) DO UPDATE
   SET due_at = excluded.due_at, missing_since = NULL
"""

_DOUBT: Final = """
INSERT INTO verification (repository, target, key, due_at)
VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
"""

_AWAITS: Final = """
SELECT 1
  FROM verification
 WHERE repository = $1 AND target = $2 AND key = $3
"""

_MISSING: Final = """
UPDATE verification
   SET due_at = $4, missing_since = $5
 WHERE repository = $1 AND target = $2 AND key = $3 AND due_at = $6
"""

_SETTLED: Final = """
DELETE FROM verification
 WHERE repository = $1 AND target = $2 AND key = $3 AND due_at = $4
"""

_DUE: Final = """
SELECT repository.name, target, key, coalesce(tag.digest, manifest.digest), due_at, missing_since
  FROM verification
  JOIN repository ON repository.id = verification.repository
  LEFT JOIN tag ON target = 'tag' AND tag.repository = verification.repository AND tag.name = key
  LEFT JOIN manifest ON target = 'manifest' AND manifest.repository = verification.repository
                    AND manifest.digest = key AND manifest.gone = 0
 WHERE due_at <= $1
   AND NOT EXISTS (SELECT 1
                     FROM intent
                    WHERE intent.repository = repository.name AND intent.tag IS NULL AND intent.digest IS NULL)
 ORDER BY due_at
 LIMIT $2
"""
"""Of a repository that is being deleted nothing is asked before that has ended."""

_REMOVED: Final = """
INSERT INTO verified_removal (at, things)
VALUES ($1, $2)
"""

_FORGET_REMOVED: Final = """
DELETE FROM verified_removal
 WHERE at < $1
"""

_DENIED: Final = """
SELECT (SELECT count(*)
          FROM verification
         WHERE missing_since IS NOT NULL)
     + (SELECT count(*)
          FROM verification
          JOIN tag ON tag.repository = verification.repository AND tag.digest = key
         WHERE target = 'manifest' AND missing_since IS NOT NULL),
       (SELECT coalesce(sum(things), 0) FROM verified_removal WHERE at >= $1),
       (SELECT coalesce(sum(tags), 0) FROM repository)
"""


class VerificationTable:
    """Wishes to verify, in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def ask(self, repository: int, target: Target, key: str, due: datetime) -> None:
        await self._session.execute(_ASK, repository, target, key, time_column(due))

    async def doubt(self, repository: int, target: Target, key: str, due: datetime) -> None:
        await self._session.execute(_DOUBT, repository, target, key, time_column(due))

    async def awaits(self, repository: int, target: Target, key: str) -> bool:
        return await self._session.fetch_one(_AWAITS, repository, target, key) is not None

    async def missing(self, repository: int, suspect: Suspect, at: datetime, again: datetime) -> None:
        await self._session.execute(
            _MISSING,
            repository,
            suspect.target,
            suspect.key,
            time_column(again),
            time_column(at),
            time_column(suspect.due),
        )

    async def settled(self, repository: int, suspect: Suspect) -> None:
        """Done, unless somebody asked anew meanwhile."""
        await self._session.execute(_SETTLED, repository, suspect.target, suspect.key, time_column(suspect.due))

    async def removed(self, things: int, at: datetime, since: datetime) -> None:
        await self._session.execute(_REMOVED, time_column(at), things)
        await self._session.execute(_FORGET_REMOVED, time_column(since))

    async def denied(self, since: datetime) -> Denied:
        return Denied(*(await self._session.fetch(_DENIED, time_column(since)))[0])

    async def due(self, limit: int, now: datetime) -> list[Suspect]:
        return [_suspect(row) for row in await self._session.fetch(_DUE, time_column(now), limit)]


def _suspect(row: Row) -> Suspect:
    repository, target, key, digest, due_at, missing_since = row
    return Suspect(
        repository=RepositoryName(repository),
        target=Target(target),
        key=key,
        digest=None if digest is None else Digest(digest),
        due=time_of(due_at),
        missing_since=optional_time_of(missing_since),
    )
