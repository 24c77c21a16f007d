"""The real programs that the system tests run: found on this machine, or fetched once into a cache outside the tree.

`python -m tests.parts` fetches what is missing and says what can't be had. Tests of a missing part are skipped, or fail
where STRICT=1 is set.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from sidecar.cli import debian, distribution

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registry-sidecar"
STRICT: Final = os.environ.get("STRICT", "") not in ("", "0")
WORKERS: Final = 4
"""How many parts are fetched at once: some wait for the network while others are built."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program that runs: its path, its version, and the variables it needs."""

    program: Path
    version: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A command that the Go module proxy gives the source of, at a pinned version; it is built once, without cgo."""

    name: str
    package: str
    version: str
    replaced: tuple[str, ...] = ()
    """Modules at versions, in place of folders that its own go.mod replaces them by: `go install` can't build such."""

    @property
    def cached(self) -> Path:
        """Where it is once it was built."""
        return CACHE / self.folder / self.name

    @property
    def folder(self) -> str:
        """Its folder in the cache: another version has another."""
        return f"{self.name}-{self.version}"


REGISTRY_3: Final = GoProgram("registry", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.1")
CRANE: Final = GoProgram("crane", "github.com/google/go-containerregistry/cmd/crane", "v0.22.1")
ORAS: Final = GoProgram("oras", "oras.land/oras/cmd/oras", "v1.3.6")
DEX: Final = GoProgram(
    "dex",
    "github.com/dexidp/dex/cmd/dex",
    "v0.0.0-20260806151424-ab64ed778070",
    ("github.com/dexidp/dex/api/v2@v2.4.1-0.20260806151424-ab64ed778070",),
)
REGCTL: Final = GoProgram("regctl", "github.com/regclient/regclient/cmd/regctl", "v0.11.7")


class Missing(Exception):
    """A part that this machine does not have; the message is the reason."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a part is recognised on the PATH or in the cache, and how it gets into that folder of the cache."""

    folder: str
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


def _debian_program(name: str, package: str, *question: str) -> Part | None:
    """The program on the PATH, else the one of that Debian package in the cache."""
    root = CACHE / package / "root"
    return _program(name, [{}, debian.environment(root)], *question)


def _docker_compose() -> Part | None:
    """It is in Python, whose modules are in the same root."""
    root = CACHE / "docker-compose/root"
    modules = {"PYTHONPATH": str(root / "usr/lib/python3/dist-packages")}
    return _program("docker-compose", [{}, debian.environment(root) | modules])


def _go_program(program: GoProgram) -> Part | None:
    """The program on the PATH, else the one that was built into the cache."""
    in_cache = {"PATH": os.pathsep.join([str(program.cached.parent), os.environ.get("PATH", os.defpath)])}
    return _program(program.name, [{}, in_cache], "version")


def _program(name: str, environments: Sequence[dict[str, str]], *question: str) -> Part | None:
    """The first that runs and tells its version when asked, in one of these environments."""
    for environment in environments:
        path = shutil.which(name, path=environment.get("PATH"))
        version = path and _version(Path(path), tuple(sorted(environment.items())), question or ("--version",))
        if path and version:
            return Part(Path(path), version, environment)
    return None


@cache
def _version(program: Path, environment: tuple[tuple[str, str], ...], question: tuple[str, ...]) -> str | None:
    """The first line of what it answers."""
    try:
        answer = subprocess.run(
            [program, *question],
            env=os.environ | dict(environment),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (answer.stdout or answer.stderr).strip().partition("\n")[0]


def _of_root(look: Callable[[], Part | None]) -> Part | None:
    return look() if os.geteuid() == 0 else None


def _from_debian_for_root(package: str) -> None:
    if os.geteuid() != 0:
        raise Missing("it needs root")
    _from_debian(package)


def _from_debian(package: str) -> None:
    try:
        debian.unpack([package], CACHE / package)
    except debian.PackageError as error:
        raise Missing(str(error)) from None


def _build(program: GoProgram) -> None:
    go = shutil.which("go")
    if go is None:
        raise Missing("Go is not installed, and Debian has it not or too old")
    wanted = f"{program.package}@{program.version}"
    if not program.replaced:
        _run_go([go, "install", wanted], program)
        return
    with tempfile.TemporaryDirectory() as module:
        for arguments in (["mod", "init", "parts"], ["get", wanted, *program.replaced], ["install", program.package]):
            _run_go([go, *arguments], program, module)


def _run_go(command: Sequence[str], program: GoProgram, folder: str | None = None) -> None:
    try:
        subprocess.run(
            command,
            env=os.environ | {"GOBIN": str(program.cached.parent), "CGO_ENABLED": "0"},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=1200,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise Missing(f"go {command[1]} failed: {error.stderr.strip()[-300:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"go {command[1]} failed: {error}") from None


def _debian(name: str, package: str, *question: str) -> _Recipe:
    """A program of a Debian package."""
    return _Recipe(package, look=lambda: _debian_program(name, package, *question), fetch=lambda: _from_debian(package))


def _debian_for_root(name: str, package: str) -> _Recipe:
    """A program of a Debian package that does what only root may."""
    return _Recipe(
        package,
        look=lambda: _of_root(lambda: _debian_program(name, package)),
        fetch=lambda: _from_debian_for_root(package),
    )


def _go(program: GoProgram) -> _Recipe:
    """A program that is built from the Go module proxy's source."""
    return _Recipe(program.folder, look=lambda: _go_program(program), fetch=lambda: _build(program))


_RECIPES: Final = {
    "registry-2": _Recipe(
        "docker-registry",
        look=lambda: _registry("2", CACHE / "docker-registry/root/usr/bin/docker-registry"),
        fetch=lambda: _from_debian("docker-registry"),
    ),
    "registry-3": _Recipe(
        REGISTRY_3.folder,
        look=lambda: _registry("3", REGISTRY_3.cached),
        fetch=lambda: _build(REGISTRY_3),
    ),
    "skopeo": _debian("skopeo", "skopeo"),
    "dockerd": _debian_for_root("dockerd", "docker.io"),
    "containerd": _debian_for_root("containerd", "docker.io"),
    "podman": _debian_for_root("podman", "podman"),
    "buildah": _debian_for_root("buildah", "buildah"),
    "docker-compose": _Recipe("docker-compose", look=_docker_compose, fetch=lambda: _from_debian("docker-compose")),
    "busybox": _debian("busybox", "busybox-static", "--help"),
    "nginx": _debian("nginx", "nginx", "-v"),
    "caddy": _debian("caddy", "caddy", "version"),
    "crane": _go(CRANE),
    "oras": _go(ORAS),
    "regctl": _go(REGCTL),
    "dex": _go(DEX),
}


def main() -> None:
    """Fetches what is missing, a line per part. What can't be had is the tests' to skip, or to fail for."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(WORKERS) as workers:
        for line in workers.map(lambda named: f"{named[0]}: {_ensured(*named)}", _RECIPES.items()):
            print(line, flush=True)


def _ensured(name: str, recipe: _Recipe) -> str:
    """Where the part is, or why it can't be had. Who fetches locks others out of the folder, who then find it there."""
    with (CACHE / f"{recipe.folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
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
