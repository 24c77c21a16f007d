"""`apply`, `explain` and `token`, with a server and without one."""

import json
from pathlib import Path

import pytest

from sidecar.cli.rendering import Installation
from tests.cli.commands import ROOT, sidecar
from tests.cli.servers import installed, serving

EXAMPLE = ROOT / "config" / "policy.example.yaml"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return installed(tmp_path)


def apply(installation: Installation, file: Path, *options: str) -> list[str]:
    finished = sidecar("apply", "-c", installation.sidecar_yaml, "-f", file, *options)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def test_apply_without_a_server(installation: Installation) -> None:
    """The example policy goes into the database, is shown line by line, and applied again it changes nothing."""
    planned = apply(installation, EXAMPLE, "--dry-run")
    made = apply(installation, EXAMPLE)
    assert planned[:-1] == made[:-1]
    assert made[0] == "+ project acme: name Acme; owns nginx, library/*"
    assert made[-1] == "8 changes"
    assert apply(installation, EXAMPLE) == ["nothing to change"]


def test_commands_act_through_the_server(installation: Installation) -> None:
    """Decision 21: while a server has the database, a command is its client, and what it changes counts at once."""
    with serving(installation) as url:
        apply(installation, EXAMPLE)
        explained = sidecar(
            "explain",
            "access",
            "-c",
            installation.sidecar_yaml,
            "--email",
            "ann@example.com",
            "--repository",
            "acme/web",
        )
        created = sidecar(
            "token", "create", "-c", installation.sidecar_yaml, "--email", "ann@example.com", "--ttl", "24h"
        )
        called = sidecar(
            "call", "me.permissions", "project=acme", SIDECAR_URL=url, SIDECAR_TOKEN=created.stdout.strip()
        )
    assert explained.stdout.splitlines()[:2] == [
        "ann@example.com on acme/web, of project acme:",
        "  delete  yes  ann@example.com has role owner on acme",
    ]
    assert json.loads(called.stdout)["admin"] is True


def test_a_token_stands_alone_on_standard_output(installation: Installation) -> None:
    """A script can take it; what is said about it goes to standard error."""
    finished = sidecar("token", "create", "-c", installation.sidecar_yaml, "--email", "ann@example.com", "--ttl", "24h")
    assert finished.stdout.startswith("rpt_")
    assert len(finished.stdout.split()) == 1
    assert finished.stderr.startswith("for ann@example.com, until ")


def test_every_fault_of_a_policy_is_a_line(installation: Installation, tmp_path: Path) -> None:
    """What is wrong is told with its place in the file, all at once, and nothing was changed."""
    file = tmp_path / "policy.yaml"
    file.write_text("projects:\n  acme:\n    nam: x\n    bindings:\n      ann: {roles: [Owner]}\n")
    finished = sidecar("apply", "-c", installation.sidecar_yaml, "-f", file)
    assert finished.returncode == 2
    assert {line.partition(": ")[0].strip() for line in finished.stderr.splitlines()[1:]} >= {
        "projects.acme.nam",
        "projects.acme.bindings.ann.roles.0",
    }


@pytest.mark.parametrize("text", ["- a", "projects: {acme: {}, acme: {}}"])
def test_what_is_no_yaml_mapping_is_told_as_such(installation: Installation, tmp_path: Path, text: str) -> None:
    """S39: the file is read as strictly as the configuration is."""
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    finished = sidecar("apply", "-c", installation.sidecar_yaml, "-f", file)
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr


def test_without_the_administrators_token_nothing_is_done(installation: Installation) -> None:
    """Commands act as the administrator, and say which file is missing."""
    installation.admin_token.unlink()
    finished = sidecar("apply", "-c", installation.sidecar_yaml, "-f", EXAMPLE)
    assert finished.returncode == 2
    assert str(installation.admin_token) in finished.stderr


@pytest.mark.parametrize("ttl", ["24", "0h", "٣h"])
def test_a_time_has_a_unit(installation: Installation, ttl: str) -> None:
    """A bare number could be seconds to one and hours to another."""
    finished = sidecar("token", "create", "-c", installation.sidecar_yaml, "--email", "a@x", f"--ttl={ttl}")
    assert finished.returncode == 2
    assert "must be a number and s, m, h or d" in finished.stderr
