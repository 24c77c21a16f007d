"""Real registries of both lines with a sidecar each, real clients, and nothing from the network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import end_for_want_of
from tests.parts import Missing, Part
from tests.system.client.containers import Skopeo
from tests.system.client.docker import Docker
from tests.system.client.dockerd import docker_daemon
from tests.system.layouts import image_layout
from tests.system.stage import Stage, staged

RealPart = Callable[[str], Part]
Folders = pytest.TempPathFactory


@pytest.fixture(scope="session", params=["registry-2", "registry-3"])
def registry(request: pytest.FixtureRequest, real_part: RealPart) -> Part:
    """A registry of each line."""
    return real_part(request.param)


@pytest.fixture(scope="module")
def stage(registry: Part, tmp_path_factory: Folders) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), registry) as running:
        yield running


@pytest.fixture(scope="module")
def skopeo(stage: Stage, real_part: RealPart, tmp_path_factory: Folders) -> Skopeo:
    return Skopeo(real_part("skopeo"), tmp_path_factory.mktemp("skopeo"), stage.host)


@pytest.fixture(scope="session")
def daemon(real_part: RealPart, tmp_path_factory: Folders) -> Iterator[dict[str, str]]:
    part, folder = real_part("dockerd"), tmp_path_factory.mktemp("dockerd")
    with ExitStack() as stack:
        try:
            environment = stack.enter_context(docker_daemon(part, folder))
        except Missing as reason:
            end_for_want_of(reason)
        yield environment


@pytest.fixture
def docker(daemon: dict[str, str], stage: Stage, real_part: RealPart, tmp_path: Path) -> Docker:
    """Somebody who has not signed in anywhere yet."""
    folder = tmp_path / "docker"
    folder.mkdir()
    return Docker(real_part("dockerd"), folder, stage.host, daemon)


@pytest.fixture(scope="module")
def image(tmp_path_factory: Folders) -> Path:
    """An OCI layout of one small image."""
    return image_layout(tmp_path_factory.mktemp("image"))
