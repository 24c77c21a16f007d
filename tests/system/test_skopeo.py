"""skopeo against real registries: indexes, mounts, and deletion, which needs a right of its own."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.system.clients import Skopeo, oci_layout
from tests.system.stage import Account, Stage

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def project(stage: Stage) -> str:
    return stage.project("acme")


@pytest.fixture(scope="module")
def developer(stage: Stage, project: str) -> Account:
    return stage.account(project, "developer", "developer")


@pytest.fixture(scope="module")
def owner(stage: Stage, project: str) -> Account:
    return stage.account(project, "owner", "owner")


def test_login_takes_the_right_secret_alone(skopeo: Skopeo, stage: Stage, developer: Account) -> None:
    """TS-30: the same command succeeds with the key and fails with another."""
    wrong = Account(developer.email, developer.secret[::-1])
    codes = [skopeo.login(stage.host, account).returncode for account in (developer, wrong)]
    assert codes == [0, 1]


def test_what_was_pushed_is_pulled(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """A push and a pull with the same key."""
    target = f"{stage.host}/acme/whole:v1"
    ran = [skopeo.push(image, target, developer), skopeo.pull(target, developer)]
    assert [one.returncode for one in ran] == [0, 0], ran


def test_an_index_arrives_whole(skopeo: Skopeo, stage: Stage, tmp_path: Path, developer: Account) -> None:
    """A multi-architecture image is pushed with all its children, byte for byte."""
    layout = oci_layout(tmp_path / "index", "amd64", "arm64", "s390x")
    target = f"{stage.host}/acme/index:v1"
    ran = skopeo.push(layout, target, developer, "--all")
    assert ran.returncode == 0, ran.stderr
    listed = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    pulled = json.dumps(skopeo.inspect(target, developer)).encode()
    assert f"sha256:{hashlib.sha256(pulled).hexdigest()}" == listed


def test_an_image_is_copied_between_repositories(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """Within one registry skopeo mounts blobs, with a token for source and target together (S19)."""
    source, target = f"{stage.host}/acme/source:v1", f"{stage.host}/acme/copy:v1"
    skopeo.push(image, source, developer)
    credentials = f"{developer.email}:{developer.secret}"
    ran = skopeo.copy(
        f"docker://{source}", f"docker://{target}", "--src-creds", credentials, "--dest-creds", credentials
    )
    assert ran.returncode == 0, ran.stderr


def test_a_foreign_project_takes_no_push(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """A key of one project pushes nothing into another."""
    stage.project("other")
    ran = skopeo.push(image, f"{stage.host}/other/web:v1", developer)
    assert ran.returncode != 0


def test_nobody_pulls_what_is_private(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """TS-27: without credentials a private image is not there."""
    target = f"{stage.host}/acme/private:v1"
    skopeo.push(image, target, developer)
    assert skopeo.pull(target, None).returncode != 0


def test_anybody_pulls_what_is_public(skopeo: Skopeo, stage: Stage, image: Path) -> None:
    """TS-26: without credentials a public image is pulled."""
    owner = stage.account(stage.project("public"), "owner", "owner")
    stage.call("role.bind", project="public", email="allUsers", roles=["viewer"])
    target = f"{stage.host}/public/web:v1"
    skopeo.push(image, target, owner)
    ran = skopeo.pull(target, None)
    assert ran.returncode == 0, ran.stderr


def test_a_role_narrowed_to_repositories_reaches_no_others(
    skopeo: Skopeo, stage: Stage, image: Path, project: str
) -> None:
    """A binding with `repositories` lets a key push there and nowhere else in its project."""
    account = stage.account(project, "narrow", "developer")
    stage.call("role.bind", project=project, email=account.email, roles=["developer"], repositories=["acme/team-*"])
    codes = [
        skopeo.push(image, f"{stage.host}/acme/{name}:v1", account).returncode == 0 for name in ("team-web", "web")
    ]
    assert codes == [True, False]


def test_who_may_push_may_not_delete(
    skopeo: Skopeo, stage: Stage, image: Path, developer: Account, owner: Account
) -> None:
    """S29: a developer's key deletes nothing; an owner's deletes, on both lines."""
    target = f"{stage.host}/acme/deleted:v1"
    skopeo.push(image, target, developer)
    assert skopeo.delete(target, developer).returncode != 0
    assert skopeo.pull(target, developer).returncode == 0
    assert skopeo.delete(target, owner).returncode == 0
    assert skopeo.pull(target, developer).returncode != 0


def test_no_tag_is_special(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """S21: who may push may push each tag, whatever it is called; who may not may push none of them."""
    viewer = stage.account("acme", "viewer", "viewer")
    fallback = f"sha256-{hashlib.sha256(b'').hexdigest()}"
    for tag in ("latest", "main", "v1.2.3", "_", "prod", fallback):
        target = f"{stage.host}/acme/tags:{tag}"
        codes = [skopeo.push(image, target, account).returncode == 0 for account in (viewer, developer)]
        assert codes == [False, True], tag


def test_a_removed_role_counts_at_the_next_command(skopeo: Skopeo, stage: Stage, image: Path, project: str) -> None:
    """A key stays valid, but what it may do is decided anew for each token."""
    account = stage.account(project, "mover", "developer")
    target = f"{stage.host}/acme/moved:v1"
    skopeo.push(image, target, account)
    stage.call("role.revoke", project=project, email=account.email, role="developer")
    assert skopeo.pull(target, account).returncode != 0
