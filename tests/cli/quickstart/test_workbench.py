"""The installation that quickstart keeps: made once, moved to other ports only while nobody has edited it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.cli.failure import Failure
from sidecar.cli.quickstart.workbench import prepare_workbench
from sidecar.config import Config


def free_ports(count: int) -> list[int]:
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in with_ports]
    for server in with_ports:
        server.close()
    return ports


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_registry_and_sidecar_are_on_this_machine_alone(tmp_path: Path) -> None:
    """Both are reached by localhost and listen nowhere else."""
    first, second = free_ports(2)
    config = Config.load(prepare_workbench(tmp_path, first, second).sidecar_yaml)
    assert (config.listen, config.public_url) == (f"127.0.0.1:{second}", f"http://localhost:{second}")
    assert (config.registry.url, config.registry.host) == (f"http://127.0.0.1:{first}", f"localhost:{first}")


def test_the_next_run_finds_its_ports_again(tmp_path: Path) -> None:
    """Ports that were chosen once need not be said again."""
    ports = free_ports(2)
    first = prepare_workbench(tmp_path, *ports)
    assert prepare_workbench(tmp_path, None, None) == first


def test_a_busy_port_is_named_with_its_option(tmp_path: Path, busy_port: int) -> None:
    """The message says which port, and what to type for another."""
    with pytest.raises(Failure, match=rf"port {busy_port} .*--registry-port"):
        prepare_workbench(tmp_path, busy_port, free_ports(1)[0])


def test_another_port_moves_what_nobody_edited(tmp_path: Path) -> None:
    """What the message about a busy port advises works on a folder that exists, and keeps the token."""
    first, second, other = free_ports(3)
    token = prepare_workbench(tmp_path, first, second).admin_token.read_text()
    moved = prepare_workbench(tmp_path, first, other)
    config = Config.load(moved.sidecar_yaml)
    assert (config.public_url, moved.admin_token.read_text()) == (f"http://localhost:{other}", token)
    assert f"localhost:{other}/token" in moved.registry_yaml("2").read_text()


def test_an_edited_file_is_not_moved(tmp_path: Path) -> None:
    """What somebody wrote is theirs: it says which file, and changes none."""
    first, second, other = free_ports(3)
    edited = prepare_workbench(tmp_path, first, second).registry_yaml("3")
    edited.write_text(edited.read_text() + "# mine\n")
    with pytest.raises(Failure, match=str(edited)):
        prepare_workbench(tmp_path, first, other)
    assert Config.load(tmp_path / "sidecar.yaml").public_url == f"http://localhost:{second}"
