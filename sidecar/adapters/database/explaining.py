"""ports.explaining.Explanations: what the tables hold about one image."""

from typing import Final

from sidecar.adapters.database.columns import moment_of, optional_time_of, time_of
from sidecar.adapters.database.driver import Driver, Session
from sidecar.domain.digests import Digest
from sidecar.domain.names import RepositoryName
from sidecar.domain.references import ImageReference
from sidecar.domain.targets import Target
from sidecar.ports.explaining import (
    DueVerification,
    ImageFacts,
    ManifestState,
    PastEvent,
    TagState,
    WaitingEvents,
)

_REPOSITORY: Final = """
SELECT id
  FROM repository
 WHERE name = $1
"""

_TAG: Final = """
SELECT digest, moved_at, pushed_by
  FROM tag
 WHERE repository = $1 AND name = $2
"""

_MANIFEST: Final = """
SELECT manifest.digest, manifest.gone, fetch_after, attempts, fetch_failure, unparsed
  FROM manifest
  LEFT JOIN manifest_document ON manifest_document.digest = manifest.digest
 WHERE repository = $1 AND manifest.digest = $2
"""

_LAST_EVENT: Final = """
SELECT action, digest, at, by
  FROM tag_history
 WHERE repository = $1 AND tag = $2
 ORDER BY at DESC
 LIMIT 1
"""

_WAITING: Final = """
SELECT count(*), min(sequence), min(received_at)
  FROM inbox
 WHERE repository = $1
"""

_AHEAD: Final = """
SELECT count(*)
  FROM inbox
 WHERE sequence <= $1
"""

_VERIFICATION: Final = """
SELECT due_at, missing_since
  FROM verification
 WHERE repository = $1 AND target = $2 AND key = $3
"""

_QUARANTINE: Final = """
SELECT id, content
  FROM quarantine
 ORDER BY id
"""


class ExplanationStore:
    """ports.explaining.Explanations on a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def image(self, image: ImageReference) -> ImageFacts:
        async with self._driver.reading() as session:
            row = await session.fetch_one(_REPOSITORY, image.repository)
            waiting, mentions = await _waiting(session, image.repository), await _mentions(session, image.repository)
            if row is None:
                return ImageFacts(False, None, None, None, waiting, None, mentions)
            repository = int(row[0])
            tag = await _tag(session, repository, image)
            shown = image.key if tag is None else tag.digest
            return ImageFacts(
                repository_known=True,
                tag=tag,
                manifest=None if shown is None else await _manifest(session, repository, shown),
                last_event=await _last_event(session, repository, image),
                waiting=waiting,
                verification=await _verification(session, repository, image),
                mentions=mentions,
            )


async def _tag(session: Session, repository: int, image: ImageReference) -> TagState | None:
    row = await session.fetch_one(_TAG, repository, image.key) if image.target is Target.TAG else None
    return None if row is None else TagState(_optional_digest(row[0]), moment_of(row[1]), row[2])


async def _manifest(session: Session, repository: int, digest: str) -> ManifestState | None:
    row = await session.fetch_one(_MANIFEST, repository, digest)
    if row is None:
        return None
    name, gone, again, attempts, failure, unparsed = row
    return ManifestState(Digest(name), bool(gone), optional_time_of(again), attempts, failure, unparsed)


async def _last_event(session: Session, repository: int, image: ImageReference) -> PastEvent | None:
    row = await session.fetch_one(_LAST_EVENT, repository, image.key)
    return None if row is None else PastEvent(row[0], _optional_digest(row[1]), moment_of(row[2]), row[3])


async def _waiting(session: Session, repository: RepositoryName) -> WaitingEvents | None:
    ((count, first, since),) = await session.fetch(_WAITING, repository)
    if not count:
        return None
    ((position,),) = await session.fetch(_AHEAD, first)
    return WaitingEvents(count, position, time_of(since))


async def _verification(session: Session, repository: int, image: ImageReference) -> DueVerification | None:
    row = await session.fetch_one(_VERIFICATION, repository, image.target, image.key)
    return None if row is None else DueVerification(time_of(row[0]), optional_time_of(row[1]))


async def _mentions(session: Session, repository: RepositoryName) -> tuple[int, ...]:
    name = repository.encode()
    found: list[int] = []
    async for rows in session.stream(_QUARANTINE):
        found += [identifier for identifier, content in rows if name in content]
    return tuple(found)


def _optional_digest(column: str | None) -> Digest | None:
    return None if column is None else Digest(column)
