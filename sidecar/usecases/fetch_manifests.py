"""Reads the manifests that the index knows by digest only: once each, verified, parsed under limits, kept as bytes."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sidecar.domain.echoes import Echoes
from sidecar.domain.errors import RegistryUnavailable, Unavailable
from sidecar.domain.manifests import (
    IMAGE_CONFIG_TYPES,
    MAX_CONFIG_BYTES,
    ImageConfig,
    Manifest,
    Unparsed,
    parse_manifest,
    read_image_config,
)
from sidecar.domain.targets import Target
from sidecar.ports import Clock
from sidecar.ports.index import Index, IndexTables, PendingManifest
from sidecar.ports.registry import RegistryReader, Served

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
_UNDER_WAY: Final = 16
"""Manifests that are asked for together."""
_IN_ONE_COMMIT: Final = 24
"""Documents. While they are written, no event can be stored, so it must be short."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    pending: PendingManifest
    served: Served
    reading: Manifest | Unparsed
    image: ImageConfig | None


@dataclass(frozen=True, slots=True)
class _Failed:
    """`absent` is the registry's own word; nothing else says anything about the manifest."""

    pending: PendingManifest
    reason: str
    absent: bool = False


_Come = asyncio.Queue[_Fetched | _Failed | None]
"""What the registry answered and is not stored yet; None ends it."""


@dataclass(frozen=True)
class FetchManifests:
    index: Index
    registry: RegistryReader
    clock: Clock
    echoes: Echoes = field(default_factory=Echoes)

    async def run_once(self, limit: int = 256) -> int:
        """Fetches at most `limit` manifests; how many were tried. What has come is stored while others are under way.

        One that the registry doesn't serve is doubted: whether it is gone is `verify`'s to say.
        """
        pending = iter(await self.index.pending(limit, self.clock.now()))
        come: _Come = asyncio.Queue(_IN_ONE_COMMIT)
        _, tried = await _side_by_side(self._fetch_all(pending, come), self._keep_what_comes(come))
        return tried

    async def _fetch_all(self, pending: Iterator[PendingManifest], come: _Come) -> int:
        """Stops early where the registry's queue is behind with what these reads make it send."""

        async def worker() -> int:
            fetched = 0
            while not self.echoes.lag(self.clock.now()) and (item := next(pending, None)) is not None:
                await come.put(await self._fetch(item))
                fetched += 1
            return fetched

        fetched = sum(await _side_by_side(*(worker() for _ in range(_UNDER_WAY))))
        await come.put(None)
        return fetched

    async def _keep_what_comes(self, come: _Come) -> int:
        """Until the end of it, a portion in one transaction; how many there were."""
        tried = 0
        while portion := await _next_portion(come):
            await self._keep_all([item for item in portion if isinstance(item, _Fetched)])
            await self._put_off([item for item in portion if isinstance(item, _Failed)])
            tried += len(portion)
        return tried

    async def _keep_all(self, fetched: Sequence[_Fetched]) -> None:
        """If one of them can't be kept, each is kept alone and the culprit is put off."""
        try:
            await self._keep(fetched)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the manifests beside it must not wait
            for item in fetched:
                await self._keep_alone(item)

    async def _keep_alone(self, item: _Fetched) -> None:
        try:
            await self._keep((item,))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the same; its kind is kept as the reason
            await self._put_off([_Failed(item.pending, f"could not be kept: {type(error).__name__}")])

    async def _keep(self, fetched: Sequence[_Fetched]) -> None:
        async def work(tables: IndexTables) -> None:
            for item in fetched:
                await tables.document(
                    item.pending.digest, item.served.content, item.served.media_type, item.reading, item.image
                )

        if fetched:
            await self.index.apply(work)

    async def _fetch(self, pending: PendingManifest) -> _Fetched | _Failed:
        try:
            served = await self.registry.manifest(pending.repository, pending.digest)
            if served is None:
                return _Failed(pending, "the registry does not serve it", absent=True)
            reading = _read(served)
            return _Fetched(pending, served, reading, await self._image(pending, reading))
        except RegistryUnavailable:
            return _Failed(pending, "the registry did not answer")
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the manifests beside it must not wait
            return _Failed(pending, f"could not be read: {type(error).__name__}")

    async def _image(self, pending: PendingManifest, reading: Manifest | Unparsed) -> ImageConfig | None:
        config = None if isinstance(reading, Unparsed) else reading.config
        if config is None or config.media_type not in IMAGE_CONFIG_TYPES:
            return None
        content = await self.registry.blob(pending.repository, config.digest, MAX_CONFIG_BYTES)
        return None if content is None else read_image_config(content)

    async def _put_off(self, failed: Sequence[_Failed]) -> None:
        now = self.clock.now()

        async def work(tables: IndexTables) -> None:
            for item in failed:
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(item.pending.attempts, 10))
                await tables.fetch_failed(item.pending, now + pause, item.reason)
                if item.absent:
                    await tables.doubt(item.pending.repository, Target.MANIFEST, item.pending.digest, now + FIRST_PAUSE)

        if failed:
            await self.index.apply(work)


async def _side_by_side(*work: Coroutine[Any, Any, int]) -> list[int]:
    """What each comes to. Where one fails, the others end, too."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _next_portion(come: _Come) -> list[_Fetched | _Failed]:
    """As many as are stored together; fewer only at the end, and none after it."""
    portion: list[_Fetched | _Failed] = []
    while len(portion) < _IN_ONE_COMMIT:
        item = await come.get()
        if item is None:
            come.put_nowait(None)
            break
        portion.append(item)
    return portion


def _read(served: Served) -> Manifest | Unparsed:
    try:
        return parse_manifest(served.content, served.media_type)
    except Unparsed as reason:
        return reason
