"""A first, tiny image, and its push by the loop that every client goes through: challenge, /token, registry."""

import gzip
import hashlib
import io
import json
import platform
import re
import tarfile
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from sidecar.adapters.registry.transport import Answer, RegistryTransport
from sidecar.cli.failure import Failure
from sidecar.cli.quickstart.token_request import request_token

_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_GREETING: Final = b"This image came through your registry, with a token that the sidecar signed.\n"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_CHALLENGED: Final = re.compile(r'([a-z]+)="([^"]*)"')
_ANSWER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Image:
    """An image's blobs (its configuration and its one layer) and its manifest."""

    blobs: tuple[bytes, ...]
    manifest: bytes


def hello_image(architecture: str = _ARCHITECTURES.get(platform.machine(), platform.machine())) -> Image:
    """An image that holds one text file; the same bytes each time."""
    tar = _tar("hello.txt", _GREETING)
    layer = gzip.compress(tar, mtime=0)
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _descriptor(_CONFIG, config),
        "layers": [_descriptor(_LAYER, layer)],
    }
    return Image((config, layer), _json(manifest))


@dataclass(slots=True)
class Pusher:
    """Pushes as one account, asking `realm` for tokens whenever the registry challenges. The key goes nowhere else."""

    transport: RegistryTransport
    session: aiohttp.ClientSession
    realm: str
    account: str
    key: str = field(repr=False)
    _token: str = field(default="", repr=False)

    async def has(self, repository: str, tag: str) -> bool:
        """Whether the registry shows this tag to the account."""
        answer = await self._send("HEAD", f"v2/{repository}/manifests/{tag}", accept=_MANIFEST)
        return answer.status == 200

    async def push(self, repository: str, tag: str, image: Image) -> None:
        """Blobs first, then the manifest that names them. Raises Failure where the registry refuses one."""
        for blob in image.blobs:
            started = await self._send("POST", f"v2/{repository}/blobs/uploads/")
            self._expect(started, 202, "an upload")
            location = started.headers.get("Location", "")
            url = f"{location}{'&' if '?' in location else '?'}digest={_digest(blob)}"
            done = await self._send("PUT", url, body=blob, content_type="application/octet-stream")
            self._expect(done, 201, "a blob")
        path = f"v2/{repository}/manifests/{tag}"
        self._expect(await self._send("PUT", path, body=image.manifest, content_type=_MANIFEST), 201, "the manifest")

    async def _send(
        self, method: str, reference: str, *, body: bytes = b"", content_type: str = "", accept: str = "*/*"
    ) -> Answer:
        """Sends it, and again with a new token if that is what the registry wants."""
        url, headers = self.transport.follow(reference), {"Accept": accept}
        if content_type:
            headers["Content-Type"] = content_type
        for challenged in (False, True):
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            answer = await self.transport.send(method, url, headers=headers, body=body, limit=_ANSWER_BYTES)
            if answer.status != 401 or challenged:
                break
            self._token = await self._token_for(dict(_CHALLENGED.findall(answer.headers.get("WWW-Authenticate", ""))))
        return answer

    async def _token_for(self, challenge: dict[str, str]) -> str:
        if challenge.get("realm") != self.realm:
            raise Failure(f"the registry asks for tokens of {challenge.get('realm')}, not of {self.realm}")
        query = {name: text for name, text in challenge.items() if name in ("service", "scope")}
        token = await request_token(self.session, self.realm, self.account, self.key, query)
        if token is None:
            raise Failure(f"{self.realm} refuses the key of {self.account}")
        return token

    @staticmethod
    def _expect(answer: Answer, status: int, what: str) -> None:
        if answer.status != status:
            raise Failure(
                f"the registry refuses {what} ({answer.status}): {answer.body[:500].decode(errors='replace')}"
            )


def _descriptor(media_type: str, content: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _tar(name: str, content: bytes) -> bytes:
    """A tar of one file, owned by nobody in particular and made at no particular time."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
