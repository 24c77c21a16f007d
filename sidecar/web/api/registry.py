"""The namespace `registry`: what a project's repositories hold. A binding may reach some of them alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

from sidecar.domain.errors import Invalid
from sidecar.domain.policy import Caller
from sidecar.ports.browsing import ManifestSummary, Place, RepositorySummary, Slice, TagSummary
from sidecar.usecases.browse import Browse
from sidecar.usecases.remove import Remove
from sidecar.web.api.bodies import AmongRepositories, Nothing, Result
from sidecar.web.api.fields import DigestField, RepositoryField, TagField
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import UNLIMITED, Cursor, Listing

_LARGEST: Final = 2**63 - 1
_NAME_ORDERS: Final = frozenset(("name", "tag", "digest"))


class ListRepositories(AmongRepositories, Listing):
    sort: Literal["name", "-name", "size", "-size", "createdAt", "-createdAt", "pushedAt", "-pushedAt"] = "name"
    """The order; `-` turns it round."""


class NamedRepository(AmongRepositories):
    repository: RepositoryField
    """Its full name, such as `acme/web`, or `web` for short."""


class NamedTag(NamedRepository):
    tag: TagField
    """The tag to take away."""


class NamedManifest(NamedRepository):
    digest: DigestField
    """`sha256:` and 64 hexadecimal digits."""


class ListTags(NamedRepository, Listing):
    sort: Literal["createdAt", "-createdAt", "tag", "-tag"] = "-createdAt"
    """The order; `-` turns it round."""


class ListManifests(NamedRepository, Listing):
    sort: Literal["createdAt", "-createdAt", "digest", "-digest"] = "-createdAt"
    """The order; `-` turns it round."""


class RepositoryResult(Result):
    name: str
    """The full name."""
    size: int
    """Bytes of its distinct blobs, manifests included, foreign layers left out."""
    manifests: int
    tags: int
    """Tags of people; those that list or name referrers (`sha256-…`) are not counted."""
    created_at: datetime
    pushed_at: datetime
    pulled_at: datetime | None = None

    @classmethod
    def of(cls, repository: RepositorySummary) -> Self:
        return cls(
            name=repository.name,
            size=repository.size,
            manifests=repository.manifests,
            tags=repository.tags,
            created_at=repository.created_at,
            pushed_at=repository.pushed_at,
            pulled_at=repository.pulled_at,
        )


class RepositoryList(Result):
    items: list[RepositoryResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


class TagResult(Result):
    tag: str
    digest: str
    size: int
    """Distinct bytes that it reaches; 0 until its manifest was read."""
    created_at: datetime
    """When the tag was last moved."""
    media_type: str
    pushed_by: str | None = None
    """Who moved it; absent where nobody told."""
    pulled_at: datetime | None = None
    pulls: int

    @classmethod
    def of(cls, tag: TagSummary) -> Self:
        return cls(
            tag=tag.tag,
            digest=tag.digest,
            size=tag.size,
            created_at=tag.moved_at,
            media_type=tag.media_type,
            pushed_by=tag.pushed_by or None,
            pulled_at=tag.pulled_at,
            pulls=tag.pulls,
        )


class TagList(Result):
    name: str
    """The repository's full name."""
    items: list[TagResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


class ManifestResult(Result):
    digest: str
    size: int
    """Distinct bytes that it reaches; 0 until it was read."""
    created_at: datetime
    media_type: str
    artifact_type: str | None = None
    platform: str | None = None
    """`os/arch[/variant]` of an image."""
    tags: tuple[str, ...]
    children: tuple[str, ...]
    """The manifests that an index lists."""
    subject: str | None = None
    """The manifest that this one refers to."""
    pushed_by: str | None = None
    """Who pushed it; absent where nobody told."""
    pulled_at: datetime | None = None
    pulls: int

    @classmethod
    def of(cls, manifest: ManifestSummary) -> Self:
        return cls(
            digest=manifest.digest,
            size=manifest.size,
            created_at=manifest.created_at,
            media_type=manifest.media_type,
            artifact_type=manifest.artifact_type,
            platform=manifest.platform,
            tags=manifest.tags,
            children=manifest.children,
            subject=manifest.subject,
            pushed_by=manifest.pushed_by or None,
            pulled_at=manifest.pulled_at,
            pulls=manifest.pulls,
        )


class ManifestList(Result):
    name: str
    """The repository's full name."""
    items: list[ManifestResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


_UNKNOWN: Final = "repository_not_found"
_UNAVAILABLE: Final = "registry_unavailable"
_EXAMPLE: Final = {"project": "acme", "repository": "acme/web"}


@dataclass(frozen=True, slots=True)
class RegistryNamespace:
    browse: Browse
    remove: Remove

    def methods(self) -> Sequence[AnyMethod]:
        return (*self._reads(), *self._changes())

    def _reads(self) -> Sequence[AnyMethod]:
        list_example = {"project": "acme"}
        return (
            Method("registry.list", "registry.list", ListRepositories, RepositoryList, self.list, list_example),
            Method("registry.get", "registry.get", NamedRepository, RepositoryResult, self.get, _EXAMPLE, (_UNKNOWN,)),
            Method("registry.getTags", "registry.get", ListTags, TagList, self.get_tags, _EXAMPLE, (_UNKNOWN,)),
            Method(
                "registry.getManifests",
                "registry.get",
                ListManifests,
                ManifestList,
                self.get_manifests,
                _EXAMPLE,
                (_UNKNOWN,),
            ),
        )

    def _changes(self) -> Sequence[AnyMethod]:
        return (
            Method(
                "registry.untag",
                "registry.delete",
                NamedTag,
                Nothing,
                self.untag,
                {**_EXAMPLE, "tag": "old-staging"},
                (_UNKNOWN, "tag_not_found", _UNAVAILABLE),
            ),
            Method(
                "registry.deleteManifest",
                "registry.delete",
                NamedManifest,
                Nothing,
                self.delete_manifest,
                {**_EXAMPLE, "digest": f"sha256:{'c2f8' * 16}"},
                (_UNKNOWN, "manifest_not_found", "manifest_tagged", "manifest_in_use", _UNAVAILABLE),
            ),
            Method(
                "registry.delete",
                "registry.delete",
                NamedRepository,
                Nothing,
                self.delete,
                _EXAMPLE,
                (_UNKNOWN, _UNAVAILABLE),
            ),
        )

    async def list(self, caller: Caller, body: ListRepositories) -> RepositoryList:
        """The project's repositories on which the caller holds registry.list. `filter` meets the full name."""
        page = await self.browse.repositories(caller, body.project, _slice(body))
        items = [RepositoryResult.of(repository) for repository in page.items]
        return RepositoryList(items=items, next_cursor=_cursor(body, page.last))

    async def get(self, caller: Caller, body: NamedRepository) -> RepositoryResult:
        """One repository."""
        return RepositoryResult.of(await self.browse.repository(caller, body.project, body.repository))

    async def get_tags(self, caller: Caller, body: ListTags) -> TagList:
        """A repository's tags, the last moved first. `filter` meets the tag.

        Tags that clients make to list or name referrers (`sha256-…`) are left out.
        """
        name, page = await self.browse.tags(caller, body.project, body.repository, _slice(body))
        items = [TagResult.of(tag) for tag in page.items]
        return TagList(name=name, items=items, next_cursor=_cursor(body, page.last))

    async def get_manifests(self, caller: Caller, body: ListManifests) -> ManifestList:
        """A repository's manifests, tagged or not, the newest first. `filter` meets the digest."""
        name, page = await self.browse.manifests(caller, body.project, body.repository, _slice(body))
        items = [ManifestResult.of(manifest) for manifest in page.items]
        return ManifestList(name=name, items=items, next_cursor=_cursor(body, page.last))

    async def untag(self, caller: Caller, body: NamedTag) -> Nothing:
        """Takes one tag away. The manifest and its other tags stay, on every registry."""
        await self.remove.untag(caller, body.project, body.repository, body.tag)
        return Nothing()

    async def delete_manifest(self, caller: Caller, body: NamedManifest) -> Nothing:
        """Deletes a manifest that no tag points at, no index lists and no referrer names; `items` say what does."""
        await self.remove.manifest(caller, body.project, body.repository, body.digest)
        return Nothing()

    async def delete(self, caller: Caller, body: NamedRepository) -> Nothing:
        """Deletes a repository: every tag and manifest of it. Large ones take their time."""
        await self.remove.repository(caller, body.project, body.repository)
        return Nothing()


def _slice(asked: Listing) -> Slice:
    """What the index is asked for. Raises Invalid where the cursor is another list's."""
    order = asked.sort.removeprefix("-")
    return Slice(
        order=order,
        backwards=asked.sort.startswith("-"),
        limit=asked.limit or UNLIMITED,
        after=None if asked.cursor is None else _place(asked.cursor, asked.sort, order),
        filter=asked.filter,
    )


def _place(cursor: Cursor, sort: str, order: str) -> Place:
    if cursor.sort != sort:
        raise Invalid("cursor: belongs to another sort")
    key, name = cursor.place
    if order in _NAME_ORDERS:
        return key, name
    if not (len(key) <= 19 and key.isascii() and key.isdecimal() and int(key) <= _LARGEST):
        raise Invalid("cursor: is not one that a list gave")
    return int(key), name


def _cursor(asked: Listing, last: Place | None) -> str | None:
    return None if last is None else str(Cursor(asked.sort, (str(last[0]), last[1])))
