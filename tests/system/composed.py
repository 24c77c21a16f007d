"""compose.yaml for real: its services at a daemon of our own, whose containers share one network of their own.

The daemon touches nothing of this machine's network, so it has no bridges. What compose.yaml says of networks and ports
is therefore replaced by the network of one container that sleeps, in which the services' names mean this very network;
all the rest is started as it stands there.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.parts import Part
from tests.system.standins import Builder

ROOT: Final = Path(__file__).parents[2]
HOST: Final = "localhost:8443"


@dataclass(frozen=True, slots=True)
class Composition:
    """The services, and how to reach them: by commands that run in their network."""

    builder: Builder
    compose: Part
    folder: Path
    network: str
    ca: Path

    def up(self) -> None:
        self._compose("up", "--detach")

    def stop(self) -> None:
        self._compose("stop")

    def container(self, service: str) -> Any:
        """What docker knows of a service's container."""
        name = self._compose("ps", "--quiet", "--all", service).strip()
        return json.loads(self.builder.run("inspect", name))[0]

    def run(self, service: str, *command: str) -> str:
        """A command in a service's container."""
        return self.builder.run("exec", self.container(service)["Id"], *command)

    def inside(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A program of this machine, in the services' network, trusting the proxy's certificate."""
        process = json.loads(self.builder.run("inspect", self.network))[0]["State"]["Pid"]
        return subprocess.run(
            ["nsenter", f"--net=/proc/{process}/ns/net", *command],
            env=os.environ | {"SSL_CERT_FILE": str(self.ca)} | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def logs(self) -> str:
        return self._compose("logs", "--no-color", "--tail=40")

    def _compose(self, *arguments: str) -> str:
        command = [
            *_compose_command(self.compose),
            "--project-name",
            "tried",
            "--file",
            str(self.folder / "compose.yaml"),
        ]
        ran = subprocess.run(
            [*command, "--profile", "proxy", *arguments],
            env=self.builder.environment | self.compose.environment | _settings(self.folder),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if ran.returncode != 0 and arguments[0] != "logs":
            print(self.logs())
        assert ran.returncode == 0, f"{arguments}:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
        return ran.stdout


@contextmanager
def composed(builder: Builder, compose: Part, folder: Path, ca: Path) -> Iterator[Composition]:
    """The services, once they are healthy; ended and forgotten with all their volumes afterwards."""
    hosts = [f"--add-host={name}:127.0.0.1" for name in ("registry", "sidecar")]
    network = builder.run(
        "run", "--detach", "--network=none", *hosts, "--entrypoint=/bin/sleep", "standin/registry", "3600"
    )
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    (folder / "compose.yaml").write_text(json.dumps(_without_bridges(document, network)))
    composition = Composition(builder, compose, folder, network, ca)
    try:
        composition.up()
        yield composition
    finally:
        composition._compose("down", "--volumes", "--timeout", "5")
        builder.run("rm", "--force", network)


def _without_bridges(document: Any, network: str) -> Any:
    """Ours, but for networks and ports, for paths that count from the repository, and for patience."""
    for name, service in document["services"].items():
        service.pop("ports", None)
        service.pop("build", None)
        if name != "init":
            service["network_mode"] = f"container:{network}"
        if "test" in service.get("healthcheck", {}):
            service["healthcheck"]["interval"] = "2s"
        service["volumes"] = [f"{ROOT}{mount[1:]}" if mount.startswith("./") else mount for mount in service["volumes"]]
    document["services"]["sidecar"]["healthcheck"] = {"interval": "2s"}
    return document


def _settings(folder: Path) -> dict[str, str]:
    return {
        "REGISTRY_HOST": HOST,
        "TLS_DIR": str(folder / "tls"),
        "TRUSTED_PROXY": "127.0.0.0/8",
        "SIDECAR_IMAGE": "tried/sidecar",
        "REGISTRY_IMAGE": "standin/registry",
        "PROXY_IMAGE": "standin/nginx",
    }


def _compose_command(part: Part) -> Sequence[str]:
    return [str(part.program)]
