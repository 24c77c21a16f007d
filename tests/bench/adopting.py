"""What it takes to adopt a registry that has a history: a sidecar with an empty index beside it, until it holds all.

`python -m tests.bench adoption` measures this part by itself.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
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
UNLIMITED: Final = 10_000
FASTEST: Final = {"requests_per_second": 100_000, "concurrency": 16}
_PATIENCE: Final = 900
"""Seconds."""

_LEFT: Final = """
SELECT (SELECT count(*) FROM sweep WHERE stage <> 'done') + (SELECT count(*) FROM manifest WHERE fetch_after IS NOT NULL)
"""

_HELD: Final = "SELECT (SELECT count(*) FROM tag), (SELECT count(*) FROM sweep)"


@dataclass(frozen=True, slots=True)
class Adoption:
    """How long a sidecar took to hold so many tags, manifests read and all, and its MiB of memory then."""

    tags: int
    seconds: float
    memory: float

    @property
    def per_thousand(self) -> float:
        return 1000 * self.seconds / self.tags


@dataclass(frozen=True, slots=True)
class Adoptions:
    """At the pace that a sidecar has by itself, and without one."""

    paced: Adoption
    unlimited: Adoption
    registry: str


def measure(folder: Path) -> Adoptions:
    """Raises Missing where there is no registry."""
    folder.mkdir()
    registry = find(REGISTRY)
    paced = _adopt(folder / "paced", PACED, {})
    return Adoptions(paced, _adopt(folder / "unlimited", UNLIMITED, FASTEST), registry.version)


def _adopt(folder: Path, tags: int, reconcile: dict[str, Any]) -> Adoption:
    print(f"adopting {tags:,} tags …", flush=True)
    installation = installed(folder)
    storage = Storage(folder / "registry")
    for number in range(REPOSITORIES):
        name = contents.repository_name("project", number)
        storage.add(name, contents.images(name, tags // REPOSITORIES))
    _set(installation, reconcile)
    with running_registry(installation, find(REGISTRY)), servers.sidecar(installation) as sidecar:
        began = time.monotonic()
        _await_adopted(folder / "sidecar.db", tags)
        return Adoption(tags, time.monotonic() - began, sidecar.memory())


def _set(installation: Installation, reconcile: dict[str, Any]) -> None:
    """JSON is YAML, too."""
    document = read_yaml(installation.sidecar_yaml) | ({"reconcile": reconcile} if reconcile else {})
    installation.sidecar_yaml.write_text(json.dumps(document))


def _await_adopted(database: Path, tags: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    with _looking(database) as connection:
        while time.monotonic() < deadline:
            (left,), (held, sweeps) = connection.execute(_LEFT).fetchone(), connection.execute(_HELD).fetchone()
            if sweeps and not left:
                if held != tags:
                    raise RuntimeError(f"{held} of {tags} tags were adopted")
                return
            time.sleep(0.1)
    raise RuntimeError(f"not adopted after {_PATIENCE} s")


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
(there are half as many) a GET and one for its config.

| | tags | seconds | seconds per 1,000 tags | memory at the end |
|---|---|---|---|---|
| at the default pace | {paced.tags:,} | {paced.seconds:.1f} | {paced.per_thousand:.1f} | {paced.memory:.0f} MiB |
| unlimited | {unlimited.tags:,} | {unlimited.seconds:.1f} | {unlimited.per_thousand:.1f} | {unlimited.memory:.0f} MiB |
"""


def section(folder: Path) -> str:
    """The part of docs/benchmarks.md about adoption; or why nothing was measured."""
    try:
        found = measure(folder)
    except Missing as reason:
        return f"\n## Adoption\n\nNot measured: {reason}\n"
    return _SECTION.format(
        registry=found.registry, repositories=REPOSITORIES, paced=found.paced, unlimited=found.unlimited
    )
