"""The tags of the index, and the history of each. The newest `(time, event)` of a tag wins, however they arrive."""

from typing import Final

from sidecar.adapters.database.driver import Session
from sidecar.adapters.database.index.manifests import NEVER, Order
from sidecar.adapters.database.index.repositories import RepositoryTable
from sidecar.domain.digests import Tag
from sidecar.domain.events import Origin
from sidecar.domain.identity import SIDECAR

_GET: Final = """
SELECT digest, order_time, order_event
  FROM tag
 WHERE repository = $1 AND name = $2
"""

_PUT: Final = """
INSERT INTO tag (repository, name, digest, fallback, order_time, order_event, moved_at, pushed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (repository, name) DO UPDATE
   SET digest = excluded.digest, order_time = excluded.order_time, order_event = excluded.order_event,
       moved_at = excluded.moved_at, pushed_by = excluded.pushed_by
"""

_AT: Final = """
SELECT name, order_time, order_event
  FROM tag
 WHERE repository = $1 AND digest = $2
"""

_NOTE: Final = """
INSERT INTO tag_history (event, repository, tag, action, digest, replaced, at, by, address, client, instance)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT DO NOTHING
"""

_PUSHED: Final = """
SELECT at, by
  FROM tag_history
 WHERE repository = $1 AND tag = $2 AND action = 'push' AND digest = $3
 ORDER BY at DESC
 LIMIT 1
"""

_COUNT_PULLS: Final = """
UPDATE tag
   SET pulls = pulls + $3,
       pulled_by = CASE WHEN pulled_at IS NULL OR pulled_at < $4 THEN $5 ELSE pulled_by END,
       pulled_at = CASE WHEN pulled_at IS NULL OR pulled_at < $4 THEN $4 ELSE pulled_at END
 WHERE repository = $1 AND name = $2
"""


class TagTable:
    """Tags in one transaction."""

    def __init__(self, session: Session, repositories: RepositoryTable) -> None:
        self._session = session
        self._repositories = repositories

    async def digest(self, repository: int, tag: str) -> str | None:
        """Where the tag points; None where it doesn't exist or is gone."""
        row = await self._session.fetch_one(_GET, repository, tag)
        return None if row is None else row[0]

    async def push(self, repository: int, tag: Tag, digest: str, origin: Origin) -> None:
        """The tag points at `digest`, unless something newer is known; the history gets the fact in any case."""
        known, order = await self._known(repository, tag)
        await self._note(repository, tag, "push", digest, known, origin)
        if origin.order > order:
            await self._put(repository, tag, known, digest, origin.order, origin.time, origin.actor)

    async def delete(self, repository: int, tag: Tag, origin: Origin) -> None:
        """The tag is gone, unless something newer is known. One that is gone already was told of with its manifest."""
        known, order = await self._known(repository, tag)
        if origin.order <= order:
            return
        if known is not None:
            await self._note(repository, tag, "delete", None, known, origin)
        await self._put(repository, tag, known, None, origin.order, origin.time, origin.actor)

    async def delete_at(self, repository: int, digest: str, origin: Origin | None) -> None:
        """The tags that point at a manifest that is gone; by an event, those pushed after it stay."""
        for name, time, event in await self._session.fetch(_AT, repository, digest):
            tag = Tag(name)
            if origin is None:
                await self._put(repository, tag, digest, None, (time, event), time, "")
            elif origin.order > (time, event):
                await self._note(repository, tag, "delete", None, digest, origin)
                await self._put(repository, tag, digest, None, origin.order, origin.time, origin.actor)

    async def take_away(self, repository: int, tag: Tag, digest: str, origin: Origin) -> None:
        """It pointed there and was taken away by ourselves: gone, unless something has moved it meanwhile.

        It keeps its place among the events, whose clock is the registry's.
        """
        known, order = await self._known(repository, tag)
        await self._note(repository, tag, "delete", None, digest, origin)
        if known == digest:
            await self._put(repository, tag, known, None, order, origin.time, origin.actor)

    async def at(self, repository: int, digest: str) -> list[Tag]:
        """The tags that point at a manifest, by name."""
        return sorted(Tag(name) for name, _, _ in await self._session.fetch(_AT, repository, digest))

    async def follow(self, repository: int, tag: Tag, digest: str | None, at: int) -> None:
        """The registry shows this, whatever events said; they keep their order. The history knows who pushed it."""
        known, order = await self._known(repository, tag)
        pushed_at, by = await self._session.fetch_one(_PUSHED, repository, tag, digest) or (at, "")
        await self._put(repository, tag, known, digest, order, pushed_at, by)

    async def count_pulls(self, repository: int, tag: str, count: int, at: int, by: str) -> None:
        await self._session.execute(_COUNT_PULLS, repository, tag, count, at, by)

    async def _known(self, repository: int, tag: Tag) -> tuple[str | None, Order]:
        row = await self._session.fetch_one(_GET, repository, tag)
        return (None, NEVER) if row is None else (row[0], (row[1], row[2]))

    async def _put(
        self, repository: int, tag: Tag, known: str | None, digest: str | None, order: Order, at: int, by: str
    ) -> None:
        fallback = tag.is_referrers_fallback
        await self._session.execute(_PUT, repository, tag, digest, int(fallback), *order, at, by)
        if not fallback:
            await self._repositories.count_tags(repository, (digest is not None) - (known is not None))

    async def _note(
        self, repository: int, tag: Tag, action: str, digest: str | None, replaced: str | None, origin: Origin
    ) -> None:
        """What the registry tells of our own changes isn't noted: whose they are stands in their intent."""
        if origin.actor == SIDECAR:
            return
        await self._session.execute(
            _NOTE,
            origin.event,
            repository,
            tag,
            action,
            digest,
            replaced,
            origin.time,
            origin.actor,
            origin.address,
            origin.client,
            origin.instance,
        )
