"""Counts all sizes and numbers of the index from scratch. What differs from what was kept is mended, and told."""

from dataclasses import dataclass

from sidecar.ports.index import Index, Miscount


@dataclass(frozen=True, slots=True)
class Recount:
    index: Index

    async def __call__(self) -> list[Miscount]:
        return await self.index.recount()
