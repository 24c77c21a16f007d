"""Putting images into the index of a sidecar under test, as events and fetched manifests would."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import ManifestPushed, Origin
from sidecar.domain.manifests import OCI_INDEX, OCI_MANIFEST, ImageConfig, parse_manifest
from sidecar.domain.names import RepositoryName
from sidecar.ports.index import Index

_CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def digest_of(content: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")


def image(number: int, layer: int = 1000, subject: bytes | None = None) -> bytes:
    """An OCI image whose config is 50 bytes and whose one layer has that many; its number makes it differ."""
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "config": {"mediaType": _CONFIG_TYPE, "digest": f"sha256:{number:064x}", "size": 50},
        "layers": [{"mediaType": _LAYER_TYPE, "digest": f"sha256:{number + 10**6:064x}", "size": layer}],
    }
    if subject is not None:
        document["subject"] = _descriptor(subject)
    return json.dumps(document).encode()


def index_of(*children: bytes) -> bytes:
    """An OCI index of these images."""
    return json.dumps({"schemaVersion": 2, "manifests": [_descriptor(child) for child in children]}).encode()


def _descriptor(content: bytes) -> dict[str, Any]:
    return {"mediaType": OCI_MANIFEST, "digest": digest_of(content), "size": len(content)}


@dataclass
class Pushing:
    """Each push is a second later than the one before."""

    index: Index
    _time: int = field(default=1_800_000_000)

    async def push(
        self, repository: str, content: bytes, *tags: str, by: str = "ci@acme.example", read: bool = True
    ) -> Digest:
        """Pushed under these tags, or under none, and read unless told otherwise; its digest."""
        digest, name = digest_of(content), RepositoryName(repository)
        media_type = OCI_INDEX if b'"manifests"' in content else OCI_MANIFEST
        async with self.index.applying() as tables:
            for tag in tags or (None,):
                self._time += 1
                origin = Origin(f"e{self._time}", self._time * 10**9 + 123456789, by, "10.0.0.1", "crane", "r", "i1")
                known = None if tag is None else Tag(tag)
                await tables.push(ManifestPushed(name, digest, known, media_type, len(content), origin))
            if read:
                reading = parse_manifest(content, media_type)
                platform = None if media_type == OCI_INDEX else ImageConfig("linux/amd64", None)
                await tables.document(digest, content, media_type, reading, platform)
        return digest
