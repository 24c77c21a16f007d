"""Clients of a registry, and what they do: actions that can be told in a line, done in one namespace."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from sidecar.domain.manifests import MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST
from sidecar.ports import AccessEntry, TokenSigner
from tests.system.contents import OCI_CONFIG, OCI_LAYER, Built, Pushable, descriptor, digest_of

UNREACHED: Final = 0
"""The status of a request that a registry's restart cut off."""


@dataclass(frozen=True, slots=True)
class Push:
    """Blobs, children and the manifest: under a tag, or by digest alone. Its layers are mounted where that is asked for."""

    repository: str
    what: Pushable
    tag: str | None = None
    mounted_from: str | None = None


@dataclass(frozen=True, slots=True)
class Refer:
    """Pushes under the tag that clients use for the referrers of a digest, as registries have no API for them (fact 9)."""

    repository: str
    what: Pushable
    of: Pushable


@dataclass(frozen=True, slots=True)
class Pull:
    repository: str
    tag: str


@dataclass(frozen=True, slots=True)
class Delete:
    """By digest: the tags that point at it go with it."""

    repository: str
    what: Pushable


@dataclass(frozen=True, slots=True)
class DeleteAt:
    """The manifest that a tag points at, by its digest, as skopeo does."""

    repository: str
    tag: str


@dataclass(frozen=True, slots=True)
class DeleteTag:
    """The tag alone; 2.8 refuses."""

    repository: str
    tag: str


Action = Push | Refer | Pull | Delete | DeleteAt | DeleteTag


@dataclass
class Traffic:
    """`answers` counts statuses by kind of action. What a registry refuses is refused: a child may just be gone."""

    url: str
    signer: TokenSigner
    session: aiohttp.ClientSession
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    _uploaded: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _tokens: dict[tuple[str, ...], str] = field(default_factory=dict)

    async def at_once(self, namespace: str, programs: Sequence[Sequence[Action]]) -> None:
        """Several clients, each doing one thing after the other."""

        async def client(actions: Sequence[Action]) -> None:
            for action in actions:
                await self.act(namespace, action)

        await asyncio.gather(*map(client, programs))

    async def act(self, namespace: str, action: Action) -> int:
        """One action; the last answer's status."""
        repository = f"{namespace}/{action.repository}"
        match action:
            case Push(what=what, tag=tag, mounted_from=source):
                built = what.build(namespace)
                for layer in built.blobs if source else ():
                    await self._mount(repository, layer, f"{namespace}/{source}")
                status = await self._push(repository, built, tag or built.digest)
            case Refer(what=what, of=of):
                fallback = of.build(namespace).digest.replace(":", "-")
                status = await self._push(repository, what.build(namespace), fallback)
            case Pull(tag=tag):
                status, _ = await self._manifest("GET", repository, tag)
            case Delete(what=what):
                status, _ = await self._manifest("DELETE", repository, what.build(namespace).digest)
            case DeleteAt(tag=tag):
                status, digest = await self._manifest("HEAD", repository, tag)
                if status == 200:
                    status, _ = await self._manifest("DELETE", repository, digest)
            case DeleteTag(tag=tag):
                status, _ = await self._manifest("DELETE", repository, tag)
        self.answers[type(action).__name__, status] += 1
        return status

    def forget_uploads(self) -> None:
        """Garbage collection may have taken any blob."""
        self._uploaded.clear()

    async def fill(self, repository: str, tags: int) -> None:
        """So many tags, each of a manifest of its own."""
        await self._upload(repository, b"{}")
        for number in range(tags):
            await self.tag(repository, f"t{number}")

    async def image(self, repository: str, tag: str, number: int) -> None:
        """A new image of one layer."""
        layer, config = f"layer {number}".encode(), json.dumps({"os": "linux", "n": number}).encode()
        fields = {"config": descriptor(config, OCI_CONFIG), "layers": [descriptor(layer, OCI_LAYER)]}
        content = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, **fields}).encode()
        assert await self._push(repository, Built(content, OCI_MANIFEST, (layer, config)), tag) == 201

    async def tag(self, repository: str, tag: str) -> str:
        """A tag of a new manifest that needs no blob; its digest."""
        unique = {"org.example.unique": f"{repository}:{tag}"}
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": unique}
        built = Built(json.dumps(index).encode(), OCI_INDEX)
        assert await self._push(repository, built, tag) == 201
        return built.digest

    async def _push(self, repository: str, built: Built, reference: str) -> int:
        for child in built.children:
            await self._push(repository, child, child.digest)
        for blob in built.blobs:
            await self._upload(repository, blob)
        return (await self._manifest("PUT", repository, reference, built.content, built.media_type))[0]

    async def _manifest(
        self, method: str, repository: str, reference: str, body: bytes = b"", media_type: str = ""
    ) -> tuple[int, str]:
        """The status, and the digest that the registry tells."""
        sent = {"Content-Type": media_type} if media_type else {"Accept": ", ".join(MANIFEST_TYPES)}
        status, headers = await self._send(method, f"{repository}/manifests/{reference}", (repository,), body, sent)
        return status, headers.get("Docker-Content-Digest", "")

    async def _mount(self, repository: str, layer: bytes, source: str) -> None:
        """One that the source hasn't leaves an upload begun; the layer is uploaded then."""
        where = f"{repository}/blobs/uploads/?mount={digest_of(layer)}&from={source}"
        status, _ = await self._send("POST", where, (repository, source))
        if status == 201:
            self._uploaded[repository].add(digest_of(layer))

    async def _upload(self, repository: str, content: bytes) -> None:
        digest = digest_of(content)
        if digest in self._uploaded[repository]:
            return
        _, headers = await self._send("POST", f"{repository}/blobs/uploads/", (repository,))
        location = headers.get("Location", "").partition("/v2/")[2]
        separator = "&" if "?" in location else "?"
        status, _ = await self._send("PUT", f"{location}{separator}digest={digest}", (repository,), content)
        if status == 201:
            self._uploaded[repository].add(digest)

    async def _send(
        self,
        method: str,
        path: str,
        repositories: tuple[str, ...],
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str]]:
        sent = {"Authorization": f"Bearer {self._token(repositories)}", **(headers or {})}
        try:
            async with self.session.request(method, f"{self.url}/v2/{path}", data=body, headers=sent) as answer:
                await answer.read()
                return answer.status, answer.headers
        except aiohttp.ClientError:
            return UNREACHED, {}

    def _token(self, repositories: tuple[str, ...]) -> str:
        """Everything in the first, pulling from the others."""
        if repositories not in self._tokens:
            access = [AccessEntry("repository", repositories[0], ("pull", "push", "delete"))]
            access += [AccessEntry("repository", other, ("pull",)) for other in repositories[1:]]
            self._tokens[repositories] = self.signer.sign("ci@acme.example", access, 3600).text
        return self._tokens[repositories]
