"""docs/security.md, "Rotating": its own lines, run beside real registries while somebody pulls."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts import Part
from tests.system.stage import Account, Stage, installed, running_registry, running_sidecar

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/security.md"


def lines_of(heading: str) -> list[str]:
    """The indented blocks below this heading, one text each."""
    section = re.search(rf"^### {heading}\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert section, heading
    return re.findall(r"((?:^    .*\n)+)", section[1], re.MULTILINE)


class Rotating:
    """An installation whose two processes can be started again."""

    def __init__(self, folder: Path, registry: Part | None = None) -> None:
        self.installation = installed(folder / "installation")
        self._part = registry
        self._registry, self._sidecar = ExitStack(), ExitStack()
        token = self.installation.admin_token.read_text().strip()
        self.stage = Stage(self.installation, "3", "", Account("admin@localhost", token))

    def start_registry(self) -> None:
        assert self._part is not None
        self._registry.close()
        self._registry.enter_context(running_registry(self.installation, self._part))

    def start_sidecar(self) -> None:
        self._sidecar.close()
        self._sidecar.enter_context(running_sidecar(self.installation))

    def stop(self) -> None:
        self._registry.close()
        self._sidecar.close()

    def type(self, text: str) -> None:
        """Lines of the page, in the installation's folder."""
        sidecar = f'sidecar() {{ PYTHONPATH="{ROOT}" "{sys.executable}" -m sidecar "$@"; }}\n'
        ran = subprocess.run(
            ["bash", "-euc", sidecar + text],
            cwd=self.installation.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    def token(self) -> str:
        """A registry token for the catalogue, which the administrator may read."""
        url = f"{self.installation.public_url}/token?service=registry&scope=registry:catalog:*"
        answer = _asked(url, f"Bearer {self.stage.administrator.secret}")
        assert isinstance(answer, dict)
        return str(answer["token"])

    def believes(self, token: str) -> bool:
        """Whether the registry takes it."""
        answer = _asked(f"{self.installation.registry_url}/v2/_catalog", f"Bearer {token}")
        return bool(answer != 401)


def _asked(url: str, authorization: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": authorization})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return yaml.safe_load(response.read())
    except urllib.error.HTTPError as error:
        return error.code


def test_a_new_ca_takes_over_with_no_token_refused(registry: Part, tmp_path: Path) -> None:
    """Before, between and after the steps, each token that was given lives its life; in the end the old CA counts no more."""
    learn, switch, forget = lines_of("The CA")
    rotating = Rotating(tmp_path, registry)
    try:
        rotating.start_registry()
        rotating.start_sidecar()
        old = rotating.token()
        rotating.type(learn)
        rotating.start_registry()
        assert [rotating.believes(token) for token in (old, rotating.token())] == [True, True]
        rotating.type(switch)
        rotating.start_sidecar()
        new = rotating.token()
        assert [rotating.believes(token) for token in (old, new)] == [True, True]
        rotating.type(forget)
        rotating.start_registry()
        assert [rotating.believes(token) for token in (old, new)] == [False, True]
    finally:
        rotating.stop()


def test_a_new_event_secret_takes_over(tmp_path: Path) -> None:
    """Both count until the old one is taken out; then it counts no more."""
    add, change, remove = lines_of("The secret of events")
    rotating = Rotating(tmp_path)
    events = f"{rotating.installation.public_url}/events"
    old = rotating.installation.event_secrets.read_text().strip()
    try:
        rotating.type(add)
        rotating.start_sidecar()
        new = rotating.installation.event_secrets.read_text().split()[0]
        rotating.type(change)
        configured = rotating.installation.registry_yaml("3").read_text()
        assert (new in configured, old in configured) == (True, False)
        assert [_sent(events, secret) for secret in (old, new)] == [200, 200]
        rotating.type(remove)
        rotating.start_sidecar()
        assert [_sent(events, secret) for secret in (old, new)] == [401, 200]
    finally:
        rotating.stop()


def _sent(url: str, secret: str) -> int:
    """The status of an empty notification."""
    headers = {
        "Authorization": f"Bearer {secret}",
        "Content-Type": "application/vnd.docker.distribution.events.v2+json",
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, b'{"events":[]}', headers), timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_new_key_of_pull_secrets_takes_over(tmp_path: Path) -> None:
    """Each kept password opens before, during and after; with the new key alone, too."""
    add, remove = lines_of("The key of pull secrets")
    rotating = Rotating(tmp_path)
    body = {"project": "acme", "name": "github"}
    try:
        rotating.start_sidecar()
        rotating.stage.project("acme")
        login = {"server": "ghcr.io", "username": "ann", "password": "secret"}
        made = rotating.stage.call("pullSecret.create", **body, **login)["dockerConfig"]
        for step in (add, remove):
            rotating.type(step)
            rotating.start_sidecar()
            assert rotating.stage.call("pullSecret.get", **body)["dockerConfig"] == made
    finally:
        rotating.stop()


def test_a_new_administrators_token_takes_over(tmp_path: Path) -> None:
    """The old one counts no more once the sidecar has started again."""
    (renew,) = lines_of("The administrator's token")
    rotating = Rotating(tmp_path)
    me = f"{rotating.installation.public_url}/me.get"
    old = rotating.stage.administrator.secret
    try:
        rotating.start_sidecar()
        rotating.type(renew)
        rotating.start_sidecar()
        new = rotating.installation.admin_token.read_text().strip()
        answers = []
        for secret in (old, new):
            request = urllib.request.Request(me, b"{}", {"Authorization": f"Bearer {secret}"})
            with urllib.request.urlopen(request, timeout=10) as response:
                answers.append(yaml.safe_load(response.read())["ok"])
        assert answers == [False, True]
    finally:
        rotating.stop()
