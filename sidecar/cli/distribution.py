"""The registry's program: found on this machine or fetched from Debian, and its line told by its version."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import typer

from sidecar.cli import debian
from sidecar.cli.failure import Failure

Line = Literal["2", "3"]

DEBIAN_PACKAGE: Final = "docker-registry"
_NAMES: Final = ("registry", "docker-registry")
_VERSION: Final = re.compile(r"distribution(?:/v[0-9]+)? v?(([0-9]+)\.[0-9]+\.[0-9]+\S*)")


@dataclass(frozen=True, slots=True)
class RegistryProgram:
    """An executable of the CNCF distribution registry: its path, its line, and its version as it tells it."""

    path: Path
    line: Line
    version: str


def find(asked: Path | None, folder: Path, may_fetch: Callable[[], bool]) -> RegistryProgram:
    """The program asked for, else one on the PATH, else the one unpacked in `folder` (fetched now if allowed)."""
    if asked is not None:
        return _identified(asked)
    for name in _NAMES:
        found = shutil.which(name)
        if found is not None and (program := identify(Path(found))) is not None:
            return program
    unpacked = folder / "root/usr/bin/docker-registry"
    if not unpacked.exists():
        _fetch(folder, may_fetch)
    return _identified(unpacked)


def identify(path: Path) -> RegistryProgram | None:
    """What this executable is, or None where it isn't a registry."""
    try:
        answer = subprocess.run(  # noqa: S603 - no shell; the program is the one that will be run anyway
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer.stdout)
    if match is None or match[2] not in ("2", "3"):
        return None
    return RegistryProgram(path.absolute(), "2" if match[2] == "2" else "3", match[1])


def environment() -> dict[str, str]:
    """Our variables without those that would change the registry's configuration behind its file's back.

    `REGISTRY_AUTH…` beside a token block wins or makes starts random. 3.x exports traces unless told not to.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return kept | {"OTEL_TRACES_EXPORTER": "none"}


def _identified(path: Path) -> RegistryProgram:
    program = identify(path)
    if program is None:
        raise Failure(f"{path} is not a CNCF distribution registry 2.x or 3.x: `{path} --version` doesn't say so")
    return program


def _fetch(folder: Path, may_fetch: Callable[[], bool]) -> None:
    advice = (
        "no registry on the PATH: name one with --registry /path/to/registry (make run REGISTRY=/path/to/registry), "
        "or install one (on Debian and Ubuntu: apt-get install docker-registry)"
    )
    if not debian.available() or not may_fetch():
        raise Failure(advice)
    typer.echo(f"no registry on the PATH: fetching Debian's into {folder}/, once …")
    try:
        debian.unpack([DEBIAN_PACKAGE], folder)
    except debian.PackageError as error:
        raise Failure(f"{advice}. Fetching it failed: {error}") from None
