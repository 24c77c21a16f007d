"""crane, and with it what is made of go-containerregistry: ko, kaniko, cosign, Flux."""

from pathlib import Path

from tests.system.client.base import Client, Ran, at_digest, run
from tests.system.layouts import digest_of
from tests.system.stage import Account


class Crane(Client):
    title = "crane"
    signing_in = "crane auth login $HOST -u $USER -p $SECRET"
    checks_login = False

    def login(self, account: Account) -> Ran:
        return self.run("auth", "login", self.host, "-u", account.email, "--password-stdin", given=account.secret)

    def push(self, layout: Path, name: str) -> Ran:
        return self.run("push", str(layout), self.full(name))

    def push_index(self, layout: Path, name: str) -> Ran:
        """It pushes the layout's own index, which lists ours, so the tag is set to ours afterwards."""
        ran = self.run("push", "--index", str(layout), self.full(name))
        if ran.returncode != 0:
            return ran
        return self.run("tag", self.full(at_digest(name, digest_of(layout))), name.rpartition(":")[2])

    def push_referrer(self, layout: Path, name: str) -> Ran:
        return self.push(layout, at_digest(name, digest_of(layout)))

    def pull(self, name: str) -> Ran:
        target = self.folder / f"pulled-{len(list(self.folder.iterdir()))}"
        return self.run("pull", "--format", "oci", self.full(name), str(target))

    def copy(self, source: str, target: str) -> Ran:
        return self.run("copy", self.full(source), self.full(target))

    def delete(self, name: str, digest: str) -> Ran:
        return self.run("delete", self.full(at_digest(name, digest)))

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        return run(self.part, *arguments, given=given, DOCKER_CONFIG=str(self.folder))
