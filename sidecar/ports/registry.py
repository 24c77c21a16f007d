"""What use cases ask the registry itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.names import RepositoryName


@dataclass(frozen=True, slots=True)
class Served:
    """A manifest as the registry served it."""

    digest: Digest
    media_type: str
    content: bytes


class Answer(StrEnum):
    """What the registry said to a conditional question."""

    SAME = "same"
    OTHER = "other"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Checked:
    """`digest` and `media_type` are told with OTHER only."""

    answer: Answer
    digest: Digest | None = None
    media_type: str | None = None


class RegistryReader(Protocol):
    """Reading the registry as the principal `sidecar`. Whatever isn't a clear answer raises RegistryUnavailable."""

    async def check(self, repository: RepositoryName, reference: str, digest: Digest | None) -> Checked:
        """HEAD; by tag with If-None-Match, which makes no event where it is answered 304 (registry fact 3)."""
        ...

    async def manifest(self, repository: RepositoryName, digest: Digest) -> Served | None:
        """The bytes, checked against the digest, at most 4 MiB; None where the registry says it isn't there."""
        ...

    async def blob(self, repository: RepositoryName, digest: Digest, limit: int) -> bytes | None:
        """A small blob, checked against its digest; None where it isn't there or is larger than `limit` bytes."""
        ...

    async def tags(self, repository: RepositoryName) -> list[Tag] | None:
        """All pages; None where the registry says that there is no such repository."""
        ...

    async def repositories(self) -> list[RepositoryName]:
        """The catalogue, all pages."""
        ...


class RepositoryCatalog(Protocol):
    """What the registry itself says it holds."""

    async def repositories_with_tags(self, owned_by: Sequence[str]) -> list[RepositoryName]:
        """The repositories with at least one tag among these names and prefixes (`acme/*`, `nginx`), in no order.

        Raises RegistryUnavailable if the registry doesn't say.
        """
        ...
