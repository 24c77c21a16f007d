"""A real registry and a running sidecar beside it, each a process of its own, for one module of tests."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.cli import distribution
from sidecar.cli.init import initialise
from sidecar.cli.quickstart.processes import tail
from sidecar.cli.rendering import Installation
from tests.parts import Part
from tests.ports import free_port

_READY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in at the registry: e-mail and secret, and the id of the key that the secret is."""

    email: str
    secret: str
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What tests act on. `host` is what a client types, `administrator` a person with a personal token."""

    installation: Installation
    line: distribution.Line
    version: str
    """The registry's."""
    administrator: Account

    @property
    def host(self) -> str:
        return self.installation.registry_host

    def call(self, method: str, **body: Any) -> dict[str, Any]:
        """The result of a method of the management API, called as the administrator."""
        answer = self.answer(method, **body)
        assert answer["ok"], answer
        result: dict[str, Any] = answer["result"]
        return result

    def project(self, sid: str) -> str:
        """A new project."""
        self.call("project.create", sid=sid, name=sid)
        return sid

    def account(self, project: str, sid: str, role: str) -> Account:
        """A new service account with this role, and a key."""
        email = self.call("serviceAccount.create", project=project, sid=sid, name=sid)["email"]
        self.call("role.bind", project=project, email=email, roles=[role])
        key = self.call("serviceAccount.createKey", project=project, id=sid)
        return Account(email, key["secret"], key["id"])

    def answer(self, method: str, **body: Any) -> dict[str, Any]:
        """The whole envelope of such a call, whatever it says."""
        request = urllib.request.Request(
            f"{self.installation.public_url}/{method}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.administrator.secret}"},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            document: dict[str, Any] = json.load(response)
            return document


@contextmanager
def staged(folder: Path, registry: Part, host: str = "127.0.0.1", settings: str = "") -> Iterator[Stage]:
    """Both running on free ports with what `init` writes; both ended afterwards. Clients know them by this host's name.

    `settings` is put at the end of the sidecar's configuration.
    """
    installation = installed(folder, host)
    with installation.sidecar_yaml.open("a") as configuration:
        configuration.write(settings)
    token = installation.admin_token.read_text().strip()
    with running_registry(installation, registry) as line, running_sidecar(installation):
        yield Stage(installation, line, registry.version, Account("admin@localhost", token))


def installed(folder: Path, host: str = "127.0.0.1", events_url: str | None = None) -> Installation:
    """A fresh installation on free ports of this machine, for clients that know it by this name.

    The registry sends its events to `events_url`, where that isn't the sidecar itself.
    """
    registry, sidecar = free_port(), free_port()
    installation = Installation(
        folder=folder,
        registry_url=f"http://127.0.0.1:{registry}",
        registry_host=f"{host}:{registry}",
        public_url=f"http://{host}:{sidecar}",
        listen=f"127.0.0.1:{sidecar}",
        events_url=events_url,
    )
    initialise(installation)
    return installation


@contextmanager
def running_registry(installation: Installation, registry: Part) -> Iterator[distribution.Line]:
    """The registry with the generated configuration of its line."""
    program = distribution.identify(registry.program)
    assert program is not None
    command = [str(registry.program), "serve", str(installation.registry_yaml(program.line))]
    with running_process(command, installation.folder / "registry.log", distribution.environment()):
        wait_for(f"{installation.registry_url}/", installation.folder / "registry.log")
        yield program.line


@contextmanager
def running_sidecar(installation: Installation, *module: str) -> Iterator[subprocess.Popen[bytes]]:
    """`sidecar serve`, as an operator starts it, or by another module with its arguments; its process."""
    command = [sys.executable, "-m", *(module or ("sidecar",)), "serve", "-c", str(installation.sidecar_yaml)]
    with running_process(
        command, installation.folder / "sidecar.log", dict(os.environ) | {"PYTHONPATH": str(Path.cwd())}
    ) as process:
        wait_for(f"http://{installation.listen}/readyz", installation.folder / "sidecar.log")
        yield process


@contextmanager
def running_process(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the block, and killed where it doesn't end."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str, log: Path) -> None:
    """Until this URL answers 200; what the process logged last is told where it doesn't."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"{url} is not ready:\n{tail(log)}")
