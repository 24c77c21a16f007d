"""What an explanation of one image reads: everything that the database holds about it, whether it is listed or not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sidecar.domain.digests import Digest
from sidecar.domain.references import ImageReference


@dataclass(frozen=True, slots=True)
class TagState:
    """A tag's row. `digest` is None where the tag is gone; `by` is empty where no event told."""

    digest: Digest | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ManifestState:
    """A manifest's row. `failure` is why its document could not be fetched the last time, `again` the next attempt.

    `again` is None where the document is known, or no longer wanted. `unparsed` is why it isn't understood.
    """

    digest: Digest
    gone: bool
    again: datetime | None
    attempts: int
    failure: str | None
    unparsed: str | None


@dataclass(frozen=True, slots=True)
class PastEvent:
    """The newest fact of a tag's history, by the registry's own time."""

    action: str
    digest: Digest | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class WaitingEvents:
    """Events of the repository that are not applied yet. `position` is the first one's in the inbox, from 1."""

    count: int
    position: int
    since: datetime


@dataclass(frozen=True, slots=True)
class DueVerification:
    """`missing_since`: the registry has said once that it isn't there."""

    due: datetime
    missing_since: datetime | None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """None stands for "nothing known of it". `mentions` are quarantined items that name the repository."""

    repository_known: bool
    tag: TagState | None
    manifest: ManifestState | None
    last_event: PastEvent | None
    waiting: WaitingEvents | None
    verification: DueVerification | None
    mentions: tuple[int, ...]


class Explanations(Protocol):
    async def image(self, image: ImageReference) -> ImageFacts:
        """One consistent view. Reads the whole quarantine, so it is for people, not for loops."""
        ...
