"""What the README tells operators to type, typed."""

import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.cli.init import initialise
from sidecar.cli.quickstart.first_image import hello_image
from tests.system.client.containers import Skopeo
from tests.system.layouts import hello_layout
from tests.system.stage import Stage, installed, running_sidecar

pytestmark = pytest.mark.system

README = Path(__file__).parents[2] / "README.md"


def typed(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command in a shell; its `sidecar` is this one, installed or not."""
    ours = command.replace("sidecar", f"{sys.executable} -m sidecar", 1)
    return subprocess.run(["sh", "-c", ours], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_its_project_and_account_are_made(tmp_path: Path) -> None:
    """Each `sidecar call` of the README succeeds in its order, and the last one prints a key."""
    anywhere = installed(tmp_path / "anywhere")
    installation = replace(anywhere, folder=tmp_path / "here", public_url="https://auth.example.com")
    initialise(installation)
    token = installation.admin_token.read_text()
    environment = os.environ | {"SIDECAR_URL": f"http://{installation.listen}", "SIDECAR_TOKEN": token}
    commands = re.findall(r"^ +(sidecar call .*)$", README.read_text(), re.MULTILINE)
    with running_sidecar(installation):
        ran = [typed(command, environment) for command in commands]
    assert [one.stderr for one in ran] == [""] * len(commands)
    assert "rsk_" in ran[-1].stdout


def test_its_day_works(stage: Stage, skopeo: Skopeo, tmp_path: Path) -> None:
    """Each call of the README's day succeeds, and the one that is refused there is refused for what stands there.

    The registry holds what the day begins with.
    """
    account = stage.account(stage.project("acme"), "developer", "developer")
    image = hello_layout(tmp_path, hello_image())
    for tag in ("v1", "v2"):
        assert skopeo.by(account).push(image, f"acme/hello:{tag}").returncode == 0
    deadline = time.monotonic() + 20
    while "acme/hello" not in str(stage.call("registry.list", project="acme")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    token = stage.administrator.secret
    environment = os.environ | {"SIDECAR_URL": stage.installation.public_url, "SIDECAR_TOKEN": token}
    lines = re.findall(r"^    (.*)$", README.read_text(), re.MULTILINE)
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ sidecar call ")]
    ran = [typed(command, environment) for command in commands]
    refusals = [one for one in ran if one.returncode]
    assert len(refusals) == 1
    assert [line for one in refusals for line in one.stderr.splitlines() if line not in lines] == []
    assert stage.call("registry.list", project="acme")["items"] == []
