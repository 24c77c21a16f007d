"""Debian packages without installing them: apt downloads them into a folder of ours, and dpkg-deb unpacks them there.

Needs no root, changes nothing of the system's apt or dpkg, and starts no service. The standard library alone, so that
`python3 -m sidecar.cli.debian PACKAGE… FOLDER` works before anything is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TIMEOUT: Final = 900
"""Seconds that one run of apt or dpkg may take: a slow line, not a hung one."""

_CONFIGURATION: Final = """\
Dir::State "{state}";
Dir::State::lists "{state}/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "{cache}";
Dir::Log "{cache}";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
"""
"""Read after the system's own (which may name a proxy), whose hooks would clean the system's cache."""


class PackageError(Exception):
    """A package that could not be had, with the reason that apt gave."""


def available() -> bool:
    """Whether this machine has what it takes."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def unpack(packages: Sequence[str], folder: Path) -> Path:
    """Unpacks packages, with the dependencies that the system lacks, below `folder`; the root that they then share.

    The root appears whole or not at all. Raises PackageError.
    """
    if not available():
        raise PackageError("this machine has no apt-get")
    folder = folder.absolute()
    apt, root, partial = folder / "apt", folder / "root", folder / "root.partial"
    configuration = _configure(apt)
    _run("apt-get", "-qq", "--config-file", str(configuration), "update", may_fail=True)
    install = ("--download-only", "--reinstall", "--no-install-recommends", "--yes", "install")
    _run("apt-get", "-qq", "--config-file", str(configuration), *install, *packages)
    shutil.rmtree(partial, ignore_errors=True)
    for archive in sorted((apt / "cache/archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", str(archive), str(partial))
    shutil.rmtree(root, ignore_errors=True)
    partial.rename(root)
    shutil.rmtree(apt)
    return root


def environment(root: Path) -> dict[str, str]:
    """The variables with which programs below `root` find each other and their libraries."""
    programs = [str(root / name) for name in ("usr/bin", "usr/sbin", "bin", "sbin")]
    variables = {"PATH": os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)])}
    libraries = {str(path.parent) for path in root.glob("**/lib/**/*.so.*")}
    if libraries:
        variables["LD_LIBRARY_PATH"] = os.pathsep.join(sorted(libraries))
    return variables


def _configure(apt: Path) -> Path:
    """A private apt below this folder; its configuration file."""
    shutil.rmtree(apt, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    file = apt / "apt.conf"
    file.write_text(_CONFIGURATION.format(state=apt / "state", cache=apt / "cache"))
    return file


def _run(*command: str, may_fail: bool = False) -> None:
    """Runs it. An update may fail for one source of many: the download then tells what is really missing."""
    try:
        subprocess.run(command, check=not may_fail, capture_output=True, text=True, timeout=_TIMEOUT)  # noqa: S603 - no shell
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise PackageError(f"{' '.join(command[:1])}: {reason[-1]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackageError(str(error)) from None


if __name__ == "__main__":
    try:
        unpack(sys.argv[1:-1], Path(sys.argv[-1]))
    except PackageError as error:
        sys.exit(str(error))
