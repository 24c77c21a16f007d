"""What a registry holds, and what an index says it holds, in one form, so that the two can be compared.

The registry is read with nothing of the sidecar's own: another client, another reader of manifests, other sums.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sidecar.domain.manifests import MANIFEST_TYPES
from sidecar.domain.names import RepositoryName
from sidecar.ports import AccessEntry, TokenSigner
from sidecar.ports.index import Index


@dataclass(frozen=True, slots=True)
class Contents:
    """One repository: tags, the bytes that each manifest reaches, which manifests it has, tagged or not, and children."""

    tags: Mapping[str, str]
    reached: Mapping[str, int]
    children: Mapping[str, frozenset[str]]
    size: int

    def differences(self, other: "Contents") -> list[str]:
        """In words; `self` is what is believed, `other` what is true."""
        return [
            f"{what} {key}: {mine.get(key, 'not there')} is believed, {others.get(key, 'not there')} is true"
            for what, mine, others in (
                ("tag", self.tags, other.tags),
                ("bytes reached from", self.reached, other.reached),
                ("children of", self.children, other.children),
                ("bytes of", {"all": self.size}, {"all": other.size}),
            )
            for key in sorted({*mine, *others})
            if mine.get(key) != others.get(key)
        ]


@dataclass(frozen=True)
class Registry:
    """Asks for everything, one by one."""

    url: str
    signer: TokenSigner
    session: aiohttp.ClientSession
    _tokens: dict[str, str] = field(default_factory=dict)

    async def contents(self, name: str, known: Iterable[str]) -> Contents:
        """Untagged manifests can't be listed: `known` are those to ask for."""
        served: dict[str, dict[str, Any]] = {}
        sizes: dict[str, int] = {}
        tags = {}
        for tag in await self._tags(name):
            found = await self._manifest(name, tag)
            if found is not None:
                tags[tag] = found[0]
        waiting = {*tags.values(), *known}
        while waiting:
            digest = waiting.pop()
            found = None if digest in served else await self._manifest(name, digest)
            if found is not None:
                served[digest], sizes[digest] = read(found[1]), len(found[1])
                waiting.update(_children(served[digest]))
        return Contents(
            tags=tags,
            reached={digest: _bytes(_reach(digest, served), served, sizes) for digest in served},
            children={digest: frozenset(_children(served[digest])).intersection(served) for digest in served},
            size=_bytes(served, served, sizes),
        )

    async def _tags(self, name: str) -> list[str]:
        async with self.session.get(f"{self.url}/v2/{name}/tags/list", headers=self._headers(name)) as answer:
            return (await answer.json())["tags"] or [] if answer.status == 200 else []

    async def _manifest(self, name: str, reference: str) -> tuple[str, bytes] | None:
        headers = {**self._headers(name), "Accept": ", ".join(MANIFEST_TYPES)}
        async with self.session.get(f"{self.url}/v2/{name}/manifests/{reference}", headers=headers) as answer:
            assert answer.status in (200, 404), f"{name}:{reference}: {answer.status}"
            return (answer.headers["Docker-Content-Digest"], await answer.read()) if answer.status == 200 else None

    def _headers(self, name: str) -> dict[str, str]:
        if name not in self._tokens:
            self._tokens[name] = self.signer.sign(
                "auditor@acme.example", [AccessEntry("repository", name, ("pull",))], 3600
            ).text
        return {"Authorization": f"Bearer {self._tokens[name]}"}


async def known(index: Index, name: RepositoryName) -> list[str]:
    """Every manifest that the index has ever heard of, whether it thinks that it lives or not."""
    rows = await _rows(index, "SELECT digest FROM manifest JOIN repository ON id = repository WHERE name = $1", name)
    return [digest for (digest,) in rows]


async def of_index(index: Index, name: RepositoryName) -> Contents:
    living = "manifest JOIN repository ON id = repository WHERE name = $1 AND gone = 0"
    rows = await _rows(index, f"SELECT digest, total FROM {living}", name)
    references = await _rows(
        index,
        f"""SELECT manifest, digest FROM manifest_reference
             WHERE kind = 'child' AND manifest IN (SELECT digest FROM {living})
               AND digest IN (SELECT digest FROM {living})""",
        name,
    )
    size = await _rows(index, "SELECT size FROM repository WHERE name = $1", name)
    children = {digest: frozenset(child for parent, child in references if parent == digest) for digest, _ in rows}
    return Contents(
        tags={str(tag): str(digest) for tag, digest in (await index.tags(name)).items()},
        reached=dict(rows),
        children=children,
        size=size[0][0] if size else 0,
    )


async def _rows(index: Index, sql: str, name: str) -> list[tuple[Any, ...]]:
    """No port tells all of this as a whole."""
    async with index.applying() as tables:
        session: Any = tables._session  # type: ignore[attr-defined]
        return list(map(tuple, await session.fetch(sql, name)))


class _Twice(ValueError):
    pass


def read(content: bytes) -> dict[str, Any]:
    """A manifest, or nothing where a key stands in it twice: nobody can say then what it means."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise _Twice
        return dict(pairs)

    try:
        document: dict[str, Any] = json.loads(content, object_pairs_hook=once)
    except _Twice:
        return {}
    return document


def _children(document: Mapping[str, Any]) -> list[str]:
    return [item["digest"] for item in document.get("manifests", ()) if item["mediaType"] in MANIFEST_TYPES]


def _reach(digest: str, served: Mapping[str, dict[str, Any]]) -> set[str]:
    reached, waiting = set[str](), {digest}
    while waiting:
        found = waiting.pop()
        if found in served and found not in reached:
            reached.add(found)
            waiting.update(_children(served[found]))
    return reached


def _bytes(digests: Iterable[str], served: Mapping[str, dict[str, Any]], sizes: Mapping[str, int]) -> int:
    """Distinct blobs, manifests included, and what is elsewhere left out (decision 7)."""
    blobs = {digest: sizes[digest] for digest in digests}
    for digest in list(blobs):
        document = served[digest]
        listed = [item for item in document.get("manifests", ()) if item["mediaType"] not in MANIFEST_TYPES]
        config = [document["config"]] if "config" in document else []
        for item in (*config, *document.get("layers", ()), *listed):
            if not item.get("urls"):
                blobs[item["digest"]] = item["size"]
    return sum(blobs.values())
