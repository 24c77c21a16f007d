"""What a manifest says: config, layers, children, subject. What could be read in two ways is Unparsed, never guessed.

Docker schema 2 and manifest lists, OCI image manifests and indexes; artifacts are OCI manifests of any config type.
Sources: OCI image-spec `manifest.md`, `image-index.md`; distribution's manifest/ packages; CVE-2021-41190 (S31).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sidecar.domain.digests import Digest
from sidecar.domain.documents import Ambiguous, read_json
from sidecar.domain.errors import Invalid

MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024
"""What a registry takes at most (distribution, registry/handlers/manifests.go)."""
MAX_DESCRIPTORS: Final = 10_000
MAX_CLAIMED_BYTES: Final = 1 << 43
"""Of all blobs of one manifest: 8 TiB. Registries take any size that is claimed, and sums of many must stay numbers."""

DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"

IMAGE_TYPES: Final = (DOCKER_MANIFEST, OCI_MANIFEST)
INDEX_TYPES: Final = (DOCKER_LIST, OCI_INDEX)
MANIFEST_TYPES: Final = (*IMAGE_TYPES, *INDEX_TYPES)
"""What must be named in `Accept`, all of them, or the registry answers 404 or converts."""

IMAGE_CONFIG_TYPES: Final = frozenset(
    ("application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json")
)
_FOREIGN_TYPES: Final = frozenset(
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    )
)
_KNOWN_KEYS: Final = frozenset(
    ("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations")
)
_FOLDED_KEYS: Final = {key.lower(): key for key in _KNOWN_KEYS}


_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")


class Unparsed(ValueError):
    """A manifest that is kept as bytes and not understood; the text says why, and quotes nothing long."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest points at. `size` is in bytes, as the manifest claims; `platform` is `os/arch[/variant]`."""

    media_type: str
    digest: Digest
    size: int
    platform: str | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed manifest. `blobs` holds each distinct blob once, foreign layers left out; `children` are manifests."""

    media_type: str
    artifact_type: str | None
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    blobs: tuple[Descriptor, ...]
    subject: Digest | None
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image's config tells that its manifest doesn't: `os/arch[/variant]`, and when it was built (RFC 3339)."""

    platform: str | None
    created: str | None


MAX_CONFIG_BYTES: Final = 1024 * 1024


def read_image_config(content: bytes) -> ImageConfig:
    """The config of an image (OCI image-spec `config.md`); whatever it doesn't tell plainly is None."""
    try:
        document = read_json(content)
    except Ambiguous:
        return ImageConfig(None, None)
    if not isinstance(document, dict):
        return ImageConfig(None, None)
    created = document.get("created")
    told = created if isinstance(created, str) and _TIME.fullmatch(created) else None
    return ImageConfig(_platform(document), told)


def parse_manifest(content: bytes, media_type: str) -> Manifest:
    """The manifest in `content`, which the registry served with Content-Type `media_type` and whose digest was checked.

    Raises Unparsed for unknown types, a `mediaType` that differs from the Content-Type, keys that fit both an image and
    an index or differ from known ones only by case (Go readers fold case), descriptors that aren't whole, and
    sizes that no registry holds.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise Unparsed("larger than 4 MiB")
    if media_type not in MANIFEST_TYPES:
        raise Unparsed(f"media type {media_type[:100]!r} is not known")
    try:
        document = read_json(content)
        manifest = _index(document, media_type) if media_type in INDEX_TYPES else _image(document, media_type)
    except (Ambiguous, Invalid) as error:
        raise Unparsed(str(error)) from None
    if sum(blob.size for blob in manifest.blobs) > MAX_CLAIMED_BYTES:
        raise Unparsed("its blobs claim to be larger than 8 TiB together")
    return manifest


def _image(document: Any, media_type: str) -> Manifest:
    fields = _fields(document, media_type, forbidden=("manifests",))
    config = _descriptor(fields.get("config"))
    layers = _descriptors(fields.get("layers"))
    return Manifest(
        media_type=media_type,
        artifact_type=_artifact_type(fields, config),
        config=config,
        layers=layers,
        children=(),
        blobs=_distinct((config, *layers)),
        subject=_subject(fields),
        annotations=_annotations(fields),
    )


def _index(document: Any, media_type: str) -> Manifest:
    """An index; what it lists that is no manifest is a blob (BuildKit's cache export, which 2.8 takes)."""
    fields = _fields(document, media_type, forbidden=("config", "layers"))
    listed = _descriptors(fields.get("manifests"))
    return Manifest(
        media_type=media_type,
        artifact_type=_artifact_type(fields, None),
        config=None,
        layers=(),
        children=_distinct(item for item in listed if item.media_type in MANIFEST_TYPES),
        blobs=_distinct(item for item in listed if item.media_type not in MANIFEST_TYPES),
        subject=_subject(fields),
        annotations=_annotations(fields),
    )


def _fields(document: Any, media_type: str, forbidden: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise Unparsed("not a JSON object")
    for key in document:
        if _FOLDED_KEYS.get(key.lower(), key) != key:
            raise Unparsed(f"the key {key!r} differs from a known one only by case")
    if document.get("schemaVersion") != 2:
        raise Unparsed("schemaVersion is not 2")
    if document.get("mediaType", media_type) != media_type:
        raise Unparsed("mediaType differs from the Content-Type")
    for key in forbidden:
        if key in document:
            raise Unparsed(f"{key} stands in a manifest of type {media_type}")
    return document


def _descriptors(value: Any) -> tuple[Descriptor, ...]:
    """Go writes an empty list as null at times; a missing one is no list."""
    if not isinstance(value, list | None):
        raise Unparsed("a list of descriptors is not a list")
    if value is not None and len(value) > MAX_DESCRIPTORS:
        raise Unparsed(f"more than {MAX_DESCRIPTORS} descriptors")
    return tuple(_descriptor(item) for item in value or ())


def _descriptor(value: Any) -> Descriptor:
    if not isinstance(value, dict):
        raise Unparsed("a descriptor is not an object")
    media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
    if not isinstance(media_type, str) or not 0 < len(media_type) <= 255:
        raise Unparsed("a descriptor has no mediaType")
    if not isinstance(digest, str):
        raise Unparsed("a descriptor has no digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Unparsed("a descriptor has no size")
    foreign = media_type in _FOREIGN_TYPES and bool(value.get("urls"))
    return Descriptor(media_type, Digest(digest), size, _platform(value.get("platform")), foreign)


def _platform(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    parts = (value.get("os"), value.get("architecture"), value.get("variant"))
    return platform_name(*(part if isinstance(part, str) else "" for part in parts))


def platform_name(system: str, architecture: str, variant: str = "") -> str | None:
    """`linux/arm/v7`; None where the system or the architecture is not told, or is something else than a plain word."""
    parts = [system, architecture, *([variant] if variant else [])]
    if not all(
        0 < len(part) <= 64 and part.replace(".", "").replace("-", "").replace("_", "").isalnum() for part in parts
    ):
        return None
    return "/".join(parts)


def _artifact_type(fields: Mapping[str, Any], config: Descriptor | None) -> str | None:
    """`artifactType`, else the type of a config that is no image's (image-spec, "Guidelines for Artifact Usage")."""
    told = fields.get("artifactType")
    if told:
        if not isinstance(told, str) or len(told) > 255:
            raise Unparsed("artifactType is not a media type")
        return told
    if config is None or config.media_type in IMAGE_CONFIG_TYPES:
        return None
    return config.media_type


def _subject(fields: Mapping[str, Any]) -> Digest | None:
    subject = fields.get("subject")
    return None if subject is None else _descriptor(subject).digest


def _annotations(fields: Mapping[str, Any]) -> dict[str, str]:
    annotations = fields.get("annotations") or {}
    if not isinstance(annotations, dict) or not all(isinstance(value, str) for value in annotations.values()):
        raise Unparsed("annotations are not a map of strings")
    return annotations


def _distinct(descriptors: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    """Each digest once, foreign ones left out. Claims of two sizes for one digest can't both be true."""
    seen: dict[Digest, Descriptor] = {}
    for item in descriptors:
        if item.foreign:
            continue
        if seen.setdefault(item.digest, item).size != item.size:
            raise Unparsed("one digest stands with two sizes")
    return tuple(seen.values())
