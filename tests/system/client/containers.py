"""podman, buildah and skopeo: three clients upon one library, which read the same files."""

import json
from pathlib import Path

from tests.parts import Missing
from tests.system.client.base import Client, Ran, at_digest, run
from tests.system.layouts import digest_of
from tests.system.stage import Account

_POLICY = json.dumps({"default": [{"type": "insecureAcceptAnything"}]})
_PLAIN = "--tls-verify=false"


class _Containers(Client):
    """All that they share: a home with a policy, and one file of credentials."""

    @property
    def version(self) -> str:
        return self.part.version.split()[2]

    def login(self, account: Account) -> Ran:
        arguments = ("login", _PLAIN, "--username", account.email, "--password-stdin", self.host)
        return self.run(*arguments, given=account.secret)

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        policy = self.folder / ".config/containers/policy.json"
        if not policy.exists():
            policy.parent.mkdir(parents=True)
            policy.write_text(_POLICY)
        home = {"HOME": str(self.folder), "REGISTRY_AUTH_FILE": str(self.credentials)}
        return run(self.part, *self._options(), *arguments, given=given, **home)

    def _options(self) -> tuple[str, ...]:
        return ()


class Skopeo(_Containers):
    """Copies between registries and folders, and keeps nothing."""

    title = "skopeo"
    signing_in = "skopeo login -u $USER $HOST"

    def push(self, layout: Path, name: str) -> Ran:
        return self._copied(f"oci:{layout}", f"docker://{self.full(name)}")

    def push_index(self, layout: Path, name: str) -> Ran:
        return self._copied(f"oci:{layout}", f"docker://{self.full(name)}", "--all")

    def push_referrer(self, layout: Path, name: str) -> Ran:
        return self.push(layout, at_digest(name, digest_of(layout)))

    def pull(self, name: str) -> Ran:
        target = self.folder / f"pulled-{len(list(self.folder.iterdir()))}"
        return self._copied(f"docker://{self.full(name)}", f"oci:{target}:pulled", "--all")

    def copy(self, source: str, target: str) -> Ran:
        return self._copied(f"docker://{self.full(source)}", f"docker://{self.full(target)}")

    def delete(self, name: str, digest: str) -> Ran:
        return self.run("delete", _PLAIN, f"docker://{self.full(name)}")

    def inspect(self, name: str) -> bytes:
        """The manifest as the registry serves it."""
        ran = self.run("inspect", "--raw", _PLAIN, f"docker://{self.full(name)}")
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.encode()

    def _copied(self, source: str, target: str, *options: str) -> Ran:
        plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
        return self.run("copy", *plain, *options, source, target)


class _WithStore(_Containers):
    """podman and buildah: images are pulled into a store, and pushed from it."""

    keeps_images = True

    def begin(self) -> None:
        ran = self.run("images")
        if ran.returncode != 0:
            raise Missing(f"{self.title} doesn't run on this machine: {ran.stderr.strip()[-200:]}")

    def push(self, layout: Path, name: str) -> Ran:
        ran = self.run("pull", "--quiet", f"oci:{layout}")
        if ran.returncode != 0:
            return ran
        return self._push_as(ran.stdout.strip().splitlines()[-1], name)

    def push_index(self, layout: Path, name: str) -> Ran:
        self.run("manifest", "create", "--all", f"list-{layout.name}", f"oci:{layout}")
        return self.run("manifest", "push", _PLAIN, "--all", f"list-{layout.name}", f"docker://{self.full(name)}")

    def pull(self, name: str) -> Ran:
        self.run("rmi", "--force", "--all")
        return self.run("pull", _PLAIN, self.full(name))

    def copy(self, source: str, target: str) -> Ran:
        ran = self.run("pull", "--quiet", _PLAIN, self.full(source))
        return self._push_as(self.full(source), target) if ran.returncode == 0 else ran

    def push_again(self, name: str, target: str) -> Ran:
        return self._push_as(self.full(name), target)

    def build(self, name: str) -> Ran:
        self.run("rmi", "--force", "--all")
        file = self.folder / "Containerfile"
        file.write_text(f"FROM {self.full(name)}\nLABEL built=yes\n")
        return self.run("build", _PLAIN, "--file", str(file), str(self.folder / ".config"))

    def _push_as(self, image: str, name: str) -> Ran:
        self.run("tag", image, self.full(name))
        return self.run("push", _PLAIN, self.full(name))

    def _options(self) -> tuple[str, ...]:
        return "--root", f"{self.folder}/store", "--runroot", f"{self.folder}/run", "--storage-driver", "vfs"


class Podman(_WithStore):
    title = "podman"
    signing_in = "podman login -u $USER $HOST"

    def _options(self) -> tuple[str, ...]:
        return *super()._options(), "--cgroup-manager", "cgroupfs"


class Buildah(_WithStore):
    title = "buildah"
    signing_in = "buildah login -u $USER $HOST"
