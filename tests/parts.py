"""The real programs that the system tests run: found on this machine, or fetched once into a cache outside the tree.

`python -m tests.parts` fetches what is missing and says what can't be had. Tests of a missing part are skipped, or fail
where STRICT=1 is set.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from sidecar.cli import debian, distribution

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registry-sidecar"
STRICT: Final = os.environ.get("STRICT", "") not in ("", "0")
REGISTRY_3: Final = "v3.1.1"
_GO_MODULE: Final = "github.com/distribution/distribution/v3/cmd/registry"


@dataclass(frozen=True, slots=True)
class Part:
    """One program that runs: its path, its version, and the variables it needs."""

    program: Path
    version: str
    environment: dict[str, str] = field(default_factory=dict)


class Missing(Exception):
    """A part that this machine does not have; the message is the reason."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a part is recognised on the PATH or in the cache, and how it gets into the cache."""

    look: Callable[[], Part | None]
    fetch: Callable[[], None]


def find(name: str) -> Part:
    """The part of this name; raises Missing. Never fetches."""
    part = _RECIPES[name].look()
    if part is None:
        raise Missing(f"{name} is missing: `make test` tells why it could not be fetched")
    return part


def _registry(line: distribution.Line, cached: Path) -> Part | None:
    for candidate in ("registry", "docker-registry", str(cached)):
        path = shutil.which(candidate)
        program = distribution.identify(Path(path)) if path else None
        if program is not None and program.line == line:
            return Part(program.path, program.version)
    return None


def _program(name: str, package: str) -> Part | None:
    """The program on the PATH, else the one of that Debian package in the cache."""
    root = CACHE / package / "root"
    for environment in ({}, debian.environment(root)):
        path = shutil.which(name, path=environment.get("PATH"))
        version = path and _version(Path(path), environment)
        if path and version:
            return Part(Path(path), version, environment)
    return None


@cache
def _version_of(program: Path, environment: tuple[tuple[str, str], ...]) -> str | None:
    try:
        answer = subprocess.run(
            [program, "--version"],
            env=os.environ | dict(environment),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip().splitlines()[0]


def _version(program: Path, environment: dict[str, str]) -> str | None:
    return _version_of(program, tuple(sorted(environment.items())))


def _docker_daemon() -> Part | None:
    return _program("dockerd", "docker.io") if os.geteuid() == 0 else None


def _fetch_docker_daemon() -> None:
    if os.geteuid() != 0:
        raise Missing("it needs root")
    _from_debian("docker.io")


def _from_debian(package: str) -> None:
    try:
        debian.unpack([package], CACHE / package)
    except debian.PackageError as error:
        raise Missing(str(error)) from None


def _fetch_registry_3() -> None:
    go = shutil.which("go")
    if go is None:
        raise Missing("Go is not installed, and 3.x is not in Debian")
    folder = CACHE / f"registry-{REGISTRY_3}"
    try:
        subprocess.run(
            [go, "install", f"{_GO_MODULE}@{REGISTRY_3}"],
            env=os.environ | {"GOBIN": str(folder)},
            capture_output=True,
            text=True,
            timeout=1200,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise Missing(f"go install failed: {error.stderr.strip()[-300:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"go install failed: {error}") from None


_RECIPES: Final = {
    "registry-2": _Recipe(
        look=lambda: _registry("2", CACHE / "docker-registry/root/usr/bin/docker-registry"),
        fetch=lambda: _from_debian("docker-registry"),
    ),
    "registry-3": _Recipe(
        look=lambda: _registry("3", CACHE / f"registry-{REGISTRY_3}" / "registry"),
        fetch=_fetch_registry_3,
    ),
    "skopeo": _Recipe(look=lambda: _program("skopeo", "skopeo"), fetch=lambda: _from_debian("skopeo")),
    "dockerd": _Recipe(look=_docker_daemon, fetch=_fetch_docker_daemon),
}


def main() -> None:
    """Fetches what is missing, a line per part. What can't be had is the tests' to skip, or to fail for."""
    for name, recipe in _RECIPES.items():
        print(f"{name}: {_ensured(name, recipe)}", flush=True)


def _ensured(name: str, recipe: _Recipe) -> str:
    part = recipe.look()
    if part is None:
        print(f"{name}: fetching into {CACHE} (once) …", flush=True)
        try:
            recipe.fetch()
        except Missing as reason:
            return f"MISSING: {reason}"
        part = recipe.look()
    return f"{part.program} ({part.version})" if part else "MISSING: it was fetched but doesn't run"


if __name__ == "__main__":
    main()
