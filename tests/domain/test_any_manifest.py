"""Manifests that chance makes, right ones and nearly right ones, against a second reader that knows nothing of the first."""

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.documents import MAX_DEPTH
from sidecar.domain.manifests import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MANIFEST_TYPES,
    MAX_DESCRIPTORS,
    MAX_MANIFEST_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    Unparsed,
    parse_manifest,
)

CONFIGS: Final = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.cncf.helm.config.v1+json",
)
LAYERS: Final = (
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.in-toto+json",
)
FOREIGN: Final = LAYERS[2:4]
JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
_PLATFORMS: Final = st.none() | st.fixed_dictionaries(
    {
        "os": st.sampled_from(("linux", "windows", "unknown")),
        "architecture": st.sampled_from(("amd64", "arm", "unknown")),
    },
    optional={"variant": st.sampled_from(("v7", "v8")), "os.version": st.just("10.0")},
)


def _descriptors(*media_types: str) -> st.SearchStrategy[dict[str, Any]]:
    """Of few digests, so that they meet; each digest has one size."""

    def made(number: int, media_type: str, urls: bool, platform: Any) -> dict[str, Any]:
        more: dict[str, Any] = {"urls": ["https://layers.example.com"]} if urls else {}
        return {
            "mediaType": media_type,
            "digest": f"sha256:{number:064x}",
            "size": number * 10,
            **more,
            **({} if platform is None else {"platform": platform}),
        }

    return st.builds(made, st.integers(0, 9), st.sampled_from(media_types), st.booleans(), _PLATFORMS)


_ANNOTATIONS: Final = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
_OPTIONAL: Final[dict[str, st.SearchStrategy[Any]]] = {
    "annotations": _ANNOTATIONS,
    "subject": st.none() | _descriptors(*MANIFEST_TYPES),
    "artifactType": st.sampled_from(("", "application/spdx+json")),
    "vendor": JSON,
}


def _documents(media_type: str) -> st.SearchStrategy[dict[str, Any]]:
    fields: dict[str, st.SearchStrategy[Any]] = {"schemaVersion": st.just(2), "mediaType": st.just(media_type)}
    if media_type in (OCI_INDEX, DOCKER_LIST):
        listed = _descriptors(*MANIFEST_TYPES, *LAYERS)
        fields["manifests"] = st.lists(listed, max_size=6)
    else:
        fields |= {"config": _descriptors(*CONFIGS), "layers": st.lists(_descriptors(*LAYERS), max_size=6)}
    return st.fixed_dictionaries(fields, optional=_OPTIONAL)


MANIFESTS: Final = st.sampled_from(MANIFEST_TYPES).flatmap(lambda kind: st.tuples(st.just(kind), _documents(kind)))


def parsed(document: Any, media_type: str) -> Manifest | None:
    try:
        return parse_manifest(json.dumps(document).encode(), media_type)
    except Unparsed:
        return None


def bytes_of(document: dict[str, Any]) -> dict[str, int]:
    """Size by digest of what lies in the registry because of this manifest, itself and its children left out.

    A list that is null or missing is empty, as Go reads it.
    """
    listed = [document.get("config"), *(document.get("layers") or ()), *(document.get("manifests") or ())]
    return {
        item["digest"]: item["size"]
        for item in listed
        if item is not None
        and item["mediaType"] not in MANIFEST_TYPES
        and not (item["mediaType"] in FOREIGN and item.get("urls"))
    }


@given(MANIFESTS)
def test_a_right_manifest_is_read_as_it_is(made: tuple[str, dict[str, Any]]) -> None:
    """Every blob once with its size, foreign layers left out; each child once; the subject; what is new is let be."""
    media_type, document = made
    found = parsed(document, media_type)
    assert found is not None
    assert {blob.digest: blob.size for blob in found.blobs} == bytes_of(document)
    listed = [item["digest"] for item in document.get("manifests", ()) if item["mediaType"] in MANIFEST_TYPES]
    assert [child.digest for child in found.children] == list(dict.fromkeys(listed))
    subject = document.get("subject")
    assert found.subject == (subject["digest"] if subject else None)
    assert found.annotations == document.get("annotations", {})


@st.composite
def _nearly_right(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """One value of it, at any depth, is another, or missing."""
    media_type, document = draw(MANIFESTS)
    place: Any = document
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            break
        place = inner
    if isinstance(place, dict) and draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(JSON)
    return media_type, document


@settings(max_examples=150)
@given(_nearly_right())
def test_a_nearly_right_one_is_never_guessed_at(made: tuple[str, dict[str, Any]]) -> None:
    """It is Unparsed, or what was read stands in it: no other error, no blob and no byte that it doesn't name."""
    media_type, document = made
    found = parsed(document, media_type)
    if found is not None:
        assert {blob.digest: blob.size for blob in found.blobs} == bytes_of(document)
        assert {child.digest for child in found.children} <= {
            item["digest"] for item in document.get("manifests") or ()
        }
        assert document["schemaVersion"] == 2
        assert document.get("mediaType", media_type) == media_type


@settings(max_examples=40)
@given(MANIFESTS, st.data())
def test_a_key_in_another_case_is_unparsed(made: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    """Go's readers fold case, others don't: two readings."""
    media_type, document = made
    key = data.draw(st.sampled_from(sorted({*document} - {"vendor"})))
    other = data.draw(st.sampled_from((key.upper(), key.capitalize(), key.swapcase())))
    document[other] = document.pop(key)
    assert parsed(document, media_type) is None


@settings(max_examples=40)
@given(MANIFESTS, st.sampled_from((*MANIFEST_TYPES, "", "application/json", "*/*")))
def test_a_type_that_differs_from_its_own_is_unparsed(made: tuple[str, dict[str, Any]], other: str) -> None:
    """CVE-2021-41190: the Content-Type and the document must agree."""
    media_type, document = made
    if other != media_type:
        assert parsed(document, other) is None


@pytest.mark.parametrize(
    ("media_type", "key"), [(OCI_MANIFEST, "layers"), (DOCKER_MANIFEST, "layers"), (OCI_INDEX, "manifests")]
)
@pytest.mark.parametrize("more", [0, 1])
def test_descriptors_are_bounded(media_type: str, key: str, more: int) -> None:
    """As many as the limit are read, one more isn't."""
    layer = {"mediaType": LAYERS[0], "digest": f"sha256:{1:064x}", "size": 1}
    document: dict[str, Any] = {"schemaVersion": 2, key: [layer] * (MAX_DESCRIPTORS + more)}
    if key == "layers":
        document["config"] = layer | {"mediaType": CONFIGS[0]}
    assert (parsed(document, media_type) is None) == bool(more)


@pytest.mark.parametrize("more", [0, 1])
def test_bytes_are_bounded(more: int) -> None:
    """4 MiB are read, one byte more isn't: no registry holds such a manifest."""
    content = json.dumps({"schemaVersion": 2, "manifests": []}).encode().ljust(MAX_MANIFEST_BYTES + more)
    if more:
        with pytest.raises(Unparsed, match="4 MiB"):
            parse_manifest(content, OCI_INDEX)
    else:
        assert parse_manifest(content, OCI_INDEX).children == ()


@pytest.mark.parametrize("more", [0, 1])
def test_depth_is_bounded(more: int) -> None:
    """What nests as deep as the limit is read, whatever it is; what nests deeper isn't."""
    inner: Any = "x"
    for _ in range(MAX_DEPTH - 2 + more):
        inner = [inner]
    assert (parsed({"schemaVersion": 2, "manifests": [], "vendor": inner}, OCI_INDEX) is None) == bool(more)
