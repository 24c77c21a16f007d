"""What people type for one image: `acme/web:v1` or `acme/web@sha256:…`."""

from dataclasses import dataclass
from typing import Self

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import Invalid
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`key` is the tag's name or the manifest's digest. The registry's host is no part of it."""

    repository: RepositoryName
    target: Target
    key: str

    @classmethod
    def read(cls, text: str) -> Self:
        """A name's first component may hold a colon (registry fact 8), so a tag stands behind the last slash."""
        repository, at, digest = text.partition("@")
        if at:
            return cls(RepositoryName(repository), Target.MANIFEST, Digest(digest))
        repository, colon, tag = text.rpartition(":")
        if not colon or "/" in tag:
            raise Invalid("image: must be REPOSITORY:TAG or REPOSITORY@DIGEST, such as acme/web:v1")
        return cls(RepositoryName(repository), Target.TAG, Tag(tag))
