"""What a registry holds, and what an index says it holds, in one form, so that the two can be compared."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.domain.digests import Digest
from sidecar.domain.names import RepositoryName
from sidecar.ports.index import Answer, Index, RegistryReader


@dataclass(frozen=True, slots=True)
class Contents:
    """One repository: tags, the bytes that each manifest reaches, and which manifests it has, tagged or not."""

    tags: Mapping[str, str]
    reached: Mapping[str, int]
    manifests: frozenset[str]
    size: int


async def of_registry(registry: RegistryReader, name: RepositoryName, known: Iterable[str]) -> Contents:
    """By asking for everything, one by one. Untagged manifests can't be listed: `known` are those to ask for."""
    tags = {}
    for tag in await registry.tags(name) or ():
        shown = await registry.check(name, tag, None)
        if shown.answer is Answer.OTHER and shown.digest is not None:
            tags[str(tag)] = str(shown.digest)
    served: dict[str, bytes] = {}
    waiting = {*tags.values(), *known}
    while waiting:
        digest = waiting.pop()
        manifest = None if digest in served else await registry.manifest(name, Digest(digest))
        if manifest is not None:
            served[digest] = manifest.content
            waiting.update(_children(manifest.content))
    reached = {digest: _bytes(_reach(digest, served), served) for digest in served}
    return Contents(tags, reached, frozenset(served), _bytes(served, served))


async def of_index(index: Index, name: RepositoryName) -> Contents:
    tags = {str(tag): str(digest) for tag, digest in (await index.tags(name)).items()}
    manifests = frozenset(str(digest) for digest in await index.manifests(name))
    async with index.applying() as tables:
        session: Any = tables._session  # type: ignore[attr-defined]  # sizes are told by no port that a sweep needs
        rows = await session.fetch(
            "SELECT digest, total FROM manifest JOIN repository ON id = repository WHERE name = $1 AND gone = 0", name
        )
        size = await session.fetch_one("SELECT size FROM repository WHERE name = $1", name)
    return Contents(tags, dict(map(tuple, rows)), manifests, 0 if size is None else size[0])


def within(contents: Contents, tags: Iterable[str]) -> dict[str, int]:
    """The bytes reached from these tags."""
    return {tag: contents.reached[contents.tags[tag]] for tag in tags if contents.tags[tag] in contents.reached}


def _children(content: bytes) -> list[str]:
    return [child["digest"] for child in json.loads(content).get("manifests", ())]


def _reach(digest: str, served: Mapping[str, bytes]) -> set[str]:
    reached, waiting = set[str](), {digest}
    while waiting:
        found = waiting.pop()
        if found in served and found not in reached:
            reached.add(found)
            waiting.update(_children(served[found]))
    return reached


def _bytes(digests: Iterable[str], served: Mapping[str, bytes]) -> int:
    """Distinct blobs, manifests included (decision 7)."""
    blobs = {digest: len(served[digest]) for digest in digests}
    for digest in list(blobs):
        document = json.loads(served[digest])
        for item in (*([document["config"]] if "config" in document else ()), *document.get("layers", ())):
            blobs[item["digest"]] = item["size"]
    return sum(blobs.values())
