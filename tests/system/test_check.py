"""`sidecar check` against real registries: all is well with what `init` writes, and each mistake is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sidecar.cli.main import app
from sidecar.cli.rendering import Installation
from tests.parts import Part
from tests.system.stage import installed, running_registry

pytestmark = pytest.mark.system


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return installed(tmp_path / "installation")


def report(installation: Installation) -> tuple[int, str]:
    """Exit code and output."""
    result = CliRunner().invoke(app, ["check", "-c", str(installation.sidecar_yaml)])
    return result.exit_code, result.output


def with_registry(installation: Installation, registry: Part, **token: str) -> Iterator[tuple[int, str]]:
    """The report beside a registry whose token block was changed like this."""
    for line in ("2", "3"):
        file = installation.registry_yaml("2" if line == "2" else "3")
        document = yaml.safe_load(file.read_text())
        document["auth"]["token"].update(token)
        file.write_text(yaml.safe_dump(document))
    with running_registry(installation, registry):
        yield report(installation)


def test_what_init_writes_is_right(installation: Installation, registry: Part) -> None:
    """The generated files make a registry that leads to this sidecar and believes its tokens."""
    with running_registry(installation, registry):
        code, output = report(installation)
    assert (code, "WRONG" in output, "it believes our tokens" in output) == (0, False, True), output
    assert "it refuses forged tokens" in output


def test_a_registry_that_is_down_is_named(installation: Installation) -> None:
    """It says at which URL nobody answers."""
    code, output = report(installation)
    assert (code, f"the registry at {installation.registry_url} doesn't answer" in output) == (1, True), output


@pytest.mark.parametrize("setting", ["realm", "service"])
def test_a_wrong_challenge_is_named(installation: Installation, registry: Part, setting: str) -> None:
    """It says which setting of the registry differs, and what it must be."""
    for code, output in with_registry(installation, registry, **{setting: "http://other.example/token"}):
        assert (code, f"auth.token.{setting} is 'http://other.example/token'" in output) == (1, True), output


def test_another_issuer_is_named(installation: Installation, registry: Part) -> None:
    """The challenge doesn't show the issuer: only a token can, and the registry refuses it."""
    for code, output in with_registry(installation, registry, issuer="somebody-else"):
        assert (code, "the registry refuses our tokens (401)" in output) == (1, True), output


def test_another_ca_is_named(installation: Installation, registry: Part, tmp_path: Path) -> None:
    """A registry that was given another installation's certificate refuses our tokens."""
    other = installed(tmp_path / "other")
    for code, output in with_registry(installation, registry, rootcertbundle=str(other.ca_certificate)):
        assert (code, "auth.token.rootcertbundle must be" in output) == (1, True), output


def test_a_registry_without_auth_is_named(installation: Installation, registry: Part) -> None:
    """The worst mistake, an open registry, is the first thing said."""
    for file in (installation.registry_yaml("2"), installation.registry_yaml("3")):
        document = yaml.safe_load(file.read_text())
        del document["auth"]
        file.write_text(yaml.safe_dump(document))
    with running_registry(installation, registry):
        code, output = report(installation)
    assert (code, "lets everybody in" in output) == (1, True), output
