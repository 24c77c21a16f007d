"""What changing the registry needs: intents and the index in one transaction, and the registry's own writes."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.intents import Intent
from sidecar.domain.names import RepositoryName
from sidecar.ports.auditing import Audit
from sidecar.ports.registry import RegistryReader


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where the index says that a tag points, and the time of the newest event it knows of it, in nanoseconds."""

    digest: Digest
    known: int


@dataclass(frozen=True, slots=True)
class Began:
    """How the taking away of a tag began. `lead` is the time between asking for it and the registry's answer to its
    throw-away; `held` is whether the registry, asked in between, showed under the tag what the index did.
    """

    lead: timedelta
    held: bool = False


@dataclass(frozen=True, slots=True)
class Overlap:
    """A push, known by its event, that the taking away of its tag may have taken with it.

    `restored` is what was put back under the tag before, if anything was.
    """

    intent: Intent
    event: str
    pushed: Digest
    restored: Digest | None


class ChangeTables(Protocol):
    """Intents, and what of the index a change looks at and takes away, as one transaction sees them.

    What is taken away keeps its place among the events: those that follow the change alter nothing, and a push that the
    registry took after it stands.
    """

    @property
    def audit(self) -> Audit: ...

    async def begin(self, intent: Intent) -> None: ...

    async def forget(self, intent: Intent) -> None: ...

    async def conclude(self, intent: Intent, at: datetime, began: Began) -> None:
        """It has ended; pushes that overlapped it are looked after, and no longer those of an earlier one."""
        ...

    async def stands(self, overlap: Overlap) -> None:
        """The registry shows this push, or a later one."""
        ...

    async def restoring(self, overlap: Overlap) -> None:
        """It is about to be put back."""
        ...

    async def forget_concluded(self, now: datetime, told: datetime, at_all: datetime) -> None:
        """What was concluded before `told`, where the end of its throw-away was told of, or before `at_all`; but for
        what `Changes.overlapped` shows.
        """
        ...

    async def is_there(self, repository: RepositoryName) -> bool: ...

    async def tag(self, repository: RepositoryName, tag: Tag) -> Digest | None:
        """Where it points."""
        ...

    async def has_manifest(self, repository: RepositoryName, digest: Digest) -> bool: ...

    async def tags_at(self, repository: RepositoryName, digest: Digest) -> list[str]:
        """Every tag that points at it, fallback tags too, by name."""
        ...

    async def users_of(self, repository: RepositoryName, digest: Digest) -> list[str]:
        """What stands in the way of its deletion, at most 100 of a kind: indexes, referrers, fallback tags named after
        it, and manifests of the repository that nobody has read yet, which may be either.
        """
        ...

    async def untag(self, intent: Intent, at: datetime) -> None:
        """The intent's tag is gone, unless something has moved it meanwhile; the history says by whom."""
        ...

    async def remove(self, intent: Intent, digest: Digest, at: datetime) -> None:
        """The manifest is gone, with the tags that point at it; the history of each says by whom."""
        ...

    async def deleted(self, intent: Intent, at: datetime) -> None:
        """The intent's repository is gone until something is pushed into it."""
        ...


class RemovalObserver(Protocol):
    """Is told how far the deletion of a repository has come, so that somebody may follow it."""

    def removed(self, repository: RepositoryName, tags: int, manifests: int) -> None:
        """So many more are gone at the registry."""
        ...

    def ended(self, repository: RepositoryName) -> None:
        """Nothing that was there when it began is left."""
        ...


class Changes(Protocol):
    """Intents that are open, and transactions that change the index for them."""

    def changing(self) -> AbstractAsyncContextManager[ChangeTables]:
        """One transaction, alone: commits at the end, rolls back whole if it raises or is cancelled."""
        ...

    async def open(self) -> Sequence[Intent]:
        """Begun and not concluded, the oldest first."""
        ...

    async def tags(self, repository: RepositoryName) -> Mapping[Tag, Digest]:
        """What the index shows of the whole repository."""
        ...

    async def manifests(self, repository: RepositoryName, limit: int) -> Sequence[Digest]:
        """Some that live, by what the index shows now."""
        ...

    async def remove(self, intent: Intent, digests: Iterable[Digest], at: datetime) -> None:
        """These manifests are gone, as `ChangeTables.remove` says of each: all in one transaction."""
        ...

    async def pointed(self, repository: RepositoryName, tag: Tag) -> Pointed | None:
        """What the index shows now; None where it shows no such tag."""
        ...

    async def overlapped(self, now: datetime, only: Intent | None = None) -> Sequence[Overlap]:
        """The newest push of each tag that was taken away, where that may have taken the push with it, unless it was
        seen to stand (decision 8). Of one intent, or of all.
        """
        ...


class RegistryWriter(RegistryReader, Protocol):
    """Writing at the registry, as the principal `sidecar`.

    Each method raises RegistryUnavailable where the registry surely changed nothing, and OutcomeUnknown where it may
    have: no answer in time, or one that isn't clear.
    """

    async def delete_tag(self, repository: RepositoryName, tag: Tag) -> bool:
        """Whether the registry can: True where the tag alone is gone, or wasn't there; False on 2.8 (fact 5)."""
        ...

    async def put_manifest(
        self, repository: RepositoryName, reference: str, media_type: str, content: bytes
    ) -> None: ...

    async def delete_manifest(self, repository: RepositoryName, digest: Digest) -> None:
        """It is gone, with every tag that pointed at it, or wasn't there."""
        ...
