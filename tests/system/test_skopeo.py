"""skopeo against real registries: indexes, mounts, and deletion, which needs a right of its own."""

import hashlib
from pathlib import Path

import pytest

from tests.system.client.containers import Skopeo
from tests.system.layouts import digest_of, index_layout
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
    codes = [skopeo.login(account).returncode for account in (developer, wrong)]
    assert codes == [0, 1]


def test_what_was_pushed_is_pulled(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """A push and a pull with the same key."""
    target = "acme/whole:v1"
    ran = [skopeo.by(developer).push(image, target), skopeo.by(developer).pull(target)]
    assert [one.returncode for one in ran] == [0, 0], ran


def test_an_index_arrives_whole(skopeo: Skopeo, stage: Stage, tmp_path: Path, developer: Account) -> None:
    """A multi-architecture image is pushed with all its children, byte for byte."""
    layout, client = index_layout(tmp_path, "amd64", "arm64", "s390x"), skopeo.by(developer)
    ran = client.push_index(layout, "acme/index:v1")
    assert ran.returncode == 0, ran.stderr
    shown = client.inspect("acme/index:v1")
    assert f"sha256:{hashlib.sha256(shown).hexdigest()}" == digest_of(layout)


def test_an_image_is_copied_between_repositories(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """Within one registry skopeo mounts blobs, with a token for source and target together (S19)."""
    client = skopeo.by(developer)
    client.push(image, "acme/source:v1")
    ran = client.copy("acme/source:v1", "acme/copy:v1")
    assert ran.returncode == 0, ran.stderr


def test_a_foreign_project_takes_no_push(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """A key of one project pushes nothing into another."""
    stage.project("other")
    ran = skopeo.by(developer).push(image, "other/web:v1")
    assert ran.returncode != 0


def test_nobody_pulls_what_is_private(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """TS-27: without credentials a private image is not there."""
    target = "acme/private:v1"
    skopeo.by(developer).push(image, target)
    assert skopeo.by(None).pull(target).returncode != 0


def test_anybody_pulls_what_is_public(skopeo: Skopeo, stage: Stage, image: Path) -> None:
    """TS-26: without credentials a public image is pulled."""
    owner = stage.account(stage.project("public"), "owner", "owner")
    stage.call("role.bind", project="public", email="allUsers", roles=["viewer"])
    target = "public/web:v1"
    skopeo.by(owner).push(image, target)
    ran = skopeo.by(None).pull(target)
    assert ran.returncode == 0, ran.stderr


def test_a_role_narrowed_to_repositories_reaches_no_others(
    skopeo: Skopeo, stage: Stage, image: Path, project: str
) -> None:
    """A binding with `repositories` lets a key push there and nowhere else in its project."""
    account = stage.account(project, "narrow", "developer")
    stage.call("role.bind", project=project, email=account.email, roles=["developer"], repositories=["acme/team-*"])
    codes = [skopeo.by(account).push(image, f"acme/{name}:v1").returncode == 0 for name in ("team-web", "web")]
    assert codes == [True, False]


def test_who_may_push_may_not_delete(
    skopeo: Skopeo, stage: Stage, image: Path, developer: Account, owner: Account
) -> None:
    """S29: a developer's key deletes nothing; an owner's deletes, on both lines."""
    target = "acme/deleted:v1"
    skopeo.by(developer).push(image, target)
    assert skopeo.by(developer).delete(target, digest_of(image)).returncode != 0
    assert skopeo.by(developer).pull(target).returncode == 0
    assert skopeo.by(owner).delete(target, digest_of(image)).returncode == 0
    assert skopeo.by(developer).pull(target).returncode != 0


def test_no_tag_is_special(skopeo: Skopeo, stage: Stage, image: Path, developer: Account) -> None:
    """S21: who may push may push each tag, whatever it is called; who may not may push none of them."""
    viewer = stage.account("acme", "viewer", "viewer")
    fallback = f"sha256-{hashlib.sha256(b'').hexdigest()}"
    for tag in ("latest", "main", "v1.2.3", "_", "prod", fallback):
        target = f"acme/tags:{tag}"
        codes = [skopeo.by(account).push(image, target).returncode == 0 for account in (viewer, developer)]
        assert codes == [False, True], tag


def test_a_removed_role_counts_at_the_next_command(skopeo: Skopeo, stage: Stage, image: Path, project: str) -> None:
    """A key stays valid, but what it may do is decided anew for each token."""
    account = stage.account(project, "mover", "developer")
    target = "acme/moved:v1"
    skopeo.by(account).push(image, target)
    stage.call("role.revoke", project=project, email=account.email, role="developer")
    assert skopeo.by(account).pull(target).returncode != 0
