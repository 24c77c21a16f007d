"""docker against real registries: who may sign in, push and pull, and who may not."""

import pytest

from tests.system.client.docker import Docker
from tests.system.stage import Account, Stage

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def developer(stage: Stage) -> Account:
    return stage.account(stage.project("acme"), "developer", "developer")


@pytest.fixture(scope="module")
def stranger(stage: Stage) -> Account:
    return stage.account(stage.project("other"), "stranger", "owner")


def pushed(docker: Docker, stage: Stage, account: Account, name: str) -> str:
    """A new image, pushed by this account; how it is called at the registry."""
    image = f"{stage.host}/{name}"
    docker.login(account)
    docker.make_image(image)
    ran = docker.run("push", image)
    assert ran.returncode == 0, ran.stderr
    docker.forget(image)
    return image


def test_login_takes_the_right_secret(docker: Docker, stage: Stage, developer: Account) -> None:
    """A service account's key signs in."""
    ran = docker.login(developer)
    assert "Login Succeeded" in ran.stdout, ran.stderr


def test_login_refuses_a_wrong_secret(docker: Docker, stage: Stage, developer: Account) -> None:
    """TS-30: a wrong secret fails at login already, though public images need none."""
    ran = docker.login(Account(developer.email, developer.secret[:-1]))
    assert ran.returncode != 0
    assert "unauthorized" in ran.stderr.lower()


def test_login_refuses_a_stranger(docker: Docker, stage: Stage) -> None:
    """TS-31: somebody who doesn't exist gets no further than a wrong secret does."""
    ran = docker.login(Account("nobody@example.com", "secret"))
    assert ran.returncode != 0


def test_what_was_pushed_is_pulled(docker: Docker, stage: Stage, developer: Account) -> None:
    """The whole way: login, push, forget, pull, and the very same image is back."""
    image = f"{stage.host}/acme/whole:v1"
    docker.login(developer)
    docker.make_image(image)
    made = docker.run("inspect", "--format", "{{.Id}}", image).stdout
    docker.run("push", image)
    docker.forget(image)
    ran = docker.run("pull", image)
    assert ran.returncode == 0, ran.stderr
    assert docker.run("inspect", "--format", "{{.Id}}", image).stdout == made


def test_layers_are_mounted_from_another_repository(docker: Docker, stage: Stage, developer: Account) -> None:
    """A push of layers that a sibling repository holds asks for both, and sends none again."""
    image = f"{stage.host}/acme/source:v1"
    docker.login(developer)
    docker.make_image(image)
    docker.run("push", image)
    target = f"{stage.host}/acme/mounted:v1"
    docker.run("tag", image, target)
    ran = docker.run("push", target)
    assert "Mounted from acme/source" in ran.stdout, ran.stdout + ran.stderr


def test_a_foreign_project_takes_no_push(docker: Docker, stage: Stage, developer: Account, stranger: Account) -> None:
    """The owner of one project can push nothing into another."""
    image = f"{stage.host}/acme/intruder:v1"
    docker.login(stranger)
    docker.make_image(image)
    ran = docker.run("push", image)
    assert ran.returncode != 0
    assert "denied" in ran.stderr


def test_nobody_pushes_where_no_project_is(docker: Docker, stage: Stage) -> None:
    """S16: a push creates no project; even the administrator pushes into projects only."""
    image = f"{stage.host}/nowhere/web:v1"
    docker.login(stage.administrator)
    docker.make_image(image)
    assert docker.run("push", image).returncode != 0


def test_a_foreign_image_is_not_pulled(docker: Docker, stage: Stage, developer: Account, stranger: Account) -> None:
    """A private image is not for other projects' people."""
    image = pushed(docker, stage, developer, "acme/private:v1")
    docker.login(stranger)
    assert docker.run("pull", image).returncode != 0


def test_a_foreign_image_and_none_look_alike(
    docker: Docker, stage: Stage, developer: Account, stranger: Account
) -> None:
    """S8, TS-25: who may not see an image is not told whether it exists."""
    image = pushed(docker, stage, developer, "acme/hidden:v1")
    docker.login(stranger)
    hidden = docker.run("pull", image).stderr.replace("acme/hidden", "acme/REPOSITORY")
    missing = docker.run("pull", f"{stage.host}/acme/nothing:v1").stderr.replace("acme/nothing", "acme/REPOSITORY")
    assert "denied" in hidden
    assert hidden == missing


def test_a_public_image_is_pulled_by_anyone(docker: Docker, stage: Stage, stranger: Account) -> None:
    """A project whose viewers are all users needs no login to pull."""
    owner = stage.account(stage.project("public"), "owner", "owner")
    stage.call("role.bind", project="public", email="allUsers", roles=["viewer"])
    image = pushed(docker, stage, owner, "public/web:v1")
    docker.run("logout", stage.host)
    ran = docker.run("pull", image)
    assert ran.returncode == 0, ran.stderr


def test_a_public_project_takes_no_anonymous_push(docker: Docker, stage: Stage) -> None:
    """S18: all users get pulls, and nothing that changes anything."""
    stage.call("role.bind", project=stage.project("readonly"), email="allUsers", roles=["viewer"])
    image = f"{stage.host}/readonly/web:v1"
    docker.make_image(image)
    assert docker.run("push", image).returncode != 0


def test_a_revoked_key_is_refused_at_once(docker: Docker, stage: Stage) -> None:
    """S22: the next command after the revocation fails, though docker still has the key."""
    account = stage.account(stage.project("revoked"), "leaver", "owner")
    image = pushed(docker, stage, account, "revoked/web:v1")
    stage.call("serviceAccount.deleteKey", project="revoked", id="leaver", secret=account.key_id)
    assert docker.run("pull", image).returncode != 0
    assert docker.login(account).returncode != 0


def test_a_personal_token_becomes_an_identity_token_that_keeps_working(docker: Docker, stage: Stage) -> None:
    """TS-46, TS-53: docker keeps a refresh token in place of the secret, and pushes and pulls with it again and again."""
    stage.project("personal")
    ran = docker.login(stage.administrator)
    assert ran.returncode == 0, ran.stderr
    assert docker.stored_credentials()["identitytoken"].startswith("rrt_")
    image = f"{stage.host}/personal/web:v1"
    docker.make_image(image)
    codes = [docker.run(verb, image).returncode for verb in ("push", "push", "pull", "pull")]
    assert codes == [0, 0, 0, 0]


def test_an_identity_token_works_from_a_credential_store(docker: Docker, stage: Stage) -> None:
    """TS-53: as on a desktop, where a helper program keeps it and config.json holds nothing."""
    stage.project("stored")
    docker.use_credential_store()
    ran = docker.login(stage.administrator)
    assert ran.returncode == 0, ran.stderr
    kept = docker.in_credential_store()
    assert (kept["Username"], kept["Secret"][:4]) == ("<token>", "rrt_")
    assert docker.stored_credentials() == {}
    image = f"{stage.host}/stored/web:v1"
    docker.make_image(image)
    codes = [docker.run(verb, image).returncode for verb in ("push", "push", "pull", "pull")]
    assert codes == [0, 0, 0, 0]


def test_a_key_is_kept_as_it_is(docker: Docker, stage: Stage, developer: Account) -> None:
    """TS-52: a service account's key gives no refresh token; docker keeps the key, which lives as long as it says."""
    docker.login(developer)
    assert "identitytoken" not in docker.stored_credentials()
