"""Reads the manifests that the index knows by digest only: once each, verified, parsed under limits, kept as bytes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

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
from sidecar.ports.index import Index, IndexTables, PendingManifest, RegistryReader, Served

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)


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


@dataclass(frozen=True)
class FetchManifests:
    index: Index
    registry: RegistryReader
    clock: Clock
    echoes: Echoes = field(default_factory=Echoes)

    async def run_once(self, limit: int = 64) -> int:
        """Fetches at most `limit` manifests and stores them in one transaction; how many were tried.

        One that the registry doesn't serve is doubted: whether it is gone is `verify`'s to say.
        """
        if self.echoes.lag(self.clock.now()):
            return 0
        pending = await self.index.pending(limit, self.clock.now())
        outcomes = await asyncio.gather(*(self._fetch(item) for item in pending))
        await self._keep_all([item for item in outcomes if isinstance(item, _Fetched)])
        for failed in (item for item in outcomes if isinstance(item, _Failed)):
            await self._put_off(failed)
        return len(pending)

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
            await self._put_off(_Failed(item.pending, f"could not be kept: {type(error).__name__}"))

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

    async def _image(self, pending: PendingManifest, reading: Manifest | Unparsed) -> ImageConfig | None:
        config = None if isinstance(reading, Unparsed) else reading.config
        if config is None or config.media_type not in IMAGE_CONFIG_TYPES:
            return None
        content = await self.registry.blob(pending.repository, config.digest, MAX_CONFIG_BYTES)
        return None if content is None else read_image_config(content)

    async def _put_off(self, failed: _Failed) -> None:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failed.pending.attempts, 10))
        now = self.clock.now()
        repository, digest = failed.pending.repository, failed.pending.digest
        async with self.index.applying() as tables:
            await tables.fetch_failed(failed.pending, now + pause, failed.reason)
            if failed.absent:
                await tables.doubt(repository, Target.MANIFEST, digest, now + FIRST_PAUSE)


def _read(served: Served) -> Manifest | Unparsed:
    try:
        return parse_manifest(served.content, served.media_type)
    except Unparsed as reason:
        return reason
