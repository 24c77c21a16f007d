"""ports.Browsing: pages of repositories, tags and manifests, each as many statements whatever it shows.

Each portion is a transaction of its own, so that a long list keeps nobody waiting.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from sidecar.adapters.database.columns import moment_of
from sidecar.adapters.database.driver import Driver, Row, Session
from sidecar.adapters.database.pages import PagedStatement, both, listed, matcher
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.ports.browsing import (
    Listed,
    ManifestSummary,
    Place,
    RepositorySummary,
    Slice,
    TagSummary,
)

_REPOSITORY_COLUMNS: Final = """
SELECT name, size, manifests, tags, created_at, pushed_at, pulled_at, id
  FROM repository
"""

_THERE: Final = "(deleted_at IS NULL OR manifests > 0 OR tags > 0)"
"""One that was deleted stays as a row, and is there again when something is pushed into it."""

_REPOSITORY: Final = f"""{_REPOSITORY_COLUMNS}
 WHERE name = $1 AND {_THERE}
"""

_REPOSITORIES: Final = PagedStatement(
    f"""{_REPOSITORY_COLUMNS}
 WHERE project = $1 AND {_THERE}
""",
    "name",
    {"name": "name", "size": "size", "createdAt": "created_at", "pushedAt": "pushed_at"},
)

_TAGS: Final = PagedStatement(
    """
SELECT tag.name, tag.digest, coalesce(manifest.total, 0), moved_at, coalesce(manifest.media_type, ''),
       tag.pushed_by, tag.pulled_at, tag.pulled_by, tag.pulls
  FROM tag
  LEFT JOIN manifest ON manifest.repository = tag.repository AND manifest.digest = tag.digest
 WHERE tag.repository = $1 AND tag.digest IS NOT NULL AND fallback = 0
""",
    "tag.name",
    {"tag": "tag.name", "createdAt": "moved_at"},
)

_MANIFESTS: Final = PagedStatement(
    """
SELECT manifest.digest, total, created_at, manifest.media_type, artifact_type, platform, subject,
       pushed_by, pulled_at, pulled_by, pulls
  FROM manifest
  LEFT JOIN manifest_document ON manifest_document.digest = manifest.digest
 WHERE repository = $1 AND gone = 0
""",
    "manifest.digest",
    {"digest": "manifest.digest", "createdAt": "created_at"},
)

_DIGESTS: Final = PagedStatement(
    """
SELECT manifest.digest
  FROM manifest
 WHERE repository = $1 AND gone = 0
""",
    "manifest.digest",
    {"digest": "manifest.digest", "createdAt": "created_at"},
)
"""The same page, without what takes a look at each document."""

_TAGS_OF: Final = """
SELECT page.digest, tag.name
  FROM ({page}) AS page
 CROSS JOIN tag
 WHERE tag.repository = $1 AND tag.digest = page.digest AND fallback = 0
"""
"""SQLite would rather walk through all tags of the repository; CROSS JOIN keeps it to this order of the tables."""

_CHILDREN_OF: Final = """
SELECT page.digest, manifest_reference.digest
  FROM ({page}) AS page
  JOIN manifest_reference ON manifest = page.digest AND kind = 'child'
 ORDER BY position
"""


class BrowsingStore:
    """ports.Browsing on a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def repositories(
        self, project: ProjectId, visible: Callable[[str], bool] | None, asked: Slice
    ) -> Listed[RepositorySummary]:
        async def rows_after(after: Place | None, count: int) -> list[Row]:
            sql, parameters = _REPOSITORIES.page(project, asked, after, count)
            return await self._driver.read(lambda session: session.fetch(sql, *parameters))

        def place(row: Row) -> Place:
            name, size, _, _, created_at, pushed_at, _, _ = row
            keys = {"name": name, "size": size, "createdAt": created_at, "pushedAt": pushed_at}
            return keys[asked.order], name

        return await listed(asked, both(visible, matcher(asked.filter)), rows_after, place, _repository)

    async def repository(self, name: RepositoryName) -> RepositorySummary | None:
        row = await self._driver.read(lambda session: session.fetch_one(_REPOSITORY, name))
        return None if row is None else _repository(row)

    async def tags(self, repository: RepositoryName, asked: Slice) -> Listed[TagSummary] | None:
        async def rows_after(after: Place | None, count: int) -> list[Row]:
            async def page(session: Session) -> list[Row]:
                sql, parameters = _TAGS.page(await _id_of(session, repository), asked, after, count)
                return await session.fetch(sql, *parameters)

            return await self._driver.read(page)

        def place(row: Row) -> Place:
            return row[0] if asked.order == "tag" else row[3], row[0]

        with suppress(_NotThere):
            return await listed(asked, matcher(asked.filter), rows_after, place, _tag)
        return None

    async def manifests(self, repository: RepositoryName, asked: Slice) -> Listed[ManifestSummary] | None:
        async def rows_after(after: Place | None, count: int) -> list[Row]:
            async def page(session: Session) -> list[Row]:
                repository_id = await _id_of(session, repository)
                sql, parameters = _MANIFESTS.page(repository_id, asked, after, count)
                rows = await session.fetch(sql, *parameters)
                digests, _ = _DIGESTS.page(repository_id, asked, after, count)
                tags = await session.fetch(_TAGS_OF.format(page=digests), *parameters)
                children = await session.fetch(_CHILDREN_OF.format(page=digests), *parameters)
                return _with_names(rows, tags, children)

            return await self._driver.read(page)

        def place(row: Row) -> Place:
            return row[0] if asked.order == "digest" else row[2], row[0]

        with suppress(_NotThere):
            return await listed(asked, matcher(asked.filter), rows_after, place, _manifest)
        return None


class _NotThere(Exception):
    """The repository whose items are asked for."""


async def _id_of(session: Session, repository: RepositoryName) -> int:
    row = await session.fetch_one(_REPOSITORY, repository)
    if row is None:
        raise _NotThere
    return int(row[-1])


def _with_names(rows: list[Row], tags: list[Row], children: list[Row]) -> list[Row]:
    """Each manifest's row, then its tags and its children."""
    tags_of: defaultdict[str, list[str]] = defaultdict(list)
    children_of: defaultdict[str, list[str]] = defaultdict(list)
    for digest, tag in tags:
        tags_of[digest].append(tag)
    for digest, child in children:
        children_of[digest].append(child)
    return [(*row, tuple(sorted(tags_of.get(row[0], ()))), tuple(children_of.get(row[0], ()))) for row in rows]


def _repository(row: Row) -> RepositorySummary:
    name, size, manifests, tags, created_at, pushed_at, pulled_at, _ = row
    created, pushed = moment_of(created_at), moment_of(pushed_at)
    return RepositorySummary(name, size, manifests, tags, created, pushed, _optional_moment(pulled_at))


def _tag(row: Row) -> TagSummary:
    name, digest, size, moved_at, media_type, pushed_by, pulled_at, pulled_by, pulls = row
    moved, pulled = moment_of(moved_at), _optional_moment(pulled_at)
    return TagSummary(name, digest, size, moved, media_type, pushed_by, pulled, pulled_by, pulls)


def _manifest(row: Row) -> ManifestSummary:
    digest, size, created_at, media_type, artifact_type, platform, subject, pushed_by, *told, tags, children = row
    pulled_at, pulled_by, pulls = told
    created, pulled = moment_of(created_at), _optional_moment(pulled_at)
    what = digest, size, created, media_type, artifact_type, platform, subject
    return ManifestSummary(*what, pushed_by, pulled, pulled_by, pulls, tags, children)


def _optional_moment(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else moment_of(nanoseconds)
