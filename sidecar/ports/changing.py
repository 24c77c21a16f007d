"""What changing the registry needs: intents and the index in one transaction, and the registry's own writes."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.intents import Intent
from sidecar.domain.names import RepositoryName
from sidecar.ports.index import RegistryReader


class ChangeTables(Protocol):
    """Intents, and what of the index a change looks at and takes away, as one transaction sees them.

    What is taken away keeps its place among the events: those that follow the change alter nothing, and a push that the
    registry took after it stands.
    """

    async def begin(self, intent: Intent) -> None: ...

    async def forget(self, intent: Intent) -> None: ...

    async def conclude(self, intent: Intent, at: datetime, lead: timedelta) -> None:
        """It has ended; what overlapped it is looked at for a while.

        `lead` is how long before the registry took its throw-away it was asked for.
        """
        ...

    async def settle(self, intent: Intent) -> None:
        """What overlapped it stands: nothing is to be looked at any more."""
        ...

    async def forget_concluded(self, before: datetime) -> None: ...

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

    async def manifests(self, repository: RepositoryName, limit: int) -> list[Digest]:
        """Some that live."""
        ...

    async def untag(self, intent: Intent, at: datetime) -> None:
        """The intent's tag is gone, unless something has moved it meanwhile; the history says by whom."""
        ...

    async def remove(self, intent: Intent, digest: Digest, at: datetime) -> None:
        """The manifest is gone, with the tags that point at it; the history of each says by whom."""
        ...

    async def deleted(self, repository: RepositoryName, at: datetime) -> None:
        """The repository is gone until something is pushed into it."""
        ...


class Changes(Protocol):
    """Intents that are open, and transactions that change the index for them."""

    def changing(self) -> AbstractAsyncContextManager[ChangeTables]:
        """One transaction, alone: commits at the end, rolls back whole if it raises or is cancelled."""
        ...

    async def open(self) -> Sequence[Intent]:
        """Begun and not concluded, the oldest first."""
        ...

    async def overlapped(self) -> Sequence[tuple[Intent, Digest]]:
        """Concluded and not settled, with what somebody pushed under the tag after it was asked for.

        Only where the event of the throw-away has come, which tells the time by the registry's clock, and where the
        history knows of nothing later.
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
