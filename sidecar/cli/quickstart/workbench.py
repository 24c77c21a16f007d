"""The installation that quickstart keeps in one folder: made once, its ports changed on demand, its ports free."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sidecar.cli.failure import Failure
from sidecar.cli.init import initialise, newest_event_secret
from sidecar.cli.rendering import Installation
from sidecar.config import Config

_REGISTRY_PORT: Final = 5050
_PORT: Final = 5051


def prepare_workbench(folder: Path, registry_port: int | None, port: int | None) -> Installation:
    """The installation in this folder on these ports, None meaning as before; raises Failure if one is busy."""
    folder = folder.absolute()
    before = _existing(folder)
    ports = _ports(before) if before else (_REGISTRY_PORT, _PORT)
    asked = (registry_port or ports[0], port or ports[1])
    wanted = before if before and asked == ports else _local(folder, *asked)
    for number, option in zip(asked, ("--registry-port", "--port"), strict=True):
        _require_free(number, option)
    if before and before != wanted:
        _move(before, wanted)
    initialise(wanted)
    for name in ("log", "secrets"):
        (folder / name).mkdir(exist_ok=True)
    return wanted


def _local(folder: Path, registry_port: int, port: int) -> Installation:
    return Installation(
        folder=folder,
        registry_url=f"http://127.0.0.1:{registry_port}",
        registry_host=f"localhost:{registry_port}",
        public_url=f"http://localhost:{port}",
        listen=f"127.0.0.1:{port}",
    )


def _existing(folder: Path) -> Installation | None:
    file = folder / "sidecar.yaml"
    if not file.exists():
        return None
    config = Config.load(file)
    return Installation(folder, config.registry.url, config.registry.host, config.public_url, config.listen)


def _ports(installation: Installation) -> tuple[int, int]:
    """The registry's and the sidecar's."""
    return urlsplit(installation.registry_url).port or 80, int(installation.listen.rpartition(":")[2])


def _require_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failure(
                f"port {port} can't be used ({error.strerror}): stop what listens there, or choose another "
                f"with {option} (make run ARGS='{option} {port + 10}')"
            ) from None


def _move(before: Installation, wanted: Installation) -> None:
    """Writes the files anew for other ports; refuses to where somebody has edited one."""
    old, new = _texts(before), _texts(wanted)
    edited = [path for path, text in old.items() if path.exists() and path.read_text(encoding="utf-8") != text]
    if edited:
        raise Failure(f"{edited[0]} was edited, so change the ports there, or use another --dir")
    for path, text in new.items():
        path.write_text(text, encoding="utf-8")


def _texts(installation: Installation) -> Mapping[Path, str]:
    secret = newest_event_secret(installation)
    return {
        installation.sidecar_yaml: installation.sidecar_text(),
        installation.registry_yaml("2"): installation.registry_text("2", secret),
        installation.registry_yaml("3"): installation.registry_text("3", secret),
    }
