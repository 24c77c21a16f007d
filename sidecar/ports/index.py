"""The index, as indexing, verifying and reconciling need it, and whoever watches them.

Times of events and of what they moved are the registry's, in nanoseconds since 1970; all other times are datetimes.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from sidecar.domain.audit import AuditEntry
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import DigestDeleted, ManifestPushed, TagDeleted
from sidecar.domain.manifests import ImageConfig, Manifest, Unparsed
from sidecar.domain.names import RepositoryName
from sidecar.domain.pulls import Pulls
from sidecar.domain.targets import Target
from sidecar.ports.inbox import InboxState
from sidecar.ports.sweeps import Drift, Sweep

T = TypeVar("T")

EVERY: Final = 1 << 62
"""A limit that bounds nothing."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A key to verify: what the index believes of it. `digest` is None where the index has no such tag.

    `missing_since` is when the registry first said that it is not there; it takes two, a settling time apart.
    """

    repository: RepositoryName
    target: Target
    key: str
    digest: Digest | None
    due: datetime
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PendingManifest:
    """A manifest that the index knows by digest and hasn't read yet."""

    repository: RepositoryName
    digest: Digest
    attempts: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """Manifests to fetch, and keys to verify, now or later."""

    fetches: int
    verifications: int


@dataclass(frozen=True, slots=True)
class Denied:
    """Tags and manifests that the registry said once that it hasn't, or that went for its saying so twice, of late.

    A manifest counts with the tags that point at it. `tags` is how many the index holds.
    """

    waiting: int
    removed: int
    tags: int


class Verdict(StrEnum):
    """What a verification came to."""

    CONFIRMED = "confirmed"
    MOVED = "moved"
    MISSING = "missing"
    """Said for the first time; nothing is removed yet."""
    GONE = "gone"
    HELD = "held"
    """Said twice, but with so much else that a sweep and a person are to look at it."""
    UNANSWERED = "unanswered"


class IndexObserver(Protocol):
    """Is told what happens to the index; for metrics and alerts, so nothing depends on it."""

    def applied(self, events: int) -> None: ...

    def poisoned(self) -> None:
        """An event could not be applied and went to quarantine."""

    def verified(self, verdict: Verdict) -> None: ...

    def sampled(self, state: InboxState, backlog: Backlog) -> None: ...


class Unobserved(IndexObserver):
    """Nobody looks."""


class IndexTables(Protocol):
    """The index, as one transaction sees it. Sizes and counts are kept by the same statements (decision 7)."""

    async def push(self, event: ManifestPushed) -> None:
        """Repository, manifest, and tag if it has one; the newest `(time, id)` of a key wins, so order doesn't matter.

        The tag's history gets the fact in any case. A manifest not seen before waits to be fetched.
        """
        ...

    async def delete_tag(self, event: TagDeleted) -> None: ...

    async def delete_digest(self, event: DigestDeleted) -> None:
        """A known manifest goes, with the tags that point at it; anything else was a blob."""
        ...

    async def poison(self, sequence: int, reason: str) -> None:
        """A claimed event that can't be applied goes to quarantine, so that those behind it can."""
        ...

    async def marked(self, throwaway: Digest, at: int) -> None:
        """The registry took this manifest of ours at that time: from then on a change overlaps what others push."""
        ...

    async def unmade(self, throwaway: Digest, at: int) -> None:
        """The registry let go of this manifest of ours: every push that went with it was told of before."""
        ...

    async def done(self, sequences: Sequence[int]) -> None:
        """Claimed events are applied: commits with what they changed."""
        ...

    async def document(
        self,
        digest: Digest,
        content: bytes,
        media_type: str,
        reading: Manifest | Unparsed,
        image: ImageConfig | None,
    ) -> None:
        """A fetched manifest, verified against its digest: parsed, or kept as bytes with the reason it wasn't.

        Every repository that waits for it has it then. Children that a repository doesn't know become manifests of
        it, waiting to be fetched.
        """
        ...

    async def fetch_failed(self, manifest: PendingManifest, again: datetime, reason: str) -> None: ...

    async def suspect(self, repository: RepositoryName, target: Target, key: str, due: datetime) -> None:
        """Asks for a verification at that time, because something happened: an earlier wish is put off to the later."""
        ...

    async def doubt(self, repository: RepositoryName, target: Target, key: str, due: datetime) -> None:
        """Asks for a verification where none is wanted yet: nothing happened, so one under way goes on."""
        ...

    async def confirmed(self, suspect: Suspect) -> None:
        """The registry agrees with `suspect.digest`; nothing to do until something touches the key again.

        This and the three below do nothing where the index no longer believes what the suspect says, because an event
        came in meanwhile, or an index that lists the manifest was read; it is asked for again by what is believed now.
        """
        ...

    async def moved(self, suspect: Suspect, digest: Digest, media_type: str, at: datetime) -> None:
        """The registry shows another digest under the tag (or shows it at all): the index follows."""
        ...

    async def missing(self, suspect: Suspect, at: datetime, again: datetime) -> None:
        """The registry said for the first time that it isn't there: to be asked once more at `again`."""
        ...

    async def gone(self, suspect: Suspect, at: datetime) -> int:
        """Said twice: removed from the index, kept in the history. How much that was, as `Denied` counts."""
        ...

    async def removed(self, things: int, at: datetime, since: datetime) -> None:
        """Verifications removed so much; what they removed before `since` is forgotten."""
        ...

    async def is_at_rest(self, suspect: Suspect) -> bool:
        """Whether the index still believes what the suspect says, and nothing else sees to it: no verification of it is
        wanted, because an event touched it, and no change of ours that takes it away is under way or ended just now.
        """
        ...

    async def swept(self, sweep: Sweep) -> None:
        """Where a sweep stands now."""
        ...

    async def drifted(self, sweep: int, drift: Drift) -> None:
        """What a sweep found; of one key the last finding counts."""
        ...

    async def retract(self, sweep: int, drift: Drift) -> None:
        """What looked like drift was none."""
        ...

    async def count_pulls(self, pulls: Sequence[Pulls]) -> None: ...

    async def assign_projects(self) -> None:
        """Gives each repository to the project that owns its name now: after projects came, went or own other names."""
        ...


@dataclass(frozen=True, slots=True)
class Miscount:
    """A size or a number that was kept wrongly: what it counts, what it was, and what it is."""

    what: str
    kept: int
    counted: int


class Index(Protocol):
    """The index as the background work sees it."""

    def applying(self) -> AbstractAsyncContextManager[IndexTables]:
        """One transaction, alone: commits at the end, rolls back whole if it raises or is cancelled."""
        ...

    async def apply(self, work: Callable[[IndexTables], Coroutine[Any, Any, T]]) -> T:
        """The same in one go, and much cheaper: `work` awaits nothing but its tables, and tells nobody of its doings.

        It may run on another thread.
        """
        ...

    async def pending(self, limit: int, now: datetime) -> list[PendingManifest]:
        """Manifests to fetch now; those that failed come back with growing pauses."""
        ...

    async def due(self, limit: int, now: datetime) -> list[Suspect]:
        """What is to be verified now, the longest due first."""
        ...

    async def denied(self, since: datetime) -> Denied: ...

    async def tags(self, repository: RepositoryName, after: str = "", limit: int = EVERY) -> Mapping[Tag, Digest]:
        """What the index believes, for a sweep to compare with the registry's list; by name, from after `after` on."""
        ...

    async def manifests(self, repository: RepositoryName) -> Mapping[Digest, str]:
        """Digest → media type, tagged or not."""
        ...

    async def doubtful(
        self, repository: RepositoryName, since: datetime, after: str = "", limit: int = EVERY
    ) -> Mapping[Digest, bool]:
        """Manifests that no tag vouches for, and whether they live; by digest, from after `after` on.

        Untagged ones; of those that are gone, children of indexes that live, and what an event told of, or was learnt,
        after `since`.
        """
        ...

    async def backlog(self) -> Backlog: ...

    async def repositories(self) -> list[RepositoryName]: ...

    async def count_tags(self) -> Mapping[RepositoryName, int]:
        """Tags by repository; one without any is left out."""
        ...

    async def recount(
        self,
        audited: Callable[[Sequence[Miscount]], AuditEntry] | None = None,
        progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> list[Miscount]:
        """Counts all sizes and numbers anew and mends what differs: nothing, unless a fault of ours made it so.

        What was found for a person who asked is `audited`. In portions, so that nobody waits for long; `progress` is
        told how many are done, and of how many. Broken off, what was mended stays, and it may be begun again.
        """
        ...
