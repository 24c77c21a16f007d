"""The namespace `registry` against real registries: what is pushed shows, and what is taken away is gone, alone."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.system.client.containers import Skopeo
from tests.system.layouts import image_layout, index_layout
from tests.system.stage import Account, Stage

pytestmark = pytest.mark.system

SECONDS = 20.0
"""How long the index may take to show what was pushed; it usually takes a tenth of one."""


@pytest.fixture(scope="module")
def project(stage: Stage) -> str:
    return stage.project("acme")


@pytest.fixture(scope="module")
def owner(stage: Stage, project: str) -> Account:
    return stage.account(project, "owner", "owner")


@pytest.fixture
def push(stage: Stage, skopeo: Skopeo, owner: Account, tmp_path: Path) -> Callable[..., str]:
    """Pushes an image, or an index of these platforms, under these tags, and waits until the index has read it."""

    def push(name: str, *tags: str, platforms: tuple[str, ...] = ()) -> str:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        layout = index_layout(folder, *platforms) if platforms else image_layout(folder)
        for tag in tags:
            ran = skopeo.by(owner).push_index(layout, f"acme/{name}:{tag}")
            assert ran.returncode == 0, ran.stderr
        _wait_until(lambda: all(sizes(stage, name).get(tag, 0) > 0 for tag in tags), f"{name} is read")
        return digest_of(stage, name, tags[0])

    return push


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        time.sleep(0.05)


def tags_of(stage: Stage, name: str) -> list[dict[str, Any]]:
    answer = stage.answer("registry.getTags", project="acme", repository=f"acme/{name}")
    return list(answer["result"]["items"]) if answer["ok"] else []


def sizes(stage: Stage, name: str) -> dict[str, int]:
    return {item["tag"]: item["size"] for item in tags_of(stage, name)}


def digest_of(stage: Stage, name: str, tag: str) -> str:
    return str(next(item["digest"] for item in tags_of(stage, name) if item["tag"] == tag))


def manifests_of(stage: Stage, name: str) -> dict[str, dict[str, Any]]:
    items = stage.call("registry.getManifests", project="acme", repository=name)["items"]
    return {item["digest"]: item for item in items}


def error_of(stage: Stage, method: str, **body: Any) -> dict[str, Any]:
    answer = stage.answer(method, project="acme", **body)
    assert not answer["ok"], answer
    error: dict[str, Any] = answer["error"]
    return error


def pulls(stage: Stage, skopeo: Skopeo, owner: Account, reference: str) -> bool:
    return skopeo.by(owner).pull(f"acme/{reference}").returncode == 0


def test_what_was_pushed_is_listed(stage: Stage, push: Callable[..., str]) -> None:
    """A real push shows in list, get, getTags and getManifests, with platform, size and author."""
    digest = push("listed", "v1", "v2")
    repository = stage.call("registry.get", project="acme", repository="listed")
    assert (repository["name"], repository["tags"], repository["manifests"]) == ("acme/listed", 2, 1)
    (manifest,) = manifests_of(stage, "listed").values()
    assert (manifest["digest"], manifest["tags"], manifest["platform"]) == (digest, ["v1", "v2"], "linux/amd64")
    assert manifest["size"] == repository["size"] == sizes(stage, "listed")["v1"]
    assert manifest["pushedBy"].startswith("owner@acme.")
    assert "acme/listed" in [item["name"] for item in stage.call("registry.list", project="acme")["items"]]


def test_untag_takes_one_tag_alone(stage: Stage, skopeo: Skopeo, owner: Account, push: Callable[..., str]) -> None:
    """The manifest and its other tags stay pullable, on 2.8 as on 3.x; nothing comes back, and no throw-away shows."""
    digest = push("untagged", "old-staging", "v1")
    push("untagged", "other", platforms=("arm64",))
    before = set(manifests_of(stage, "untagged"))
    body = {"project": "acme", "repository": "acme/untagged", "tag": "old-staging"}
    assert stage.call("registry.untag", **body) == {}
    for _ in range(2):
        assert set(sizes(stage, "untagged")) == {"v1", "other"}
        assert set(manifests_of(stage, "untagged")) == before
        time.sleep(6)
    assert pulls(stage, skopeo, owner, "untagged:v1")
    assert pulls(stage, skopeo, owner, f"untagged@{digest}")
    assert not pulls(stage, skopeo, owner, "untagged:old-staging")


def test_a_push_after_untag_stands(stage: Stage, skopeo: Skopeo, owner: Account, push: Callable[..., str]) -> None:
    """The same tag again, pushed as soon as untag has answered, is there to stay."""
    push("again", "v1", "keep")
    stage.call("registry.untag", project="acme", repository="again", tag="v1")
    digest = push("again", "v1", platforms=("arm64",))
    time.sleep(6)
    assert digest_of(stage, "again", "v1") == digest
    assert pulls(stage, skopeo, owner, "again:v1")


def test_a_manifest_is_deleted_when_nothing_needs_it(
    stage: Stage, skopeo: Skopeo, owner: Account, push: Callable[..., str]
) -> None:
    """Refused while tagged, and while a child of a living index; then gone, from index and registry."""
    parent = push("manifests", "v1", platforms=("amd64", "arm64"))
    child = manifests_of(stage, "manifests")[parent]["children"][0]
    tagged = error_of(stage, "registry.deleteManifest", repository="manifests", digest=parent)
    assert (tagged["code"], tagged["items"]) == ("manifest_tagged", ["v1"])
    used = error_of(stage, "registry.deleteManifest", repository="manifests", digest=child)
    assert (used["code"], used["items"]) == ("manifest_in_use", [parent])
    stage.call("registry.untag", project="acme", repository="manifests", tag="v1")
    for digest in (parent, child):
        stage.call("registry.deleteManifest", project="acme", repository="manifests", digest=digest)
        assert not pulls(stage, skopeo, owner, f"manifests@{digest}")
    assert len(manifests_of(stage, "manifests")) == 1


def test_a_repository_is_deleted_whole(stage: Stage, skopeo: Skopeo, owner: Account, push: Callable[..., str]) -> None:
    """Every tag and manifest; it is not found then, nor by a sweep, though the registry's catalogue still names it."""
    digest = push("deleted", "v1", "v2", platforms=("amd64", "arm64"))
    push("deleted", "v3", platforms=("s390x",))
    stage.call("registry.delete", project="acme", repository="deleted")
    assert error_of(stage, "registry.get", repository="deleted")["code"] == "repository_not_found"
    for reference in ("deleted:v1", "deleted:v3", f"deleted@{digest}"):
        assert not pulls(stage, skopeo, owner, reference)
    time.sleep(6)
    assert error_of(stage, "registry.get", repository="deleted")["code"] == "repository_not_found"
    _sweep(stage)
    assert error_of(stage, "registry.get", repository="deleted")["code"] == "repository_not_found"
    assert "acme/deleted" not in [item["name"] for item in stage.call("registry.list", project="acme")["items"]]


def _sweep(stage: Stage) -> None:
    """The index is compared with the whole catalogue, which names emptied repositories for ever."""
    sweep = stage.call("reconcile.begin", project="acme")["id"]
    _wait_until(lambda: "finishedAt" in stage.call("reconcile.get", id=sweep), "the sweep ends")


def test_existing_scripts_work_letter_by_letter(stage: Stage, push: Callable[..., str]) -> None:
    """curl with -d sends a form's Content-Type; the calls are those that existing scripts make."""
    push("web", "old-staging", "v1")
    loose = push("web", "loose", platforms=("arm64",))
    stage.call("registry.untag", project="acme", repository="web", tag="loose")
    for method, rest in (
        ("getTags", ""),
        ("getManifests", ""),
        ("untag", ', "tag": "old-staging"'),
        ("deleteManifest", f', "digest": "{loose}"'),
    ):
        assert _curl(stage, method, f'{{ "project": "acme", "repository": "acme/web"{rest} }}')["ok"] is True
    assert set(sizes(stage, "web")) == {"v1"}


def _curl(stage: Stage, method: str, body: str) -> Any:
    url = f"{stage.installation.public_url}/registry.{method}"
    token = stage.administrator.secret
    command = ["curl", "-sS", url, "-H", f"Authorization: Bearer {token}", "-d", body]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=20).stdout)
