"""SIGKILL while something is taken away: after the next start the index tells no lie, and no throw-away is left."""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.parts import Part
from tests.system.clients import Skopeo, oci_layout
from tests.system.stage import Account, Stage, installed, running_registry, running_sidecar

pytestmark = pytest.mark.system

DELAYS: Final = (0.002, 0.006, 0.010, 0.016)
"""Seconds after the request was sent; a change takes some 10 to 20 ms."""
SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A registry that runs throughout, and a sidecar that is started and killed."""

    stage: Stage
    skopeo: Skopeo
    owner: Account
    image: Path

    def push(self, *tags: str) -> None:
        for tag in tags:
            ran = self.skopeo.push(self.image, f"{self.stage.host}/acme/web:{tag}", self.owner)
            assert ran.returncode == 0, ran.stderr
        self.wait_for(set(tags))

    def indexed(self) -> dict[str, str]:
        answer = self.stage.answer("registry.getTags", project="acme", repository="web")
        return {item["tag"]: item["digest"] for item in answer["result"]["items"]} if answer["ok"] else {}

    def wait_for(self, tags: set[str]) -> None:
        deadline = time.monotonic() + SECONDS
        while not tags <= set(self.indexed()):
            assert time.monotonic() < deadline, f"the index doesn't learn {tags}"
            time.sleep(0.05)

    def call_and_kill(self, sidecar: subprocess.Popen[bytes], method: str, delay: float, **body: str) -> None:
        """Sends the call without waiting for its answer, and kills the sidecar after so many seconds."""
        host, _, port = self.stage.installation.listen.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Authorization": f"Bearer {self.stage.administrator.secret}"}
        connection.request("POST", f"/{method}", json.dumps({"project": "acme", **body}), headers)
        time.sleep(delay)
        sidecar.kill()
        sidecar.wait()
        connection.close()

    def check_agreement_soon(self) -> None:
        """After a start: the registry's tags are the index's, and each is the image that was pushed."""
        deadline = time.monotonic() + SECONDS
        while (shown := set(self.skopeo.tags(f"{self.stage.host}/acme/web", self.owner))) != set(self.indexed()):
            assert time.monotonic() < deadline, f"the registry shows {shown}, the index {set(self.indexed())}"
            time.sleep(0.1)
        for tag in shown:
            manifest = self.skopeo.inspect(f"{self.stage.host}/acme/web:{tag}", self.owner)
            assert "config" in manifest, f"{tag} shows {manifest}"


@pytest.fixture(scope="module")
def scene(registry: Part, skopeo: Skopeo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("interrupted")
    installation = installed(folder / "sidecar")
    with running_registry(installation, registry) as line:
        administrator = Account("admin@localhost", installation.admin_token.read_text().strip())
        stage = Stage(installation, line, registry.version, administrator)
        with running_sidecar(installation):
            owner = stage.account(stage.project("acme"), "owner", "owner")
        yield Scene(stage, skopeo, owner, oci_layout(folder / "image"))


def test_untag_is_killed_at_any_moment(scene: Scene) -> None:
    """Each tag is gone or as it was, at the registry and in the index alike; the others are as they were."""
    tags = [f"cut{number}" for number in range(len(DELAYS))]
    with running_sidecar(scene.stage.installation):
        scene.push("keep", *tags)
    for tag, delay in zip(tags, DELAYS, strict=True):
        with running_sidecar(scene.stage.installation) as sidecar:
            scene.check_agreement_soon()
            scene.call_and_kill(sidecar, "registry.untag", delay, repository="web", tag=tag)
    with running_sidecar(scene.stage.installation):
        scene.check_agreement_soon()
        assert "keep" in scene.indexed()


def test_a_deletion_is_killed_and_goes_on(scene: Scene) -> None:
    """A repository whose deletion was begun is gone soon after the next start; one whose wasn't is whole."""
    for delay in (0.004, 0.010):
        with running_sidecar(scene.stage.installation) as sidecar:
            tags = {f"v{number}" for number in range(5)}
            scene.push(*tags)
            scene.call_and_kill(sidecar, "registry.delete", delay, repository="web")
        with running_sidecar(scene.stage.installation):
            time.sleep(1)
            scene.check_agreement_soon()
            assert not scene.indexed() or tags <= set(scene.indexed())
