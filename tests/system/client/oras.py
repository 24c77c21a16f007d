"""oras, and with it what is made of oras-go: helm, notation."""

from pathlib import Path

from tests.system.client.base import Client, Ran, at_digest, run
from tests.system.layouts import digest_of
from tests.system.stage import Account

_PLAIN = "--plain-http"


class Oras(Client):
    title = "oras"
    signing_in = "oras login -u $USER $HOST"

    @property
    def version(self) -> str:
        return self.part.version.removeprefix("Version:").strip()

    def login(self, account: Account) -> Ran:
        secret = ("-u", account.email, "--password-stdin")
        return self.run("login", _PLAIN, *secret, self.host, given=account.secret)

    def push(self, layout: Path, name: str) -> Ran:
        source = f"{layout}@{digest_of(layout)}"
        return self.run("copy", "--from-oci-layout", source, "--to-plain-http", self.full(name))

    def push_index(self, layout: Path, name: str) -> Ran:
        return self.push(layout, name)

    def push_referrer(self, layout: Path, name: str) -> Ran:
        return self.run(
            "attach", _PLAIN, "--disable-path-validation", "--artifact-type", "application/vnd.example.note",
            self.full(name), str(layout / "oci-layout"),
        )  # fmt: skip

    def pull(self, name: str) -> Ran:
        target = self.folder / f"pulled-{len(list(self.folder.iterdir()))}"
        return self.run("copy", "--from-plain-http", self.full(name), "--to-oci-layout", f"{target}:pulled")

    def copy(self, source: str, target: str) -> Ran:
        return self.run("copy", "--from-plain-http", self.full(source), "--to-plain-http", self.full(target))

    def delete(self, name: str, digest: str) -> Ran:
        return self.run("manifest", "delete", _PLAIN, "--force", self.full(at_digest(name, digest)))

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        return run(self.part, *arguments, given=given, DOCKER_CONFIG=str(self.folder))
