"""What browsing reads: repositories, their tags and their manifests, from the index alone.

Lists are cut by place and never by number, so that what comes and goes between two pages hides nothing. Names and
digests are texts here: they were checked when they were stored, and a page holds thousands of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from sidecar.domain.names import NameFilter, ProjectId, RepositoryName

_T = TypeVar("_T")

Place = tuple[int | str, str]
"""Where an item stands in its order: the order's key, then the item's unique name."""


@dataclass(frozen=True, slots=True)
class Slice:
    """At most `limit` items in this order, those beyond `after`, whose name fits `filter`."""

    order: str
    backwards: bool
    limit: int
    after: Place | None = None
    filter: NameFilter | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[_T]):
    """One slice; `last` is the place of its last item where more may follow, else None."""

    items: Sequence[_T]
    last: Place | None


class RepositorySummary(NamedTuple):
    """`size` is the bytes of its distinct blobs; `tags` counts people's tags, without the referrers' fallbacks."""

    name: str
    size: int
    manifests: int
    tags: int
    created_at: datetime
    pushed_at: datetime
    pulled_at: datetime | None


class TagSummary(NamedTuple):
    """`size` is the distinct bytes that the tag reaches, 0 until its manifest was read."""

    tag: str
    digest: str
    size: int
    moved_at: datetime
    media_type: str
    pushed_by: str
    pulled_at: datetime | None
    pulled_by: str | None
    pulls: int


class ManifestSummary(NamedTuple):
    """`size` is the distinct bytes that it reaches; `children` are the manifests that it lists."""

    digest: str
    size: int
    created_at: datetime
    media_type: str
    artifact_type: str | None
    platform: str | None
    subject: str | None
    pushed_by: str
    pulled_at: datetime | None
    pulled_by: str | None
    pulls: int
    tags: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


class Browsing(Protocol):
    """Reading the index. What is gone, and a repository that was deleted, isn't there.

    Each list has a fixed set of orders: any other is a fault of the caller's.
    """

    async def repositories(
        self, project: ProjectId, visible: Callable[[str], bool] | None, asked: Slice
    ) -> Listed[RepositorySummary]:
        """The project's repositories whose name is `visible`; with None, all of them."""
        ...

    async def repository(self, name: RepositoryName) -> RepositorySummary | None: ...

    async def tags(self, repository: RepositoryName, asked: Slice) -> Listed[TagSummary] | None:
        """People's tags; None where the repository isn't there. A filter is matched on the tag."""
        ...

    async def manifests(self, repository: RepositoryName, asked: Slice) -> Listed[ManifestSummary] | None:
        """All that live, tagged or not; None where the repository isn't there. A filter is matched on the digest."""
        ...
