"""What people type for one image."""

import pytest

from sidecar.domain.errors import Invalid
from sidecar.domain.references import ImageReference
from sidecar.domain.targets import Target

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "repository", "target", "key"),
    [
        ("acme/web:v1", "acme/web", Target.TAG, "v1"),
        ("nginx:1.27", "nginx", Target.TAG, "1.27"),
        (f"acme/web@{DIGEST}", "acme/web", Target.MANIFEST, DIGEST),
        ("host:5000/web:v1", "host:5000/web", Target.TAG, "v1"),
        (f"host:5000/web@{DIGEST}", "host:5000/web", Target.MANIFEST, DIGEST),
    ],
)
def test_a_reference_is_read(text: str, repository: str, target: Target, key: str) -> None:
    """By tag or by digest; a name's first component may hold a colon (registry fact 8)."""
    assert ImageReference.read(text) == ImageReference(repository, target, key)  # type: ignore[arg-type]  # equal as text


@pytest.mark.parametrize(
    "text", ["", "acme/web", "host:5000/web", "acme/web:", "acme/web@sha256:12", "ACME/:v1", ":v1"]
)
def test_anything_else_is_refused(text: str) -> None:
    """No default tag is guessed."""
    with pytest.raises(Invalid):
        ImageReference.read(text)
