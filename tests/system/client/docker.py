"""docker with its classic store, and the BuildKit in it."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from tests.parts import Part
from tests.system.client.base import Cannot, Client, Ran, run
from tests.system.client.dockerd import docker_program
from tests.system.layouts import file_archive
from tests.system.stage import Account

_CREDENTIAL_STORE = """\
#!/bin/sh
# docker's protocol for credential helpers: a verb, and the registry or a document of JSON on standard input.
set -eu
given=$(cat)
case "$1" in
    store) host=$(printf %s "$given" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); printf %s "$given" >"{folder}/$host" ;;
    get) cat "{folder}/$given" 2>/dev/null || {{ echo "credentials not found in native keychain"; exit 1; }} ;;
    erase) rm -f "{folder}/$given" ;;
    list) echo "{{}}" ;;
esac
"""


@dataclass
class Docker(Client):
    """`part` is the daemon's; the images are made here, because docker of that age reads no OCI layouts."""

    daemon: dict[str, str] = field(default_factory=dict)

    title = "docker"
    signing_in = "docker login -u $USER $HOST"
    keeps_images = True

    @property
    def version(self) -> str:
        return self.part.version.removeprefix("Docker version ").partition(",")[0]

    def login(self, account: Account) -> Ran:
        return self.run("login", self.host, "-u", account.email, "--password-stdin", given=account.secret)

    def push(self, layout: Path, name: str) -> Ran:
        self.make_image(self.full(name))
        return self.run("push", self.full(name))

    def make_image(self, name: str) -> None:
        """An image of one file, like no other, under this local name."""
        file = self.folder / "layer.tar"
        file.write_bytes(file_archive())
        ran = self.run("import", str(file), name)
        assert ran.returncode == 0, ran.stderr

    def forget(self, name: str) -> None:
        """Removes the local copy, so that a pull has to ask the registry."""
        self.run("rmi", "--force", name)

    def push_index(self, layout: Path, name: str) -> Ran:
        children = [f"{name}-{architecture}" for architecture in ("amd64", "arm64")]
        for child in children:
            self.push(layout, child)
        full = [self.full(child) for child in children]
        self.run("manifest", "create", "--insecure", self.full(name), *full)
        self.run("manifest", "annotate", "--arch", "arm64", self.full(name), full[1])
        return self.run("manifest", "push", "--insecure", self.full(name))

    def pull(self, name: str) -> Ran:
        self.forget(self.full(name))
        return self.run("pull", self.full(name))

    def copy(self, source: str, target: str) -> Ran:
        ran = self.run("pull", self.full(source))
        return self.push_again(source, target) if ran.returncode == 0 else ran

    def push_again(self, name: str, target: str) -> Ran:
        self.run("tag", self.full(name), self.full(target))
        return self.run("push", self.full(target))

    def build(self, name: str) -> Ran:
        return self._built(name, "0")

    def _built(self, name: str, buildkit: str) -> Ran:
        self.forget(self.full(name))
        folder = self.folder / "build"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f"FROM {self.full(name)}\nLABEL built=yes\n")
        return self.run("build", "--no-cache", "--pull", str(folder), DOCKER_BUILDKIT=buildkit)

    def stored_credentials(self) -> dict[str, str]:
        """What it wrote down for the registry."""
        document = json.loads(self.credentials.read_text())
        stored: dict[str, str] = document["auths"][self.host]
        return stored

    def use_credential_store(self) -> None:
        """From now on a helper keeps what is typed at login: a program of the name that docker looks for."""
        helper = self.folder / "docker-credential-folder"
        helper.write_text(_CREDENTIAL_STORE.format(folder=self._store))
        helper.chmod(0o755)
        self._store.mkdir()
        self.credentials.write_text(json.dumps({"credsStore": "folder"}))

    def in_credential_store(self) -> dict[str, str]:
        """What the helper keeps for the registry."""
        kept: dict[str, str] = json.loads((self._store / self.host).read_text())
        return kept

    @property
    def _store(self) -> Path:
        return self.folder / "kept"

    def run(self, *arguments: str, given: str | None = None, **environment: str) -> Ran:
        program = Part(Path(docker_program(self.part)), self.version, self.daemon)
        path = os.pathsep.join((str(self.folder), self.daemon.get("PATH", os.defpath)))
        return run(program, "--config", str(self.folder), *arguments, given=given, PATH=path, **environment)


class BuildKit(Docker):
    """Builds, and pulls for that; it asks for tokens in its own way."""

    title = "BuildKit"
    keeps_images = False
    keeps_tokens = True

    def push(self, layout: Path, name: str) -> Ran:
        raise Cannot("is tried by builds alone")

    def push_index(self, layout: Path, name: str) -> Ran:
        raise Cannot("is tried by builds alone")

    def pull(self, name: str) -> Ran:
        return self.build(name)

    def copy(self, source: str, target: str) -> Ran:
        raise Cannot("is tried by builds alone")

    def build(self, name: str) -> Ran:
        return self._built(name, "1")
