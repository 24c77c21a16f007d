"""Manifests of every kind that a registry may hold, and those that nobody can be sure about."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.manifests import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MANIFEST_TYPES,
    MAX_CLAIMED_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    ImageConfig,
    Unparsed,
    parse_manifest,
    platform_name,
    read_image_config,
)

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def descriptor(number: int, media_type: str = LAYER_TYPE, size: int = 10, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{number:064x}", "size": size} | more


def image(**more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "config": descriptor(1, CONFIG_TYPE), "layers": [descriptor(2)]} | more


def index(*children: Any, **more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "manifests": list(children)} | more


def parse(document: Any, media_type: str = OCI_MANIFEST) -> Any:
    return parse_manifest(json.dumps(document).encode(), media_type)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_an_image_has_config_and_layers(media_type: str) -> None:
    """Docker schema 2 and OCI images alike: config and layers are its blobs."""
    manifest = parse(image(mediaType=media_type), media_type)
    assert [blob.digest[-1] for blob in manifest.blobs] == ["1", "2"]
    assert manifest.artifact_type is None


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_an_index_has_children_with_platforms(media_type: str) -> None:
    """Children are told with their platform as os/arch/variant."""
    child = descriptor(1, OCI_MANIFEST, platform={"os": "linux", "architecture": "arm", "variant": "v7"})
    manifest = parse(index(child), media_type)
    assert [child.platform for child in manifest.children] == ["linux/arm/v7"]
    assert manifest.blobs == ()


def test_an_index_may_list_blobs() -> None:
    """BuildKit's cache export lists layers in an index, which 2.8 takes: they are blobs, not children."""
    manifest = parse(index(descriptor(1), descriptor(2, "application/vnd.buildkit.cacheconfig.v0")), OCI_INDEX)
    assert len(manifest.blobs) == 2
    assert manifest.children == ()


def test_an_artifact_tells_its_type_by_its_config() -> None:
    """Without `artifactType`, a config that is no image's names the type (OCI image-spec)."""
    artifact = image(config=descriptor(1, "application/vnd.cncf.helm.config.v1+json"))
    assert parse(artifact).artifact_type == "application/vnd.cncf.helm.config.v1+json"


def test_an_artifact_type_of_its_own_wins() -> None:
    """`artifactType` is the type, whatever the config."""
    assert parse(image(artifactType="application/spdx+json")).artifact_type == "application/spdx+json"


def test_a_subject_makes_a_referrer() -> None:
    """`subject` is kept; events never tell it (fact 9)."""
    assert parse(image(subject=descriptor(9, OCI_MANIFEST))).subject == f"sha256:{9:064x}"


def test_foreign_layers_are_no_bytes_of_ours() -> None:
    """A foreign layer is listed and left out of the blobs (decision 7)."""
    foreign = descriptor(
        3, "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", urls=["https://layers.example/3"]
    )
    manifest = parse(image(layers=[descriptor(2), foreign]))
    assert len(manifest.layers) == 2
    assert [blob.digest[-1] for blob in manifest.blobs] == ["1", "2"]


def test_a_blob_counts_once() -> None:
    """The same layer twice is one blob."""
    assert len(parse(image(layers=[descriptor(2), descriptor(2)])).blobs) == 2


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (image(manifests=[]), OCI_MANIFEST),
        (index(layers=[]), OCI_INDEX),
        (index(config=None), OCI_INDEX),
        (image(mediaType=OCI_INDEX), OCI_MANIFEST),
        (image(Layers=[]), OCI_MANIFEST),
        (image(schemaVersion=1), OCI_MANIFEST),
        (image(layers="none"), OCI_MANIFEST),
        (image(layers=[descriptor(2, size=-1)]), OCI_MANIFEST),
        (image(layers=[descriptor(2), descriptor(2, size=11)]), OCI_MANIFEST),
        (image(layers=[{"digest": f"sha256:{2:064x}", "size": 1}]), OCI_MANIFEST),
        (image(annotations={"a": 1}), OCI_MANIFEST),
        ([], OCI_MANIFEST),
        (image(), "application/vnd.docker.distribution.manifest.v1+prettyjws"),
    ],
)
def test_what_can_be_read_in_two_ways_is_unparsed(document: Any, media_type: str) -> None:
    """S31: ambiguous documents are never guessed at."""
    with pytest.raises(Unparsed):
        parse(document, media_type)


def test_a_repeated_key_is_unparsed() -> None:
    """Two `layers` in one document: readers differ on which counts."""
    with pytest.raises(Unparsed, match="twice"):
        parse_manifest(b'{"schemaVersion":2,"config":{},"layers":[],"layers":[]}', OCI_MANIFEST)


def test_deep_nesting_is_unparsed() -> None:
    """A document that nests for ever costs nothing and breaks nothing."""
    with pytest.raises(Unparsed, match="deeply"):
        parse_manifest(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", OCI_MANIFEST)


@pytest.mark.parametrize("sizes", [(MAX_CLAIMED_BYTES,), (2**62, 2**62), (2**63 - 1,)])
def test_sizes_that_no_registry_holds_are_unparsed(sizes: tuple[int, ...]) -> None:
    """Registries take whatever size is claimed; one tenant's claims must not break the sums of all (S30)."""
    with pytest.raises(Unparsed, match="8 TiB"):
        parse(image(layers=[descriptor(number, size=size) for number, size in enumerate(sizes, 2)]))


@given(st.binary(max_size=300), st.sampled_from(MANIFEST_TYPES))
def test_garbage_is_unparsed(content: bytes, media_type: str) -> None:
    """Whatever the bytes, the outcome is Unparsed and nothing else."""
    with pytest.raises(Unparsed):
        parse_manifest(content, media_type)


@pytest.mark.parametrize(
    "parts", [("", "amd64"), ("linux", ""), ("li nux", "amd64"), ("<b>", "amd64"), ("x" * 65, "amd64")]
)
def test_a_platform_is_made_of_plain_words(parts: tuple[str, str]) -> None:
    """What isn't a plain word is no platform."""
    assert platform_name(*parts) is None


def test_an_image_config_tells_platform_and_time() -> None:
    """Platform and creation time of a single image stand in its config."""
    content = {"os": "linux", "architecture": "arm64", "variant": "v8", "created": "2026-11-23T08:08:32.4693Z"}
    config = read_image_config(json.dumps(content).encode())
    assert config == ImageConfig("linux/arm64/v8", "2026-11-23T08:08:32.4693Z")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"os":1,"created":"yesterday"}'])
def test_a_config_that_tells_nothing_is_no_error(content: bytes) -> None:
    """An artifact's config may be anything."""
    assert read_image_config(content) == ImageConfig(None, None)
