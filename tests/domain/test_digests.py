"""Digests and tags refuse what a registry would refuse."""

import hashlib

import pytest

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import Invalid


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_knows_its_content(algorithm: str) -> None:
    """Bytes are verified against the digest that named them."""
    digest = Digest(f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}")
    assert digest.fits(b"content")
    assert not digest.fits(b"other")


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "A" * 64, "md5:" + "a" * 32, "sha256:" + "a" * 64 + "\n"])
def test_what_is_no_digest_is_refused(text: str) -> None:
    """Wrong algorithms, lengths and cases are Invalid."""
    with pytest.raises(Invalid):
        Digest(text)


@pytest.mark.parametrize("text", ["", ".v1", "-v1", "v 1", "x" * 129, "v1\n", "ä"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    """Tags follow distribution's grammar."""
    with pytest.raises(Invalid):
        Tag(text)


@pytest.mark.parametrize(
    ("tag", "fallback"),
    [
        ("sha256-" + "a" * 64, True),
        ("sha256-" + "a" * 64 + ".sig", True),
        ("sha256-" + "a" * 63, False),
        ("sha256-abc", False),
        ("latest", False),
    ],
)
def test_fallback_tags_are_told_from_peoples(tag: str, fallback: bool) -> None:
    """Clients put referrers under tags made of the subject's digest (fact 9)."""
    assert Tag(tag).is_referrers_fallback is fallback
