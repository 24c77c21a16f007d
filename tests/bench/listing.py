"""The registry's own answer to "which tags does this repository have": `/v2/<name>/tags/list`, of many tags."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sidecar.cli import distribution
from tests.bench import contents, load
from tests.bench.load import SERVER_CORE, Measured
from tests.bench.stored import Storage
from tests.parts import Missing, Part, find
from tests.ports import free_port

_PAGE: Final = 100
_PATIENCE: Final = 30.0

_GET: Final = 'wrk.path = "%s"\n'


def measure(folder: Path, repository: str, tags: int, seconds: int) -> dict[str, Measured]:
    """Of each line of registries that is here: a page of a hundred, which 2.8 doesn't know, and all tags in one answer."""
    folder.mkdir()
    print(f"writing a registry's storage: {tags:,} tags …", flush=True)
    Storage(folder / "storage").add(repository, contents.images(repository, tags), whole=False)
    found: dict[str, Measured] = {}
    for name in ("registry-3", "registry-2"):
        try:
            found |= _lists_of(find(name), folder, repository, tags, seconds)
        except Missing:
            print(f"not measured: there is no {name}", flush=True)
    return found


def _lists_of(registry: Part, folder: Path, repository: str, tags: int, seconds: int) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    version = registry.version.split("+")[0]
    with _running(registry, folder) as port:
        for path in (f"/v2/{repository}/tags/list?n={_PAGE}", f"/v2/{repository}/tags/list"):
            count = _count(f"http://127.0.0.1:{port}{path}")
            if count in (_PAGE, tags):
                name = f"registry {version}, {'a page of 100' if count == _PAGE else f'all {tags:,} in one answer'}"
                script = load.script(folder / "list.lua", _GET % path)
                found.setdefault(name, load.run(port, script, 5 * seconds, path=path, patience=120))
    return found


def _count(url: str) -> int:
    with urllib.request.urlopen(url, timeout=_PATIENCE) as response:
        return len(json.load(response)["tags"])


@contextmanager
def _running(registry: Part, folder: Path) -> Iterator[int]:
    """A registry without authentication on this storage, on the core of servers; its port."""
    port = free_port()
    configuration = folder / "registry.yml"
    settings = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if registry.version.lstrip("v").startswith("3"):
        settings["tags"] = {"maxtags": _PAGE}
    configuration.write_text(json.dumps(settings))
    command = ["taskset", "-c", SERVER_CORE, str(registry.program), "serve", str(configuration)]
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(command, env=distribution.environment(), stdout=log, stderr=log)
        try:
            _await(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the registry did not become ready")
