"""The repositories of the index: made by the first push, and whose project they are."""

from collections.abc import Callable
from typing import Final

from sidecar.adapters.database.driver import Session
from sidecar.adapters.database.index.sizes import SizeTable
from sidecar.domain.names import ProjectId, RepositoryName

_GET: Final = """
SELECT id
  FROM repository
 WHERE name = $1
"""

_ADD: Final = """
INSERT INTO repository (name, project, created_at, pushed_at)
VALUES ($1, $2, $3, $3)
RETURNING id
"""

_PUSHED: Final = """
UPDATE repository
   SET pushed_at = CASE WHEN pushed_at < $2 THEN $2 ELSE pushed_at END,
       created_at = CASE WHEN deleted_at < $2 THEN $2 ELSE created_at END,
       deleted_at = CASE WHEN deleted_at < $2 THEN NULL ELSE deleted_at END
 WHERE id = $1 AND (pushed_at < $2 OR deleted_at < $2)
"""

_DELETED: Final = """
UPDATE repository
   SET deleted_at = $2
 WHERE id = $1
"""

_PULLED: Final = """
UPDATE repository
   SET pulled_at = $2
 WHERE id = $1 AND (pulled_at IS NULL OR pulled_at < $2)
"""

_COUNT_TAGS: Final = """
UPDATE repository
   SET tags = tags + $2
 WHERE id = $1
"""

_OWNERS: Final = """
SELECT id, name, project
  FROM repository
"""

_ASSIGN: Final = """
UPDATE repository
   SET project = $2
 WHERE id = $1
"""


class RepositoryTable:
    """Repositories in one transaction, each looked up once. `owner_of` says which project owns a name, today."""

    def __init__(self, session: Session, sizes: SizeTable, owner_of: Callable[[str], ProjectId | None]) -> None:
        self._session = session
        self._sizes = sizes
        self._owner_of = owner_of
        self._found: dict[RepositoryName, int] = {}

    async def find(self, name: RepositoryName) -> int | None:
        if name not in self._found:
            row = await self._session.fetch_one(_GET, name)
            if row is None:
                return None
            self._found[name] = int(row[0])
        return self._found[name]

    async def ensure(self, name: RepositoryName, at: int) -> int:
        """The repository of this name; the first push makes it. `at` is in nanoseconds."""
        known = await self.find(name)
        if known is not None:
            return known
        ((new,),) = await self._session.fetch(_ADD, name, self._owner_of(name), at)
        self._found[name] = int(new)
        return self._found[name]

    async def pushed(self, repository: int, at: int) -> None:
        """One that was deleted before lives again."""
        await self._session.execute(_PUSHED, repository, at)

    async def deleted(self, repository: int, at: int) -> None:
        """It stays as a row: late events must not make it anew."""
        await self._session.execute(_DELETED, repository, at)

    async def pulled(self, repository: int, at: int) -> None:
        await self._session.execute(_PULLED, repository, at)

    async def count_tags(self, repository: int, more: int) -> None:
        if more:
            await self._session.execute(_COUNT_TAGS, repository, more)

    async def assign(self) -> None:
        """Gives every repository to the project that owns its name now, bytes included."""
        for repository, name, project in await self._session.fetch(_OWNERS):
            owner = self._owner_of(name)
            if owner != project:
                await self._sizes.move(repository, project, owner)
                await self._session.execute(_ASSIGN, repository, owner)
