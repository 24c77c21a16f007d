"""What it takes to adopt a registry that has a history: a sidecar with an empty index beside it, until it holds all.

Then how long `sidecar reconcile` takes, which finds nothing new, and the memory of both.

`python -m tests.bench adoption` measures this part by itself.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sidecar.cli.rendering import Installation
from sidecar.config import read_yaml
from tests.bench import contents, servers
from tests.bench.stored import Storage
from tests.parts import Missing, find
from tests.system.stage import installed, running_registry

REGISTRY: Final = "registry-3"
REPOSITORIES: Final = 20
PACED: Final = 1_000
UNLIMITED: Final = (10_000, 100_000)
FASTEST: Final = {"requests_per_second": 100_000, "concurrency": 16}
_PATIENCE: Final = 3600
"""Seconds."""

_LEFT: Final = """
SELECT (SELECT count(*) FROM sweep WHERE stage <> 'done') + (SELECT count(*) FROM manifest WHERE fetch_after IS NOT NULL)
"""

_HELD: Final = "SELECT (SELECT count(*) FROM tag), (SELECT count(*) FROM sweep)"


@dataclass(frozen=True, slots=True)
class Adoption:
    """How long a sidecar took to hold so many tags, manifests read and all, and to sweep them once more.

    `processor` is its processor's seconds until it held them, `memory` the most MiB that it ever had.
    """

    pace: str
    tags: int
    seconds: float
    processor: float
    swept: float
    memory: float

    @property
    def row(self) -> str:
        thousands = self.tags / 1000
        return (
            f"| {self.pace} | {self.tags:,} | {self.seconds:.1f} | {self.seconds / thousands:.1f} "
            f"| {self.processor / thousands:.2f} | {self.swept / thousands:.1f} | {self.memory:.0f} MiB |"
        )


def _adopt(folder: Path, pace: str, tags: int, reconcile: dict[str, Any]) -> Adoption:
    print(f"adopting {tags:,} tags …", flush=True)
    installation = installed(folder)
    storage = Storage(folder / "registry")
    for number in range(REPOSITORIES):
        name = contents.repository_name("project", number)
        storage.add(name, contents.images(name, tags // REPOSITORIES))
    _set(installation, reconcile)
    with running_registry(installation, find(REGISTRY)), servers.sidecar(installation) as sidecar:
        began, worked = time.monotonic(), sidecar.processor_seconds()
        _await_adopted(folder / "sidecar.db", tags)
        adopted, worked = time.monotonic() - began, sidecar.processor_seconds() - worked
        return Adoption(pace, tags, adopted, worked, _sweep_again(installation), sidecar.most_memory())


def _sweep_again(installation: Installation) -> float:
    """Seconds of a sweep that a person asks for, who waits for its end."""
    began = time.monotonic()
    command = [sys.executable, "-m", "sidecar", "reconcile", "-c", str(installation.sidecar_yaml)]
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)
    return time.monotonic() - began


def _set(installation: Installation, reconcile: dict[str, Any]) -> None:
    """JSON is YAML, too."""
    document = read_yaml(installation.sidecar_yaml) | ({"reconcile": reconcile} if reconcile else {})
    installation.sidecar_yaml.write_text(json.dumps(document))


def _await_adopted(database: Path, tags: int) -> None:
    _await(database, _is_adopted)
    with _looking(database) as connection:
        held, _ = connection.execute(_HELD).fetchone()
    if held != tags:
        raise RuntimeError(f"{held} of {tags} tags were adopted")


def _is_adopted(connection: sqlite3.Connection) -> bool:
    (left,), (_, sweeps) = connection.execute(_LEFT).fetchone(), connection.execute(_HELD).fetchone()
    return bool(sweeps) and not left


def _await(database: Path, is_done: Callable[[sqlite3.Connection], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    with _looking(database) as connection:
        while not is_done(connection):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not done after {_PATIENCE} s")
            time.sleep(0.1)


@contextmanager
def _looking(database: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        yield connection
    finally:
        connection.close()


_SECTION: Final = """
## Adoption

Registry {registry} with a history, written into its storage as files, in {repositories} repositories; beside it a sidecar whose
index is empty. From ready until the first sweep is done and each manifest is read. Each tag takes a HEAD, each manifest
(there are half as many) a GET and one for its config. Afterwards `sidecar reconcile`,
which finds nothing new.

| | tags | seconds | per 1,000 tags | of the processor | swept again, per 1,000 tags | most memory |
|---|---|---|---|---|---|---|
{rows}
"""


def section(folder: Path) -> str:
    """The part of docs/benchmarks.md about adoption; or why nothing was measured."""
    try:
        registry = find(REGISTRY)
    except Missing as reason:
        return f"\n## Adoption\n\nNot measured: {reason}\n"
    folder.mkdir()
    adoptions = [_adopt(folder / "paced", "at the default pace", PACED, {})]
    adoptions += [_adopt(folder / f"unlimited-{tags}", "unlimited", tags, FASTEST) for tags in UNLIMITED]
    rows = "\n".join(adoption.row for adoption in adoptions)
    return _SECTION.format(registry=registry.version, repositories=REPOSITORIES, rows=rows)
