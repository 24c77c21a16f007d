"""Clients that push, re-tag and delete whatever comes to their mind: chance decides, by a seed that repeats it."""

import asyncio
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from sidecar.domain.manifests import OCI_INDEX, OCI_MANIFEST
from sidecar.ports import AccessEntry, TokenSigner

REPOSITORIES: Final = ("acme/web", "acme/api", "acme/team/tool", "nginx")
TAGS: Final = tuple(f"v{number}" for number in range(6))
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
SIGNATURE: Final = "application/vnd.example.signature"
LAYERS: Final = tuple(bytes([65 + number]) * (10 + number * number) for number in range(8))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


@dataclass
class Traffic:
    """`pushed` are the manifests that were ever taken, by repository; they need not be there any more."""

    url: str
    signer: TokenSigner
    chance: random.Random
    session: aiohttp.ClientSession
    deletes_tags: bool
    pushed: defaultdict[str, dict[str, tuple[bytes, str]]] = field(default_factory=lambda: defaultdict(dict))
    refused: int = 0
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def run(self, actions: int, clients: int = 4) -> None:
        """So many actions, by several clients at once."""
        left = iter(range(actions))

        async def client() -> None:
            for _ in left:
                await self.act()

        await asyncio.gather(*(client() for _ in range(clients)))

    async def act(self) -> None:
        """One action. What the registry refuses is refused: a child may just have been deleted.

        One at a time in a repository: a push that overlaps a delete can leave a tag that points at nothing.
        """
        actions: list[tuple[Callable[[str], Awaitable[bool]], int]] = [
            (self._image, 8),
            (self._retag, 4),
            (self._index, 4),
            (self._artifact, 2),
            (self._mount, 2),
            (self._delete_manifest, 3),
            (self._delete_tag, 2 if self.deletes_tags else 0),
        ]
        action = self.chance.choices([item for item, _ in actions], [weight for _, weight in actions])[0]
        repository = self.chance.choice(REPOSITORIES)
        async with self._turns[repository]:
            self.refused += not await action(repository)

    async def fill(self, repository: str, tags: int) -> None:
        """So many tags, each of a manifest of its own."""
        await self._blob(repository, b"{}")
        for number in range(tags):
            await self.tag(repository, f"t{number}")

    async def image(self, repository: str, tag: str, number: int) -> None:
        """A new image of one layer."""
        layer, config = f"layer {number}".encode(), json.dumps({"os": "linux", "n": number}).encode()
        for blob in (layer, config):
            await self._blob(repository, blob)
        assert await self._put(repository, tag, _image(config, CONFIG, (layer,)), OCI_MANIFEST)

    async def tag(self, repository: str, tag: str) -> None:
        """A tag of a new manifest that needs no blob."""
        unique = {"org.example.unique": f"{repository}:{tag}"}
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": unique}
        assert await self._put(repository, tag, json.dumps(index).encode(), OCI_INDEX)

    async def _image(self, repository: str) -> bool:
        layers = self.chance.sample(LAYERS, self.chance.randint(0, 3))
        system = {"os": "linux", "architecture": self.chance.choice(("amd64", "arm64"))}
        config = json.dumps(system | {"variant": f"v{self.chance.randint(0, 5)}"}).encode()
        for blob in (config, *layers):
            await self._blob(repository, blob)
        return await self._put_somewhere(repository, _image(config, CONFIG, layers), OCI_MANIFEST)

    async def _retag(self, repository: str) -> bool:
        known = self.pushed[repository]
        if not known:
            return False
        content, media_type = known[self.chance.choice(list(known))]
        return await self._put(repository, self.chance.choice(TAGS), content, media_type)

    async def _index(self, repository: str) -> bool:
        known = list(self.pushed[repository].values())
        children = self.chance.sample(known, min(len(known), self.chance.randint(1, 3)))
        listed = [descriptor(content, media_type) for content, media_type in children]
        index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}).encode()
        return await self._put_somewhere(repository, index, OCI_INDEX)

    async def _artifact(self, repository: str) -> bool:
        """A referrer: untagged, or under the tag that clients use where there is no referrers API."""
        known = self.pushed[repository]
        if not known:
            return False
        content, media_type = known[self.chance.choice(list(known))]
        await self._blob(repository, b"{}")
        artifact = json.loads(_image(b"{}", SIGNATURE, ()))
        artifact["subject"] = descriptor(content, media_type)
        body = json.dumps(artifact).encode()
        fallback = digest_of(content).replace(":", "-")
        return await self._put(repository, self.chance.choice((fallback, digest_of(body))), body, OCI_MANIFEST)

    async def _mount(self, repository: str) -> bool:
        """A blob of another repository, and an image of it."""
        source, layer = self.chance.choice(REPOSITORIES), self.chance.choice(LAYERS)
        where = f"{repository}/blobs/uploads/?mount={digest_of(layer)}&from={source}"
        await self._send("POST", where, repository, source)
        await self._blob(repository, b"{}")
        return await self._put_somewhere(repository, _image(b"{}", CONFIG, (layer,)), OCI_MANIFEST)

    async def _delete_manifest(self, repository: str) -> bool:
        known = self.pushed[repository]
        if not known:
            return False
        return (
            await self._send("DELETE", f"{repository}/manifests/{self.chance.choice(list(known))}", repository) == 202
        )

    async def _delete_tag(self, repository: str) -> bool:
        return await self._send("DELETE", f"{repository}/manifests/{self.chance.choice(TAGS)}", repository) == 202

    async def _put_somewhere(self, repository: str, content: bytes, media_type: str) -> bool:
        reference = self.chance.choice((*TAGS, *TAGS, digest_of(content)))
        return await self._put(repository, reference, content, media_type)

    async def _put(self, repository: str, reference: str, content: bytes, media_type: str) -> bool:
        status = await self._send("PUT", f"{repository}/manifests/{reference}", repository, "", content, media_type)
        if status == 201:
            self.pushed[repository][digest_of(content)] = (content, media_type)
        return status == 201

    async def _blob(self, repository: str, content: bytes) -> None:
        started = await self._request("POST", f"{repository}/blobs/uploads/", repository)
        if started is None:
            return
        separator = "&" if "?" in started else "?"
        await self._send("PUT", f"{started}{separator}digest={digest_of(content)}", repository, "", content)

    async def _request(self, method: str, path: str, repository: str) -> str | None:
        """The Location of an answer, below /v2/."""
        headers = self._headers(repository, "")
        try:
            async with self.session.request(method, f"{self.url}/v2/{path}", headers=headers) as answer:
                return answer.headers.get("Location", "").partition("/v2/")[2] or None
        except aiohttp.ClientError:
            return None

    async def _send(
        self, method: str, path: str, repository: str, source: str = "", body: bytes = b"", media_type: str = ""
    ) -> int:
        headers = self._headers(repository, source) | {"Content-Type": media_type or "application/octet-stream"}
        try:
            async with self.session.request(method, f"{self.url}/v2/{path}", data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except aiohttp.ClientError:
            return 0

    def _headers(self, repository: str, source: str) -> dict[str, str]:
        access = [AccessEntry("repository", repository, ("pull", "push", "delete"))]
        if source:
            access.append(AccessEntry("repository", source, ("pull",)))
        return {"Authorization": f"Bearer {self.signer.sign('ci@acme.example', access, 300).text}"}


def _image(config: bytes, config_type: str, layers: Any) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, config_type),
            "layers": [descriptor(layer, LAYER) for layer in layers],
        }
    ).encode()
