"""OCI layouts. Their images are like no other, so that no registry and no client has seen a byte of them; but one."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

from sidecar.cli.quickstart.first_image import Image
from sidecar.domain.manifests import OCI_MANIFEST

_OCI = "application/vnd.oci.image"


def image_layout(folder: Path) -> Path:
    """One image for amd64."""
    return _written(folder, _image(folder, "amd64"))


def index_layout(folder: Path, *architectures: str) -> Path:
    """An index of an image for each of these architectures."""
    children = [_image(folder, architecture) for architecture in architectures]
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": children}
    return _written(folder, _blob(folder, f"{_OCI}.index.v1+json", _json(index)))


def hello_layout(folder: Path, image: Image) -> Path:
    """The image that quickstart makes, the same each time; as far as the layout tells, for no platform."""
    for blob in image.blobs:
        _blob(folder, "", blob)
    return _written(folder, _blob(folder, OCI_MANIFEST, image.manifest))


def referrer_layout(folder: Path, subject: Path) -> Path:
    """An artifact that names the one image of another layout as its subject."""
    descriptor = listed(subject)
    empty = _blob(folder, "application/vnd.oci.empty.v1+json", b"{}")
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "artifactType": "application/vnd.example.note",
        "config": empty,
        "layers": [_blob(folder, "text/plain", os.urandom(16).hex().encode())],
        "subject": {name: descriptor[name] for name in ("mediaType", "digest", "size")},
    }
    return _written(folder, _blob(folder, f"{_OCI}.manifest.v1+json", _json(manifest)))


def listed(layout: Path) -> dict[str, Any]:
    """The one descriptor that the layout lists."""
    (descriptor,) = json.loads((layout / "index.json").read_text())["manifests"]
    assert isinstance(descriptor, dict)
    return descriptor


def digest_of(layout: Path) -> str:
    return str(listed(layout)["digest"])


def children_of(layout: Path) -> list[dict[str, Any]]:
    """The descriptors of the index that the layout lists."""
    algorithm, _, name = digest_of(layout).partition(":")
    children: list[dict[str, Any]] = json.loads((layout / "blobs" / algorithm / name).read_text())["manifests"]
    return children


def one_of(layout: Path, child: dict[str, Any], folder: Path) -> Path:
    """A layout that lists this child alone; the blobs are the same."""
    folder.mkdir()
    (folder / "blobs").symlink_to(layout / "blobs")
    return _written(folder, child)


def archive_of(layout: Path, name: str, file: Path) -> Path:
    """The layout in one file, its image named as containerd reads names."""
    named = listed(layout) | {"annotations": {"io.containerd.image.name": name}}
    index = _json({"schemaVersion": 2, "manifests": [named]})
    with tarfile.open(file, "w") as archive:
        for path in (layout / "oci-layout", *(layout / "blobs").rglob("*")):
            archive.add(path, str(path.relative_to(layout)), recursive=False)
        entry = tarfile.TarInfo("index.json")
        entry.size = len(index)
        archive.addfile(entry, io.BytesIO(index))
    return file


def file_archive() -> bytes:
    """A tar of one file whose content was never seen before."""
    archive, content = io.BytesIO(), os.urandom(32)
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("unique")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _image(folder: Path, architecture: str) -> dict[str, Any]:
    """The descriptor of a new image whose blobs are written."""
    tar = file_archive()
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _blob(folder, f"{_OCI}.config.v1+json", _json(config)),
        "layers": [_blob(folder, f"{_OCI}.layer.v1.tar+gzip", gzip.compress(tar, mtime=0))],
    }
    platform = {"os": "linux", "architecture": architecture}
    return _blob(folder, f"{_OCI}.manifest.v1+json", _json(manifest)) | {"platform": platform}


def _blob(folder: Path, media_type: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _written(folder: Path, descriptor: dict[str, Any]) -> Path:
    (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [descriptor]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return folder


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
