"""A sidecar as a process of its own, for commands to call."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from tests.cli.commands import ROOT
from tests.ports import free_port


def installed(folder: Path) -> Installation:
    """A new installation below this folder, beside a registry that isn't there."""
    url = f"http://127.0.0.1:{free_port()}"
    made = Installation(folder / "sidecar", "http://127.0.0.1:9", "r.example", url, url.removeprefix("http://"))
    made.folder.mkdir()
    initialise(made)
    return made


@contextmanager
def serving(installation: Installation) -> Iterator[str]:
    """A server of this installation, as a process of its own; its URL."""
    command = [sys.executable, "-m", "sidecar", "serve", "-c", str(installation.sidecar_yaml)]
    with (installation.folder / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, stderr=log) as server:
        try:
            url = f"http://{installation.listen}"
            _await_answer(f"{url}/readyz")
            yield url
        finally:
            server.terminate()


def _await_answer(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url):
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError(url)
