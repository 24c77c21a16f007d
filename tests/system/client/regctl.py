"""regctl, and with it what is made of regclient: regsync, regbot."""

import json
from pathlib import Path

from tests.system.client.base import Client, Ran, at_digest, run
from tests.system.layouts import digest_of
from tests.system.stage import Account


class Regctl(Client):
    title = "regctl"
    signing_in = "regctl registry login $HOST -u $USER"

    @property
    def version(self) -> str:
        return self.part.version.removeprefix("VCSTag:").strip()

    def login(self, account: Account) -> Ran:
        secret = ("-u", account.email, "--pass-stdin")
        return self.run("registry", "login", self.host, *secret, given=account.secret)

    def logout(self) -> None:
        super().logout()
        self._settings.unlink(missing_ok=True)

    def push(self, layout: Path, name: str) -> Ran:
        return self.run("image", "copy", f"ocidir://{layout}@{digest_of(layout)}", self.full(name))

    def push_index(self, layout: Path, name: str) -> Ran:
        return self.push(layout, name)

    def push_referrer(self, layout: Path, name: str) -> Ran:
        kind = ("--artifact-type", "application/vnd.example.note")
        return self.run("artifact", "put", "--subject", self.full(name), *kind, given=digest_of(layout))

    def pull(self, name: str) -> Ran:
        target = self.folder / f"pulled-{len(list(self.folder.iterdir()))}"
        return self.run("image", "copy", self.full(name), f"ocidir://{target}:pulled")

    def copy(self, source: str, target: str) -> Ran:
        return self.run("image", "copy", self.full(source), self.full(target))

    def delete(self, name: str, digest: str) -> Ran:
        return self.run("manifest", "delete", self.full(at_digest(name, digest)))

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        return run(self.part, *arguments, given=given, REGCTL_CONFIG=str(self._plain()), DOCKER_CONFIG=str(self.folder))

    @property
    def _settings(self) -> Path:
        return self.folder / "regctl.json"

    def _plain(self) -> Path:
        """Its settings, which say that this registry speaks HTTP."""
        if not self._settings.exists():
            self._settings.write_text(json.dumps({"hosts": {self.host: {"tls": "disabled", "hostname": self.host}}}))
        return self._settings
