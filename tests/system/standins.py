"""Images that stand in for those of a registry out in the world, made of this machine's programs: `docker import`.

A program comes with the libraries that it is linked to. Beside it there is busybox, as there is in Alpine's images.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.parts import CACHE, Part

APPLETS: Final = ("sh", "cat", "chmod", "chown", "cp", "ls", "mkdir", "sleep", "test", "wget")
_BESIDE_LIBC: Final = ("libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1")
_TESTS_OF_PYTHON: Final = {
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "site-packages",
    "__pycache__",
    "ensurepip",
}


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes images at a daemon. `docker` is the program, `environment` leads to the daemon."""

    docker: str
    environment: dict[str, str]
    busybox: Part
    folder: Path

    def program(self, name: str, part: Part, target: str, *settings: str) -> str:
        """An image with this program as `target`; what `docker import --change` takes sets how it runs."""
        with _Archive(self.folder / f"{name}.tar", self.busybox) as archive:
            archive.program(part.program, target, part.environment)
        return self._imported(name, settings)

    def python(self, name: str, wheels: Path) -> str:
        """This very Python with pip, whose only index is a folder of wheels."""
        stdlib = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix, "installed_base": sys.base_prefix}))
        executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        with _Archive(self.folder / f"{name}.tar", self.busybox) as archive:
            archive.program(executable, str(executable))
            archive.link("/usr/bin/python3", str(executable))
            archive.tree(stdlib, str(stdlib), leaving=_TESTS_OF_PYTHON)
            archive.libraries(stdlib.glob("lib-dynload/*.so"))
            archive.beside_libc(executable)
            archive.tree(_pip(), f"{stdlib}/site-packages/pip")
            archive.tree(wheels, "/wheels")
            archive.text("/etc/pip.conf", "[global]\nno-index = true\nfind-links = /wheels\n")
        return self._imported(name, ("ENV PATH=/usr/bin:/bin",))

    def run(self, *arguments: str) -> str:
        ran = subprocess.run(
            [self.docker, *arguments], env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == 0, f"docker {' '.join(arguments)}:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
        return ran.stdout.strip()

    def _imported(self, name: str, settings: Sequence[str]) -> str:
        file = self.folder / f"{name}.tar"
        changes = [option for setting in settings for option in ("--change", setting)]
        self.run("import", *changes, str(file), f"standin/{name}")
        file.unlink()
        return f"standin/{name}"


class _Archive:
    """A root file system: busybox, /tmp, and what is put into it. A path is put once."""

    def __init__(self, file: Path, busybox: Part) -> None:
        self._tar = tarfile.open(file, "w")  # noqa: SIM115 - closed when the block ends
        self._names: set[str] = set()
        self._busybox = busybox

    def __enter__(self) -> "_Archive":
        self.file(self._busybox.program, "/bin/busybox")
        for applet in APPLETS:
            self.link(f"/bin/{applet}", "/bin/busybox")
        self._folder("tmp", 0o1777)
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def program(self, source: Path, target: str, environment: dict[str, str] | None = None) -> None:
        self.file(source.resolve(), target)
        self.libraries([source.resolve()], environment)

    def libraries(self, programs: Iterable[Path], environment: dict[str, str] | None = None) -> None:
        """What these are linked to, where the linker finds it."""
        for program in programs:
            ran = subprocess.run(
                ["ldd", program], env=os.environ | (environment or {}), capture_output=True, text=True, check=False
            )
            for name, path in re.findall(r"(\S+) (?:=> )?(/\S+)? ?\(0x", ran.stdout):
                found = path or name
                if found.startswith("/"):
                    place = found if name.startswith("/") else f"/lib/x86_64-linux-gnu/{Path(name).name}"
                    self.file(Path(found).resolve(), place)

    def beside_libc(self, program: Path) -> None:
        """What wheels are linked to, and every system with a C library has."""
        ran = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
        libc = re.search(r"libc\.so\.6 => (\S+)", ran.stdout)
        assert libc, ran.stdout
        for name in _BESIDE_LIBC:
            library = Path(libc[1]).with_name(name)
            if library.exists():
                self.file(library.resolve(), str(library))

    def tree(self, source: Path, target: str, leaving: Iterable[str] = ()) -> None:
        left = set(leaving)
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source)
            if path.is_file() and left.isdisjoint(inside.parts):
                self.file(path, f"{target}/{inside}")

    def file(self, source: Path, target: str) -> None:
        name = target.lstrip("/")
        if name not in self._names:
            self._names.add(name)
            self._parents(name)
            entry = self._tar.gettarinfo(str(source.resolve()), name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.type, entry.linkname = tarfile.REGTYPE, ""
            entry.size = source.resolve().stat().st_size
            entry.mode |= 0o444
            with source.open("rb") as content:
                self._tar.addfile(entry, content)

    def link(self, target: str, to: str) -> None:
        self._parents(target)
        entry = tarfile.TarInfo(target.lstrip("/"))
        entry.type, entry.linkname = tarfile.SYMTYPE, to
        self._tar.addfile(entry)

    def text(self, target: str, content: str) -> None:
        self._parents(target)
        entry = tarfile.TarInfo(target.lstrip("/"))
        entry.size, entry.mode = len(content.encode()), 0o644
        self._tar.addfile(entry, io.BytesIO(content.encode()))

    def _parents(self, target: str) -> None:
        """Folders that anybody may enter: docker makes those that aren't told of for root alone."""
        for parent in reversed(Path(target.lstrip("/")).parents[:-1]):
            self._folder(str(parent), 0o755)

    def _folder(self, name: str, mode: int) -> None:
        if name not in self._names:
            self._names.add(name)
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            self._tar.addfile(entry)


def wheels_of(pyproject: Path) -> Path:
    """What the project needs to be installed with no network, downloaded once for this Python."""
    document = tomllib.loads(pyproject.read_text())
    needed = [*document["build-system"]["requires"], *document["project"]["dependencies"]]
    key = hashlib.sha256(json.dumps([needed, sys.version]).encode()).hexdigest()[:16]
    folder = CACHE / f"wheels-{key}"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "-qq", "--only-binary=:all:", "--dest", str(partial)]
        subprocess.run([*command, *needed], check=True, timeout=600)
        partial.rename(folder)
    return folder


def _pip() -> Path:
    return Path(sysconfig.get_path("purelib")) / "pip"
