"""SIGKILL at any step of taking something away: after the next start the index tells no lie, and no throw-away is left."""

import json
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Final

import pytest

from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.bootstrap.keys import token_signer
from sidecar.config import Config
from sidecar.domain.manifests import OCI_INDEX
from sidecar.ports import AccessEntry
from tests.fakes import digest_of
from tests.parts import Part
from tests.system.stage import Account, Stage, installed, running_registry, running_sidecar

pytestmark = pytest.mark.system

SECONDS: Final = 60.0
"""What comes soon comes within this, however busy the machine is."""
MANY: Final = 100
"""More steps than any change here takes."""


def manifest(text: str) -> bytes:
    """The smallest manifest there is: an index of nothing, made its own by this text."""
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"text": text}}
    return json.dumps(document).encode()


@dataclass
class Scene:
    """A registry that runs throughout, and a sidecar that is started and killed. `throwaways` are all that ever were."""

    stage: Stage
    throwaways: set[str] = field(default_factory=set)

    def put(self, reference: str, content: bytes) -> None:
        assert self._ask("PUT", f"manifests/{reference}", content)[0] == 201

    def registry_tags(self) -> dict[str, str]:
        """Each tag that the registry lists, and what it shows under it."""
        status, _, body = self._ask("GET", "tags/list")
        names = (json.loads(body)["tags"] or []) if status == 200 else []
        return {name: self.shown(name) or "nothing" for name in names}

    def shown(self, reference: str) -> str | None:
        status, headers, _ = self._ask("HEAD", f"manifests/{reference}")
        return headers["Docker-Content-Digest"] if status == 200 else None

    def index(self, method: str, key: str) -> dict[str, str]:
        answer = self.stage.answer(method, project="acme", repository="web")
        return {item[key]: item["digest"] for item in answer["result"]["items"]} if answer["ok"] else {}

    def disagreement(self) -> str | None:
        """Where index and registry differ, throw-aways are left, or a change is yet to be found out."""
        tags, indexed = self.registry_tags(), self.index("registry.getTags", "tag")
        if tags != indexed:
            return f"the registry shows {tags}, the index {indexed}"
        manifests = set(self.index("registry.getManifests", "digest"))
        if lies := [digest for digest in manifests if self.shown(digest) is None]:
            return f"the index lists {lies}, which the registry hasn't"
        if left := [digest for digest in self.throwaways if digest in manifests or self.shown(digest)]:
            return f"throw-aways are left: {left}"
        return None

    def agree_soon(self) -> None:
        _soon(lambda: self.disagreement() is None and not self._intents("concluded_at IS NULL"), self.disagreement)

    def prepare(self, step: int) -> str:
        """Two tags, and a manifest that nothing holds: its digest. The index knows them."""
        wanted = {"keep": digest_of(manifest("keep")), "cut": digest_of(manifest(f"cut {step}"))}
        for tag, text in (("keep", "keep"), ("cut", f"cut {step}")):
            self.put(tag, manifest(text))
        loose = digest_of(manifest(f"loose {step}"))
        self.put(loose, manifest(f"loose {step}"))
        _soon(
            lambda: self.index("registry.getTags", "tag") == wanted, lambda: "the index doesn't learn what was pushed"
        )
        _soon(lambda: loose in self.index("registry.getManifests", "digest"), lambda: "the index doesn't learn it")
        _soon(lambda: not self._unread(), lambda: "the index doesn't read what was pushed")
        return loose

    def is_killed_by(self, sidecar: subprocess.Popen[bytes], method: str, body: dict[str, str]) -> bool:
        """Makes the call; whether the sidecar was killed in it."""
        try:
            assert self.stage.answer(method, project="acme", repository="web", **body)["ok"]
            killed = False
        except (OSError, HTTPException):
            sidecar.wait(SECONDS)
            killed = True
        self.throwaways |= {row[0] for row in self._intents("1 = 1")}
        return killed

    def _intents(self, condition: str) -> list[Any]:
        return self._look_up(f"SELECT throwaway FROM intent WHERE {condition}")

    def _unread(self) -> list[Any]:
        return self._look_up("SELECT digest FROM manifest WHERE gone = 0 AND fetch_after IS NOT NULL")

    def _look_up(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.stage.installation.folder / "sidecar.db")) as connection:
            return connection.execute(sql).fetchall()

    def _ask(self, method: str, path: str, content: bytes | None = None) -> tuple[int, Any, bytes]:
        signer = token_signer(Config.load(self.stage.installation.sidecar_yaml), SystemClock(), SystemRandomness())
        token = signer.sign("ci@acme.example", [AccessEntry("repository", "acme/web", ("pull", "push"))], 60).text
        headers = {"Authorization": f"Bearer {token}", "Content-Type": OCI_INDEX, "Accept": OCI_INDEX}
        url = f"{self.stage.installation.registry_url}/v2/acme/web/{path}"
        request = urllib.request.Request(url, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, b""


def _soon(condition: Callable[[], bool], what: Callable[[], str | None]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def scene(registry: Part, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    installation = installed(tmp_path_factory.mktemp("interrupted") / "sidecar")
    with running_registry(installation, registry) as line:
        administrator = Account("admin@localhost", installation.admin_token.read_text().strip())
        stage = Stage(installation, line, registry.version, administrator)
        with running_sidecar(installation):
            stage.project("acme")
        yield Scene(stage)


@pytest.mark.parametrize(
    "steps", [range(3, MANY, 7), pytest.param(range(1, MANY), marks=pytest.mark.long)], ids=["some", "all"]
)
@pytest.mark.parametrize("method", ["registry.untag", "registry.deleteManifest", "registry.delete"])
@pytest.mark.timeout(1200)
def test_a_kill_at_any_step_leaves_no_lie(scene: Scene, method: str, steps: range) -> None:
    """Each thing is gone or as it was, at the registry and in the index alike; a deletion that was begun goes on."""
    killed = 0
    for step in steps:
        with running_sidecar(scene.stage.installation, "tests.system.cut_short", str(step)) as sidecar:
            scene.agree_soon()
            loose = scene.prepare(step)
            body = {"registry.untag": {"tag": "cut"}, "registry.deleteManifest": {"digest": loose}}.get(method, {})
            if not scene.is_killed_by(sidecar, method, body):
                break
        killed += 1
        if method != "registry.delete":
            assert scene.shown("keep") == digest_of(manifest("keep"))
    with running_sidecar(scene.stage.installation):
        scene.agree_soon()
    assert killed >= 1
