"""containerd itself, as Kubernetes has it: asks with POST first. It has no logins; its `ctr` is given credentials."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.cli.quickstart.processes import tail
from tests.parts import Missing, Part
from tests.system.client.base import Cannot, Client, Ran, run
from tests.system.layouts import archive_of
from tests.system.stage import Account

_SETTINGS = """\
version = 2
root = "{folder}/root"
state = "{short}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{short}/socket"
[ttrpc]
  address = "{short}/ttrpc"
"""


@contextmanager
def running_containerd(part: Part, folder: Path) -> Iterator[str]:
    """A containerd that runs no containers; its socket."""
    with tempfile.TemporaryDirectory(prefix="containerd-") as short:
        settings, log = folder / "config.toml", folder / "containerd.log"
        settings.write_text(_SETTINGS.format(folder=folder, short=short))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [part.program, "--config", settings],
                env=os.environ | part.environment,
                stdout=output,
                stderr=output,
            )
        try:
            _wait_for(process, part, f"{short}/socket", log)
            yield f"{short}/socket"
        finally:
            process.terminate()
            process.wait(30)


@dataclass
class Containerd(Client):
    """`part` is containerd's; `ctr` stands beside it."""

    socket: str = ""
    _given: tuple[str, ...] = field(default=())

    title = "containerd"
    signing_in = "ctr images pull --user $USER:$SECRET $HOST/acme/web:v1"
    checks_login = False
    keeps_images = True
    gives_up_unmounted = True

    @property
    def version(self) -> str:
        return self.part.version.split()[2]

    def login(self, account: Account) -> Ran:
        self._given = ("--user", f"{account.email}:{account.secret}")
        return self.run("version")

    def logout(self) -> None:
        self._given = ()

    def keep_refresh_token(self, token: str) -> None:
        self._given = ("--refresh", token)

    def push(self, layout: Path, name: str) -> Ran:
        archive = archive_of(layout, self.full(name), self.folder / "archive.tar")
        ran = self.run("images", "import", "--no-unpack", "--all-platforms", str(archive))
        return ran if ran.returncode != 0 else self._push(name)

    def push_index(self, layout: Path, name: str) -> Ran:
        return self.push(layout, name)

    def push_referrer(self, layout: Path, name: str) -> Ran:
        raise Cannot("pushes nothing that is not an image")

    def pull(self, name: str) -> Ran:
        self.run("images", "rm", "--sync", self.full(name))
        return self._fetch(name)

    def copy(self, source: str, target: str) -> Ran:
        ran = self._fetch(source)
        return self.push_again(source, target) if ran.returncode == 0 else ran

    def push_again(self, name: str, target: str) -> Ran:
        self.run("images", "tag", "--force", self.full(name), self.full(target))
        return self._push(target)

    def run(self, *arguments: str) -> Ran:
        ctr = Part(self.part.program.with_name("ctr"), self.part.version, self.part.environment)
        return run(ctr, "--address", self.socket, *arguments)

    def _push(self, name: str) -> Ran:
        return self.run("images", "push", "--plain-http", *self._given, self.full(name))

    def _fetch(self, name: str) -> Ran:
        return self.run("content", "fetch", "--all-platforms", "--plain-http", *self._given, self.full(name))


def _wait_for(process: subprocess.Popen[bytes], part: Part, socket: str, log: Path) -> None:
    """Raises Missing where this machine doesn't let one run."""
    deadline = time.monotonic() + 60
    client = Containerd(part, log.parent, "", socket)
    while process.poll() is None and time.monotonic() < deadline:
        if client.run("version").returncode == 0:
            return
        time.sleep(0.1)
    last_words = (tail(log).splitlines() or ["it says nothing"])[-1].strip()
    raise Missing(f"containerd doesn't run on this machine: {last_words}")
