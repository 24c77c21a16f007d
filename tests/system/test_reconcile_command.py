"""`sidecar reconcile`, typed beside a server and a real registry that has lost events."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.client.containers import Skopeo
from tests.system.stage import Account, Stage

pytestmark = pytest.mark.system

SETTLED = 7.0
"""Seconds after a push; until then its tag is left to the verification that follows the event."""


def reconcile(stage: Stage, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sidecar", "reconcile", "-c", str(stage.installation.sidecar_yaml), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def owner(stage: Stage) -> Account:
    return stage.account(stage.project("acme"), "ci", "owner")


def forget(stage: Stage, repository: str, tag: str) -> None:
    """Takes a tag out of the registry's storage behind everybody's back: no event tells of it."""
    folder = stage.installation.folder / "registry/docker/registry/v2/repositories" / repository
    link = folder / "_manifests/tags" / tag
    subprocess.run(["rm", "-r", str(link)], check=True)


def test_a_dry_run_says_what_a_sweep_then_does(stage: Stage, skopeo: Skopeo, image: Path, owner: Account) -> None:
    """What went unheard is told, then removed; the sizes are right before and after."""
    for tag in ("kept", "lost"):
        assert skopeo.by(owner).push(image, f"acme/web:{tag}").returncode == 0
    time.sleep(SETTLED)
    forget(stage, "acme/web", "lost")
    dry = reconcile(stage, "--dry-run")
    wet = reconcile(stage)
    again = reconcile(stage, "--project", "acme")
    assert "missing  acme/web:lost" in dry.stdout, dry.stderr
    assert "removed  acme/web:lost" in wet.stdout, wet.stderr
    assert "lost" not in again.stdout
    assert reconcile(stage, "--recount").stdout == "no difference\n"
