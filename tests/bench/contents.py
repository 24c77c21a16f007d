"""The contents of a large registry, put into the index by rows: what events would have made of it, in minutes less.

Each image has a manifest, a config and a layer of its own beside a layer that its repository's images share, and two
tags. One repository holds a tenth of all tags, the others share the rest evenly.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.domain.manifests import OCI_MANIFEST

TAGS_OF_AN_IMAGE: Final = 2
LAYERS: Final = 2

_CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_BEGAN: Final = 1_700_000_000 * 10**9
_SECOND: Final = 10**9
_BY: Final = "ci@project-00000.serviceaccount.bench.example"

_PRAGMAS: Final = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "foreign_keys = OFF")

_REPOSITORY: Final = """
INSERT INTO repository (id, name, project, size, manifests, tags, created_at, pushed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

_MANIFEST: Final = """
INSERT INTO manifest (repository, digest, media_type, size, total, order_time, order_event, created_at, pushed_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_DOCUMENT: Final = """
INSERT INTO manifest_document (digest, media_type, content, platform)
VALUES (?, ?, ?, 'linux/amd64')
"""

_REFERENCE: Final = """
INSERT INTO manifest_reference (manifest, position, kind, digest, media_type, size)
VALUES (?, ?, ?, ?, ?, ?)
"""

_TAG: Final = """
INSERT INTO tag (repository, name, digest, fallback, order_time, order_event, moved_at, pushed_by)
VALUES (?, ?, ?, 0, ?, ?, ?, ?)
"""

_HISTORY: Final = """
INSERT INTO tag_history (event, repository, tag, action, digest, at, by, address, client, instance)
VALUES (?, ?, ?, 'push', ?, ?, ?, '10.0.0.1', 'docker/29', 'bench')
"""

_REPOSITORY_BLOB: Final = """
INSERT INTO repository_blob (repository, digest, size, uses)
VALUES (?, ?, ?, ?)
"""

_PROJECT_BLOBS: Final = """
INSERT INTO project_blob (project, digest, size, uses)
SELECT project, digest, max(repository_blob.size), count(*)
  FROM repository_blob
  JOIN repository ON repository.id = repository_blob.repository
 GROUP BY project, digest
"""

_PROJECT_SIZE: Final = """
INSERT INTO project_size (project, size)
SELECT project, sum(size)
  FROM project_blob
 GROUP BY project
"""


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a repository: its manifest's bytes, the blobs that it names as (kind, digest, type, size), tags."""

    content: bytes
    config: bytes
    blobs: tuple[tuple[str, str, str, int], ...]
    tags: tuple[str, ...]
    pushed_at: int

    @property
    def digest(self) -> str:
        return digest_of(self.content)

    @property
    def total(self) -> int:
        return len(self.content) + sum(size for _, _, _, size in self.blobs)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def repository_name(project: str, number: int) -> str:
    """Number 0 is the largest."""
    return f"{project}/app-{number:04}"


def fill(database: Path, project: str, repositories: int, tags: int) -> None:
    """Puts so many tags into a migrated, empty index that no server has open."""
    with sqlite3.connect(database, isolation_level=None) as connection:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for number in range(repositories):
            count = tags // 10 if number == 0 else (tags - tags // 10) // (repositories - 1)
            _fill_repository(connection, number + 1, repository_name(project, number), project, count)
        connection.execute(_PROJECT_BLOBS)
        connection.execute(_PROJECT_SIZE)
        connection.execute("COMMIT")
    connection.close()
    _back_to_wal(database)


def images(repository: str, tags: int) -> Iterator[Image]:
    """The images of a repository with so many tags, the oldest first."""
    shared = digest_of(f"{repository} base".encode())
    for number in range(tags // TAGS_OF_AN_IMAGE):
        config = b'{"architecture":"amd64","os":"linux","comment":"%s %d"}' % (repository.encode(), number)
        blobs = (
            ("config", digest_of(config), _CONFIG_TYPE, len(config)),
            ("layer", shared, _LAYER_TYPE, 30_000_000),
            ("layer", digest_of(f"{repository} {number} layer".encode()), _LAYER_TYPE, 5_000_000 + number),
        )
        names = (f"v1.{number}", f"commit-{hashlib.sha1(f'{repository}{number}'.encode()).hexdigest()[:12]}")
        yield Image(_document(blobs), config, blobs, names, _BEGAN + number * 60 * _SECOND)


def _document(blobs: tuple[tuple[str, str, str, int], ...]) -> bytes:
    descriptors = [{"mediaType": kind, "digest": digest, "size": size} for _, digest, kind, size in blobs]
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptors[0], "layers": descriptors[1:]}
    return json.dumps(document, indent=2).encode()


def _fill_repository(connection: sqlite3.Connection, key: int, name: str, project: str, tags: int) -> None:
    made = list(images(name, tags))
    sizes: dict[str, int] = {}
    uses: dict[str, int] = {}
    for image in made:
        for digest, size in ((image.digest, len(image.content)), *((blob[1], blob[3]) for blob in image.blobs)):
            sizes[digest] = size
            uses[digest] = uses.get(digest, 0) + 1
    newest = max((image.pushed_at for image in made), default=_BEGAN)
    columns = (sum(sizes.values()), len(made), len(made) * TAGS_OF_AN_IMAGE, _BEGAN, newest)
    connection.execute(_REPOSITORY, (key, name, project, *columns))
    connection.executemany(_MANIFEST, (_manifest_row(key, image) for image in made))
    connection.executemany(_DOCUMENT, ((image.digest, OCI_MANIFEST, image.content) for image in made))
    connection.executemany(_REFERENCE, (row for image in made for row in _reference_rows(image)))
    connection.executemany(_TAG, (row for image in made for row in _tag_rows(key, image)))
    connection.executemany(_HISTORY, (row for image in made for row in _history_rows(key, image)))
    connection.executemany(_REPOSITORY_BLOB, ((key, digest, sizes[digest], count) for digest, count in uses.items()))


def _manifest_row(key: int, image: Image) -> tuple[object, ...]:
    event = f"{key}-{image.tags[0]}"
    return (
        *(key, image.digest, OCI_MANIFEST, len(image.content), image.total),
        *(image.pushed_at, event, image.pushed_at, _BY),
    )


def _reference_rows(image: Image) -> Iterator[tuple[object, ...]]:
    for position, blob in enumerate(image.blobs):
        yield (image.digest, position, *blob)


def _tag_rows(key: int, image: Image) -> Iterator[tuple[object, ...]]:
    for tag in image.tags:
        yield (key, tag, image.digest, image.pushed_at, f"{key}-{tag}", image.pushed_at, _BY)


def _history_rows(key: int, image: Image) -> Iterator[tuple[object, ...]]:
    for tag in image.tags:
        yield (f"{key}-{tag}", key, tag, image.digest, image.pushed_at, _BY)


def _back_to_wal(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
