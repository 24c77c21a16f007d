"""The namespace `registry`: what a project's repositories hold. A binding may reach some of them alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sidecar.domain.errors import Invalid
from sidecar.domain.policy import Caller
from sidecar.ports.browsing import ManifestSummary, Place, RepositorySummary, Slice, TagSummary
from sidecar.usecases.browse import Browse
from sidecar.usecases.remove import Remove
from sidecar.web.api.bodies import AmongRepositories, Nothing, Prepared, Result
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
    pulled_by: str | None = None
    """Who pulled it last; absent where nobody signed in."""
    pulls: int


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
    pulled_by: str | None = None
    """Who pulled it last; absent where nobody signed in."""
    pulls: int


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

    async def list(self, caller: Caller, body: ListRepositories) -> Prepared[RepositoryList]:
        """The project's repositories on which the caller holds registry.list. `filter` meets the full name."""
        page = await self.browse.repositories(caller, body.project, _slice(body))
        return _listed({"items": [_repository(each) for each in page.items]}, _cursor(body, page.last))

    async def get(self, caller: Caller, body: NamedRepository) -> Prepared[RepositoryResult]:
        """One repository."""
        return Prepared(_repository(await self.browse.repository(caller, body.project, body.repository)))

    async def get_tags(self, caller: Caller, body: ListTags) -> Prepared[TagList]:
        """A repository's tags, the last moved first. `filter` meets the tag.

        Tags that clients make to list or name referrers (`sha256-…`) are left out.
        """
        name, page = await self.browse.tags(caller, body.project, body.repository, _slice(body))
        return _listed({"name": name, "items": [_tag(each) for each in page.items]}, _cursor(body, page.last))

    async def get_manifests(self, caller: Caller, body: ListManifests) -> Prepared[ManifestList]:
        """A repository's manifests, tagged or not, the newest first. `filter` meets the digest."""
        name, page = await self.browse.manifests(caller, body.project, body.repository, _slice(body))
        return _listed({"name": name, "items": [_manifest(each) for each in page.items]}, _cursor(body, page.last))

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


def _listed(answer: dict[str, object], next_cursor: str | None) -> Prepared[Any]:
    if next_cursor is not None:
        answer["nextCursor"] = next_cursor
    return Prepared(answer)


def _repository(repository: RepositorySummary) -> dict[str, object]:
    """The fields of a RepositoryResult."""
    fields: dict[str, object] = {
        "name": repository.name,
        "size": repository.size,
        "manifests": repository.manifests,
        "tags": repository.tags,
        "createdAt": repository.created_at,
        "pushedAt": repository.pushed_at,
    }
    if repository.pulled_at is not None:
        fields["pulledAt"] = repository.pulled_at
    return fields


def _tag(tag: TagSummary) -> dict[str, object]:
    """The fields of a TagResult."""
    fields: dict[str, object] = {
        "tag": tag.tag,
        "digest": tag.digest,
        "size": tag.size,
        "createdAt": tag.moved_at,
        "mediaType": tag.media_type,
        "pulls": tag.pulls,
    }
    if tag.pushed_by:
        fields["pushedBy"] = tag.pushed_by
    if tag.pulled_at is not None:
        fields["pulledAt"] = tag.pulled_at
    if tag.pulled_by:
        fields["pulledBy"] = tag.pulled_by
    return fields


def _manifest(manifest: ManifestSummary) -> dict[str, object]:
    """The fields of a ManifestResult."""
    fields: dict[str, object] = {
        "digest": manifest.digest,
        "size": manifest.size,
        "createdAt": manifest.created_at,
        "mediaType": manifest.media_type,
        "tags": manifest.tags,
        "children": manifest.children,
        "pulls": manifest.pulls,
    }
    if manifest.artifact_type is not None:
        fields["artifactType"] = manifest.artifact_type
    if manifest.platform is not None:
        fields["platform"] = manifest.platform
    if manifest.subject is not None:
        fields["subject"] = manifest.subject
    if manifest.pushed_by:
        fields["pushedBy"] = manifest.pushed_by
    if manifest.pulled_at is not None:
        fields["pulledAt"] = manifest.pulled_at
    if manifest.pulled_by:
        fields["pulledBy"] = manifest.pulled_by
    return fields


def _slice(asked: Listing) -> Slice:
    """What the index is asked for. Raises Invalid where the cursor is another list's."""
    order = asked.sort.removeprefix("-")
    return Slice(
        order=order,
        backwards=asked.sort.startswith("-"),
        limit=asked.limit or UNLIMITED,
        after=_place(asked, order),
        filter=asked.filter,
    )


def _place(asked: Listing, order: str) -> Place | None:
    place = asked.place()
    if place is None or order in _NAME_ORDERS:
        return place
    key, name = place
    if not (len(key) <= 19 and key.isascii() and key.isdecimal() and int(key) <= _LARGEST):
        raise Invalid("cursor: is not one that a list gave")
    return int(key), name


def _cursor(asked: Listing, last: Place | None) -> str | None:
    return None if last is None else str(Cursor(asked.order, (str(last[0]), last[1])))
