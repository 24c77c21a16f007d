"""Notifications as real registries sent them, and as nobody should."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.digests import Digest
from sidecar.domain.events import (
    DigestDeleted,
    Ignored,
    ManifestPulled,
    ManifestPushed,
    TagDeleted,
    Unreadable,
    nanoseconds,
    read_envelope,
)

RECORDED = Path(__file__).parent.parent / "data" / "events"
DIGEST = "sha256:" + "a" * 64
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def recorded(line: str) -> list[bytes]:
    return (RECORDED / f"notifications-{line}.jsonl").read_bytes().splitlines()


def event(action: str = "push", **target: Any) -> dict[str, Any]:
    return {
        "id": "0f9beb91",
        "timestamp": "2026-11-23T08:08:32.469329692Z",
        "action": action,
        "target": {"repository": "acme/web", "digest": DIGEST, "mediaType": MANIFEST, "size": 7} | target,
        "request": {"id": "r", "addr": "10.0.0.1:5", "method": "GET", "useragent": "crane"},
        "actor": {"name": "ci@acme.example"},
        "source": {"addr": "r:5000", "instanceID": "i1"},
    }


def read(*events: Any) -> list[Any]:
    return [entry.event for entry in read_envelope(json.dumps({"events": events}).encode())]


@pytest.mark.parametrize("line", ["2.8.2", "3.1.1"])
def test_recorded_notifications_are_all_readable(line: str) -> None:
    """Every event that a real registry sent is understood: manifests' pushes, pulls and deletes; blobs' are ignored."""
    kinds = Counter(type(entry.event).__name__ for envelope in recorded(line) for entry in read_envelope(envelope))
    assert kinds.keys() == {"ManifestPushed", "ManifestPulled", "TagDeleted", "DigestDeleted", "Ignored"}
    assert kinds["ManifestPushed"] == 5
    assert kinds["Ignored"] == 17


def test_a_push_tells_tag_digest_and_origin() -> None:
    """A manifest's push carries what the index applies at once: repository, tag, digest, and who, when, from where."""
    (pushed,) = read(event(tag="v1"))
    assert isinstance(pushed, ManifestPushed)
    assert (pushed.repository, pushed.tag, pushed.digest, pushed.size) == ("acme/web", "v1", DIGEST, 7)
    assert pushed.origin.actor == "ci@acme.example"
    assert pushed.origin.order == (1795421312_469329692, "0f9beb91")


def test_a_push_by_digest_has_no_tag() -> None:
    """A child of an index is pushed by digest: no tag moves."""
    (pushed,) = read(event())
    assert isinstance(pushed, ManifestPushed)
    assert pushed.tag is None


def test_empty_fields_are_absent_fields() -> None:
    """3.x writes `"digest":""` where 2.8 leaves it out; both are the same tag delete (fact 4)."""
    old = event("delete", tag="v1")
    del old["target"]["digest"], old["target"]["mediaType"]
    new = event("delete", tag="v1", digest="", mediaType="", size=0)
    assert read(old) == read(new)
    assert isinstance(read(old)[0], TagDeleted)


def test_a_delete_by_digest_names_only_the_digest() -> None:
    """A manifest's and a blob's delete look alike (fact 4)."""
    (deleted,) = read(event("delete", mediaType=""))
    assert isinstance(deleted, DigestDeleted)
    assert deleted.digest == Digest(DIGEST)


@pytest.mark.parametrize(("method", "by_head"), [("GET", False), ("HEAD", True)])
def test_a_pull_tells_get_from_head(method: str, by_head: bool) -> None:
    """HEAD emits `pull` as well as GET; only the method tells (fact 3)."""
    pulled_event = event("pull", tag="v1")
    pulled_event["request"]["method"] = method
    (pulled,) = read(pulled_event)
    assert isinstance(pulled, ManifestPulled)
    assert pulled.by_head is by_head


def test_own_pulls_are_ignored() -> None:
    """The sidecar's own reading is dropped at the door (decision 10)."""
    own = event("pull")
    own["actor"] = {"name": "sidecar"}
    assert read(own) == [Ignored("own")]


@pytest.mark.parametrize("action", ["push", "pull", "mount"])
def test_blob_events_are_ignored(action: str) -> None:
    """Blobs' events say nothing that the manifests don't."""
    assert read(event(action, mediaType="application/octet-stream")) == [Ignored("blob")]


def test_a_manifest_without_media_type_is_known_by_its_url() -> None:
    """Where an event carries a URL, that decides between a manifest and a blob."""
    url = f"http://r:5000/v2/acme/web/manifests/{DIGEST}"
    (pushed,) = read(event(mediaType="application/octet-stream", url=url))
    assert isinstance(pushed, ManifestPushed)


def test_a_bad_event_does_not_hide_its_neighbours() -> None:
    """One unreadable event stands beside the readable ones."""
    bad, good = read(event(repository="NOT A NAME"), event())
    assert isinstance(bad, Unreadable)
    assert isinstance(good, ManifestPushed)


def test_each_event_of_an_envelope_has_an_envelope_of_its_own() -> None:
    """What is stored of one event reads back as that event, and holds none of its neighbours."""
    entries = read_envelope(json.dumps({"events": [event(tag="v1"), event(tag="v2")]}).encode())
    assert [[inner.event for inner in read_envelope(entry.document)] for entry in entries] == [
        [entry.event] for entry in entries
    ]


def test_an_unknown_action_is_ignored() -> None:
    """A future action is no error."""
    assert read(event("sign")) == [Ignored("action")]


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T02:00:00.5+02:00", 500_000_000),
        ("1969-12-31T23:59:59-01:00", 3_599_000_000_000),
    ],
)
def test_times_keep_their_nanoseconds(timestamp: str, expected: int) -> None:
    """Go writes up to nine digits and the host's own zone; order within one second depends on them."""
    assert nanoseconds(timestamp) == expected


@pytest.mark.parametrize(
    "timestamp",
    [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T08:08:32",
        "2026-11-23T08:08:32.Z",
        "٢٠٢٦-11-23T08:08:32Z",
        "",
    ],
)
def test_what_is_no_time_is_unreadable(timestamp: str) -> None:
    """Neither what no calendar has, nor what was before there were registries: Go's zero time is the year 1."""
    (found,) = read(event(tag="v1") | {"timestamp": timestamp})
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize("action", ["push", "pull", "delete"])
def test_an_event_from_the_future_is_unreadable(action: str) -> None:
    """Decision 1: it would win against every event to come. One at the very limit is read."""
    content = json.dumps({"events": [event(action, tag="v1")]}).encode()
    time = 1795421312_469329692
    (in_time,), (ahead,) = read_envelope(content, time), read_envelope(content, time - 1)
    assert not isinstance(in_time.event, Unreadable)
    assert isinstance(ahead.event, Unreadable)


@given(st.binary(max_size=400))
def test_garbage_is_unreadable_and_nothing_else(content: bytes) -> None:
    """Whatever the bytes, the answer is a list, never an error."""
    assert all(isinstance(entry.event, Unreadable) for entry in read_envelope(content))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    ),
    st.sampled_from(["id", "timestamp", "action", "target", "request", "actor", "source"]),
)
def test_any_field_may_be_anything(value: Any, field: str) -> None:
    """A field of any JSON type is read or Unreadable, never an error."""
    (result,) = read(event(tag="v1") | {field: value})
    assert isinstance(result, ManifestPushed | Ignored | Unreadable)
