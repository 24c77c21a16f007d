"""Every client against both lines of registries: what works, what is refused as it should be, and what a client can't.

docs/clients.md is the table of the last whole run: `make clients` writes it.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import end_for_want_of
from tests.parts import Missing, Part
from tests.system.client.actions import ACTIONS, Came
from tests.system.client.base import Cannot, Client
from tests.system.client.containerd import Containerd, running_containerd
from tests.system.client.containers import Skopeo
from tests.system.client.docker import BuildKit, Docker
from tests.system.client.page import CANNOT
from tests.system.client.roster import EVERY, SIMPLE
from tests.system.client.scene import Scene, set_up
from tests.system.stage import Stage, staged

pytestmark = pytest.mark.system

RealPart = Callable[[str], Part]


@pytest.fixture(scope="module")
def stage(registry: Part, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Named `localhost`: clients made of go-containerregistry ask for tokens at no address that is a private number."""
    with staged(tmp_path_factory.mktemp("stage"), registry, host="localhost") as running:
        yield running


@pytest.fixture(scope="module")
def scene(stage: Stage, real_part: RealPart, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    hand = Skopeo(real_part("skopeo"), tmp_path_factory.mktemp("hand"), stage.host)
    return set_up(stage, tmp_path_factory.mktemp("layouts"), hand)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A short name: podman takes none of more than 50 characters."""
    with tempfile.TemporaryDirectory(prefix="client-") as made:
        yield Path(made)


@pytest.fixture(scope="module", params=EVERY)
def client(request: pytest.FixtureRequest, folder: Path, stage: Stage, real_part: RealPart) -> Iterator[Client]:
    name, own = request.param, folder / request.param
    own.mkdir()
    with ExitStack() as stack:
        try:
            if name in SIMPLE:
                client = SIMPLE[name](real_part(name), own, stage.host)
            elif name == "containerd":
                socket = stack.enter_context(running_containerd(real_part(name), own))
                client = Containerd(real_part(name), own, stage.host, socket)
            else:
                kind = BuildKit if name == "buildkit" else Docker
                client = kind(real_part("dockerd"), own, stage.host, request.getfixturevalue("daemon"))
            client.begin()
        except Missing as reason:
            end_for_want_of(reason)
        yield client


@pytest.mark.parametrize("action", ACTIONS)
class _EveryAction:
    """Two classes, so that the lines are tried beside each other."""

    def test_the_client_does_what_it_can(self, client: Client, scene: Scene, action: str) -> None:
        """What is allowed works, what isn't is refused in clear words, whichever client it is."""
        client.logout()
        name = f"{client.title.lower()}-{action}"
        try:
            came = ACTIONS[action].does(client, scene, name)
        except Cannot as reason:
            came = Came(f"{CANNOT}{reason}")
        _record(client, scene, action, came)


@pytest.mark.parametrize("registry", ["registry-2"], indirect=True)
class TestWith2(_EveryAction):
    """Registry 2.8."""


@pytest.mark.parametrize("registry", ["registry-3"], indirect=True)
class TestWith3(_EveryAction):
    """Registry 3.x."""


def _record(client: Client, scene: Scene, action: str, came: Came) -> None:
    """A line for the page, where one is asked for."""
    file = os.environ.get("CLIENTS_RESULTS")
    if not file:
        return
    line = {
        "client": client.title,
        "version": client.version,
        "registry": scene.stage.version,
        "line": scene.stage.line,
        "action": action,
        "outcome": came.outcome,
        "words": came.words.replace(client.host, "registry.example.com"),
    }
    with Path(file).open("a") as results:
        results.write(json.dumps(line) + "\n")
