"""Fakes for what tests must hold still: the clock, randomness, and a registry's answers and faults."""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.manifests import OCI_MANIFEST
from sidecar.domain.names import RepositoryName
from sidecar.ports.registry import Answer, Checked, Served


class HeldClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **timedelta_arguments: float) -> None:
        """`clock.advance(minutes=15)`."""
        self._now += timedelta(**timedelta_arguments)


class RepeatableRandomness:
    """The same "random" bytes in each run: SHA-256 of a counter."""

    def __init__(self) -> None:
        self._count = 0

    def bytes(self, count: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8)).digest(count)

    def identifier(self) -> str:
        return str(uuid.UUID(bytes=self.bytes(16), version=4))


@dataclass
class ScriptedReader:
    """ports.registry.RegistryReader over what a test says the registry holds. While `silent`, it never answers clearly.

    A repository is `known` for ever once it held something. `asked` names each request as it was made: `check acme/web v1`.
    """

    tagged: dict[tuple[str, str], bytes] = field(default_factory=dict)
    served: dict[tuple[str, str], Served] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    known: set[RepositoryName] = field(default_factory=set)
    silent: bool = False

    def hold(self, repository: str, content: bytes, tag: str | None = None, media_type: str = OCI_MANIFEST) -> Digest:
        """A manifest, under a tag or by digest alone."""
        digest = digest_of(content)
        self.known.add(RepositoryName(repository))
        self.served[repository, digest] = Served(digest, media_type, content)
        if tag is not None:
            self.tagged[repository, tag] = content
        return digest

    def lose(self, repository: str, content: bytes) -> None:
        """The manifest and its tags."""
        del self.served[repository, digest_of(content)]
        self.tagged = {key: held for key, held in self.tagged.items() if key[0] != repository or held != content}

    async def check(self, repository: RepositoryName, reference: str, digest: Digest | None) -> Checked:
        self._note("check", repository, reference)
        content = self.tagged.get((repository, reference))
        shown = self.served.get((repository, reference if content is None else digest_of(content)))
        if shown is None:
            return Checked(Answer.ABSENT)
        same = shown.digest == digest
        return Checked(Answer.SAME) if same else Checked(Answer.OTHER, shown.digest, shown.media_type)

    async def manifest(self, repository: RepositoryName, digest: Digest) -> Served | None:
        self._note("manifest", repository, digest)
        return self.served.get((repository, digest))

    async def blob(self, repository: RepositoryName, digest: Digest, limit: int) -> bytes | None:
        self._note("blob", repository, digest)
        return self.blobs.get(digest)

    async def tags(self, repository: RepositoryName) -> list[Tag] | None:
        self._note("tags", repository)
        is_known = repository in self.known
        return [Tag(tag) for name, tag in self.tagged if name == repository] if is_known else None

    async def repositories(self) -> list[RepositoryName]:
        self._note("repositories")
        return sorted(self.known)

    def _note(self, *request: str) -> None:
        self.asked.append(" ".join(request))
        if self.silent:
            raise RegistryUnavailable


def digest_of(content: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")
