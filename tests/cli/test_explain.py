"""`sidecar explain image`, as typed."""

from pathlib import Path

from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from tests.cli.commands import sidecar


def test_an_image_is_explained_line_by_line(tmp_path: Path) -> None:
    """The verdict, the sentences, the facts; with no server and no registry running, too."""
    installation = Installation(
        tmp_path / "sidecar", "http://127.0.0.1:9", "r.example", "http://s.example", "127.0.0.1:0"
    )
    installation.folder.mkdir()
    initialise(installation)
    finished = sidecar("explain", "image", "-c", installation.sidecar_yaml, "acme/web:v1")
    assert finished.stdout.splitlines() == [
        "acme/web:v1 is not listed",
        "  no event ever told of a push to acme/web",
        "  no project owns the repository: only administrators see it",
        "  the registry gives no clear answer now",
        "project:       none",
        "digest:        none",
        "registry:      no answer",
    ]
