"""A registry of either line that can be changed, and the ways in which a change of it breaks off."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import OutcomeUnknown, RegistryUnavailable
from sidecar.domain.intents import Intent
from sidecar.domain.names import RepositoryName
from sidecar.ports.changing import Changes, ChangeTables, Overlap, Pointed
from tests.fakes import ScriptedReader, digest_of


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Steps:
    """Counts what a change does, and breaks it off with `fault` at the step `last`, where one is set."""

    last: int | None = None
    fault: type[BaseException] = Killed
    taken: int = 0

    def take(self) -> None:
        self.taken += 1
        if self.taken == self.last:
            raise self.fault


@dataclass
class ScriptedWriter(ScriptedReader):
    """ports.changing.RegistryWriter. 3.x where it deletes tags by name; each write is two steps: to it, and back."""

    deletes_tags: bool = True
    deletes: bool = True
    steps: Steps = field(default_factory=Steps)
    ever_tagged: list[bytes] = field(default_factory=list)
    tags_at_deletion: list[int] = field(default_factory=list)
    """How many tags the repository had each time that a manifest of it was deleted."""

    async def delete_tag(self, repository: RepositoryName, tag: Tag) -> bool:
        if not self.deletes:
            raise RegistryUnavailable
        if not self.deletes_tags:
            return False
        self.steps.take()
        self.tagged.pop((repository, tag), None)
        self.steps.take()
        return True

    async def put_manifest(self, repository: RepositoryName, reference: str, media_type: str, content: bytes) -> None:
        self.steps.take()
        by_digest = reference.startswith("sha256:")
        self.hold(repository, content, None if by_digest else reference, media_type)
        if not by_digest:
            self.ever_tagged.append(content)
        self.steps.take()

    async def delete_manifest(self, repository: RepositoryName, digest: Digest) -> None:
        if not self.deletes:
            raise RegistryUnavailable
        self.steps.take()
        served = self.served.get((repository, digest))
        if served is not None:
            self.tags_at_deletion.append(len(self.tags_of(repository)))
        if served is not None:
            self.lose(repository, served.content)
        self.steps.take()

    def tags_of(self, repository: str) -> dict[str, Digest]:
        """What it shows now."""
        return {tag: digest_of(content) for (name, tag), content in self.tagged.items() if name == repository}

    def manifests_of(self, repository: str) -> set[str]:
        return {digest for name, digest in self.served if name == repository}


@dataclass(frozen=True)
class BreakingChanges:
    """ports.changing.Changes where each transaction is two steps: before it commits, and after.

    Of one that is a single visit (decision 25) nobody sees the middle: there it is before it begins, and after.
    """

    changes: Changes
    steps: Steps

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[ChangeTables]:
        async with self.changes.changing() as tables:
            yield tables
            self.steps.take()
        self.steps.take()

    async def open(self) -> Sequence[Intent]:
        return await self.changes.open()

    async def tags(self, repository: RepositoryName) -> Mapping[Tag, Digest]:
        return await self.changes.tags(repository)

    async def manifests(self, repository: RepositoryName, limit: int) -> Sequence[Digest]:
        return await self.changes.manifests(repository, limit)

    async def remove(self, intent: Intent, digests: Iterable[Digest], at: datetime) -> None:
        self.steps.take()
        await self.changes.remove(intent, digests, at)
        self.steps.take()

    async def pointed(self, repository: RepositoryName, tag: Tag) -> Pointed | None:
        return await self.changes.pointed(repository, tag)

    async def overlapped(self, now: datetime, only: Intent | None = None) -> Sequence[Overlap]:
        return await self.changes.overlapped(now, only)


def unanswered(last: int) -> Steps:
    """The registry's answer to that step is lost."""
    return Steps(last, OutcomeUnknown)
