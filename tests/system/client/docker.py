"""docker with its classic store, and the BuildKit in it."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.parts import Part
from tests.system.client.base import Cannot, Client, run
from tests.system.clients import Ran, docker_program
from tests.system.layouts import file_archive
from tests.system.stage import Account


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
        file = self.folder / "layer.tar"
        file.write_bytes(file_archive())
        self.run("import", str(file), self.full(name))
        return self.run("push", self.full(name))

    def push_index(self, layout: Path, name: str) -> Ran:
        children = [f"{name}-{architecture}" for architecture in ("amd64", "arm64")]
        for child in children:
            self.push(layout, child)
        full = [self.full(child) for child in children]
        self.run("manifest", "create", "--insecure", self.full(name), *full)
        self.run("manifest", "annotate", "--arch", "arm64", self.full(name), full[1])
        return self.run("manifest", "push", "--insecure", self.full(name))

    def pull(self, name: str) -> Ran:
        self.run("rmi", "--force", self.full(name))
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
        self.run("rmi", "--force", self.full(name))
        folder = self.folder / "build"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f"FROM {self.full(name)}\nLABEL built=yes\n")
        return self.run("build", "--no-cache", "--pull", str(folder), DOCKER_BUILDKIT=buildkit)

    def run(self, *arguments: str, given: str | None = None, **environment: str) -> Ran:
        program = Part(Path(docker_program(self.part)), self.version, self.daemon)
        return run(program, "--config", str(self.folder), *arguments, given=given, **environment)


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
