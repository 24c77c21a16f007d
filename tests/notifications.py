"""Notifications as a registry writes them, for tests that send them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sidecar.domain.manifests import OCI_MANIFEST

CONTENT_TYPES: Final = (
    "application/vnd.docker.distribution.events.v1+json",
    "application/vnd.docker.distribution.events.v2+json",
)
"""What 2.8 and 3.x send."""

DIGEST: Final = "sha256:" + "a" * 64


def event(
    identifier: str,
    action: str = "push",
    *,
    second: int = 0,
    actor: str = "ci@acme.example",
    method: str = "PUT",
    **target: Any,
) -> dict[str, Any]:
    """One event of the 3.x line. `second` is its time after noon; `target` changes fields of its target."""
    return {
        "id": identifier,
        "timestamp": f"2026-11-23T12:{second // 60:02}:{second % 60:02}.000000001Z",
        "action": action,
        "target": {"repository": "acme/web", "digest": DIGEST, "mediaType": OCI_MANIFEST, "size": 7} | target,
        "request": {"id": "r", "addr": "10.0.0.1:5", "method": method, "useragent": "crane"},
        "actor": {"name": actor},
        "source": {"addr": "r:5000", "instanceID": "i1"},
    }


def envelope(*events: dict[str, Any]) -> bytes:
    return json.dumps({"events": events}).encode()


def pushes(identifiers: Sequence[str], **target: Any) -> list[bytes]:
    """An envelope for each of these ids, all of the same push."""
    return [envelope(event(identifier, **target)) for identifier in identifiers]
