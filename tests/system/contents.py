"""What clients push, told in a few words: `Index((Image(1), Image(2)))` is always the same bytes in one place.

`salt` makes them a place's own, so that no manifest is known from elsewhere. Words are small on purpose: two programs of
chance then meet at the same image again and again.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from sidecar.domain.manifests import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN_LAYER: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar"
SIGNATURE: Final = "application/vnd.example.signature"
LAYERS: Final = tuple(bytes([65 + number]) * (10 + number * number) for number in range(8))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


@dataclass(frozen=True, slots=True)
class Built:
    """A manifest's bytes; the blobs and, before it, the manifests that a registry must have to take it."""

    content: bytes
    media_type: str
    blobs: tuple[bytes, ...] = ()
    children: tuple["Built", ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.content)

    def described(self, **more: Any) -> dict[str, Any]:
        return descriptor(self.content, self.media_type, **more)


@dataclass(frozen=True, slots=True)
class Image:
    """Up to three layers, shared with other images; an odd one also has a foreign layer, whose bytes are elsewhere."""

    number: int
    docker: bool = False

    def build(self, salt: str) -> Built:
        system = {"os": "linux", "architecture": ("amd64", "arm64")[self.number % 2], "salt": salt}
        config = json.dumps({**system, "variant": f"v{self.number}"}).encode()
        layers = [LAYERS[(self.number * step) % len(LAYERS)] for step in range(1, 1 + self.number % 4)]
        kinds = (DOCKER_CONFIG, DOCKER_LAYER) if self.docker else (OCI_CONFIG, OCI_LAYER)
        listed = [descriptor(layer, kinds[1]) for layer in layers]
        if self.number % 2 and not self.docker:
            listed.append(descriptor(b"elsewhere", FOREIGN_LAYER, urls=["https://layers.example.com/1"]))
        media_type = DOCKER_MANIFEST if self.docker else OCI_MANIFEST
        return Built(_image(media_type, descriptor(config, kinds[0]), listed), media_type, (config, *layers))


@dataclass(frozen=True, slots=True)
class Artifact:
    """A signature of something else, which need not be there: a referrer. Without a subject, any artifact."""

    subject: "Pushable | None" = None

    def build(self, salt: str) -> Built:
        more = {} if self.subject is None else {"subject": self.subject.build(salt).described()}
        content = _image(OCI_MANIFEST, descriptor(b"{}", SIGNATURE), [descriptor(LAYERS[0], OCI_LAYER)], salt, **more)
        return Built(content, OCI_MANIFEST, (b"{}", LAYERS[0]))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A registry takes it, and yet two readers may understand it differently: its layers stand in it twice."""

    number: int

    def build(self, salt: str) -> Built:
        image = Image(self.number).build(salt)
        content = image.content.replace(b'"layers"', b'"layers": [], "layers"', 1)
        return Built(content, OCI_MANIFEST, image.blobs)


@dataclass(frozen=True, slots=True)
class Index:
    """A manifest list where `docker`. `attested` as BuildKit does it: by a manifest of no platform beside the images."""

    children: tuple["Pushable", ...]
    docker: bool = False
    attested: bool = False

    def build(self, salt: str) -> Built:
        children = tuple(child.build(salt) for child in self.children)
        listed = [child.described(platform={"os": "linux", "architecture": "amd64"}) for child in children]
        if self.attested and children:
            children += (_attestation(salt),)
            note = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": children[0].digest,
            }
            platform = {"os": "unknown", "architecture": "unknown"}
            listed.append(children[-1].described(platform=platform, annotations=note))
        media_type = DOCKER_LIST if self.docker else OCI_INDEX
        content = _document(media_type, manifests=listed, **({} if self.docker else {"annotations": {"salt": salt}}))
        return Built(content, media_type, (), children)


@dataclass(frozen=True, slots=True)
class Cache:
    """What BuildKit exports: an index that lists blobs. 2.8 takes it, 3.x refuses it."""

    number: int

    def build(self, salt: str) -> Built:
        config = json.dumps({"cache": self.number, "salt": salt}).encode()
        layer = LAYERS[self.number % len(LAYERS)]
        listed = [descriptor(layer, OCI_LAYER), descriptor(config, "application/vnd.buildkit.cacheconfig.v0")]
        return Built(_document(OCI_INDEX, manifests=listed), OCI_INDEX, (config, layer))


Pushable = Image | Artifact | Unreadable | Index | Cache


def _attestation(salt: str) -> Built:
    config = json.dumps({"os": "unknown", "architecture": "unknown", "salt": salt}).encode()
    layers = [descriptor(LAYERS[1], "application/vnd.in-toto+json")]
    return Built(_image(OCI_MANIFEST, descriptor(config, OCI_CONFIG), layers), OCI_MANIFEST, (config, LAYERS[1]))


def _image(
    media_type: str, config: dict[str, Any], layers: list[dict[str, Any]], salt: str | None = None, **more: Any
) -> bytes:
    noted = {} if salt is None else {"annotations": {"salt": salt}}
    return _document(media_type, config=config, layers=layers, **noted, **more)


def _document(media_type: str, **fields: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, **fields}).encode()
