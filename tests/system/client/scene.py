"""Where clients are tried: a registry with its sidecar, projects, and people with different rights in them."""

import base64
import json
import re
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system.client.containers import Skopeo
from tests.system.layouts import image_layout
from tests.system.stage import Account, Stage

_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Scene:
    """`owner`, `developer` and `both` are of project acme; `both` may push into project other too, whose owner the
    stranger is. Everybody may pull from project free.
    """

    stage: Stage
    folder: Path
    hand: Skopeo
    """What places images that a client is to find."""
    owner: Account
    developer: Account
    both: Account
    stranger: Account

    def layout(self, name: str) -> Path:
        """An empty folder for a layout."""
        folder = self.folder / name.replace("/", "-").replace(":", "-")
        folder.mkdir()
        return folder

    def placed(self, name: str) -> Path:
        """An image under this name at the registry; its layout."""
        layout = image_layout(self.layout(f"placed-{name}"))
        self.hand.login(Account("admin@localhost", self.stage.administrator.secret))
        ran = self.hand.push(layout, name)
        assert ran.returncode == 0, ran.stderr
        return layout

    def refresh_token(self) -> str:
        """A refresh token of the administrator, who may push into every project of the scene."""
        user = self.stage.administrator
        basic = base64.b64encode(f"{user.email}:{user.secret}".encode()).decode()
        request = urllib.request.Request(
            f"{self.stage.installation.public_url}/token?offline_token=true&client_id=docker",
            headers={"Authorization": f"Basic {basic}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["refresh_token"])

    def manifest(self, name: str) -> dict[str, Any]:
        """What the index knows of the manifest with this tag, once its event has come and it is read."""
        repository, _, tag = name.partition(":")
        return self._awaited(repository, lambda item: tag in item["tags"])

    def index(self, name: str, children: int) -> dict[str, Any]:
        """The same of an index, once it is known that it lists so many."""
        repository, _, tag = name.partition(":")
        return self._awaited(repository, lambda item: tag in item["tags"] and len(item["children"]) == children)

    def referrer(self, repository: str) -> dict[str, Any]:
        """What the index knows of a manifest there that names a subject."""
        return self._awaited(repository, lambda item: "subject" in item)

    def mounts(self, repository: str) -> list[int]:
        """The statuses with which the registry answered requests to mount a blob into it from another repository."""
        log = (self.stage.installation.folder / "registry.log").read_text(errors="replace")
        pattern = rf'"POST /v2/{re.escape(repository)}/blobs/uploads/\?[^" ]*from=[^" ]* HTTP/1\.1" ([0-9]+)'
        return [int(status) for status in re.findall(pattern, log)]

    def _awaited(self, repository: str, fits: Any) -> dict[str, Any]:
        project, deadline = repository.partition("/")[0], time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            answer = self.stage.answer("registry.getManifests", project=project, repository=repository)
            for item in answer["result"]["items"] if answer["ok"] else ():
                if fits({"tags": [], "children": [], **item}):
                    return dict(item)
            time.sleep(0.05)
        raise AssertionError(f"the index never heard of {repository}: {answer}")


def set_up(stage: Stage, folder: Path, hand: Skopeo) -> Scene:
    """The projects and the people."""
    for sid in ("acme", "other", "free"):
        stage.project(sid)
    stage.call("role.bind", project="free", email="allUsers", roles=["viewer"])
    both = stage.account("acme", "both", "developer")
    stage.call("role.bind", project="other", email=both.email, roles=["developer"])
    return Scene(
        stage=stage,
        folder=folder,
        hand=hand,
        owner=stage.account("acme", "owner", "owner"),
        developer=stage.account("acme", "developer", "developer"),
        both=both,
        stranger=stage.account("other", "stranger", "owner"),
    )
