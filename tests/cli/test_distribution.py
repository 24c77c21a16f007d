"""Which registry quickstart runs, and how it is started."""

from pathlib import Path

import pytest

from sidecar.cli import debian, distribution
from sidecar.cli.failure import Failure


def program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("told", "line", "version"),
    [
        ("/usr/bin/docker-registry github.com/docker/distribution 2.8.2+ds1", "2", "2.8.2+ds1"),
        ("registry github.com/docker/distribution v2.8.3", "2", "2.8.3"),
        ("/bin/registry github.com/distribution/distribution/v3 v3.1.1+unknown", "3", "3.1.1+unknown"),
        ("registry github.com/distribution/distribution/v3 3.0.0", "3", "3.0.0"),
    ],
)
def test_the_line_is_told_by_the_version(tmp_path: Path, told: str, line: str, version: str) -> None:
    """Each line gets its own configuration, so it must be known before a start."""
    found = distribution.identify(program(tmp_path / "registry", told))
    assert found is not None
    assert (found.line, found.version) == (line, version)


@pytest.mark.parametrize("told", ["registry 1.0", "github.com/docker/distribution 1.2.3", ""])
def test_another_program_is_refused(tmp_path: Path, told: str) -> None:
    """A program that only has the name isn't run as a registry."""
    path = program(tmp_path / "registry", told)
    with pytest.raises(Failure, match=str(path)):
        distribution.find(path, tmp_path, lambda: False)


def test_a_registry_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`registry` comes first, unless it is something else by that name."""
    program(tmp_path / "registry", "a windows tool")
    expected = program(tmp_path / "docker-registry", "x github.com/docker/distribution v2.8.3")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert distribution.find(None, tmp_path / "none", lambda: False).path == expected


def test_one_that_was_fetched_before_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run downloads nothing."""
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setattr(distribution, "_NAMES", ())
    unpacked = program(tmp_path / "root/usr/bin/docker-registry", "x github.com/docker/distribution 2.8.2+ds1")
    assert distribution.find(None, tmp_path, lambda: False).path == unpacked


def test_without_any_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the option, the make variable and the package."""
    monkeypatch.setattr(distribution, "_NAMES", ())
    with pytest.raises(Failure, match=r"--registry .*REGISTRY=.*apt-get install docker-registry"):
        distribution.find(None, tmp_path, lambda: False)


def test_a_download_that_fails_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What apt said stands beside what to do instead."""

    def refuse(*_: object) -> Path:
        raise debian.PackageError("apt-get: E: Unable to locate package docker-registry")

    monkeypatch.setattr(distribution, "_NAMES", ())
    monkeypatch.setattr(debian, "available", lambda: True)
    monkeypatch.setattr(debian, "unpack", refuse)
    with pytest.raises(Failure, match="Unable to locate package"):
        distribution.find(None, tmp_path, lambda: True)


def test_variables_that_override_the_configuration_are_kept_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A left-over REGISTRY_AUTH… beside a token block wins or makes starts random."""
    monkeypatch.setenv("REGISTRY_AUTH_HTPASSWD_REALM", "other")
    assert not [name for name in distribution.environment() if name.startswith("REGISTRY_")]
