"""Sign-ins by what others vouch for: real clients, real registries, and dex as a real provider."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from typer.testing import CliRunner

from sidecar.cli.main import app
from tests.parts import Part
from tests.system.client.containers import Skopeo
from tests.system.client.docker import Docker
from tests.system.dex import CLIENT, Dex
from tests.system.stage import Account, Stage, staged

pytestmark = pytest.mark.system

ROBOT = "robot@acme.serviceaccount.127.0.0.1"
Folders = pytest.TempPathFactory


class Provider:
    """dex, which can be taken away and started anew with other keys."""

    def __init__(self, dex: Dex) -> None:
        self.dex = dex
        self._running = ExitStack()

    def start(self) -> None:
        self._running.enter_context(self.dex.running())

    def stop(self) -> None:
        self._running.close()

    def id_token(self, name: str) -> str:
        return self.dex.tokens(name)["id_token"]


@pytest.fixture(scope="module")
def provider(real_part: Callable[[str], Part], tmp_path_factory: Folders) -> Iterator[Provider]:
    """ann is in the group `ops`, ben in none."""
    made = Provider(Dex(real_part("dex"), tmp_path_factory.mktemp("dex"), {"ann": ["ops"], "ben": []}))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def server(real_part: Callable[[str], Part], tmp_path_factory: Folders) -> Iterator[Dex]:
    """Another dex, whose tokens are opaque to the sidecar: it is asked about them."""
    dex = Dex(real_part("dex"), tmp_path_factory.mktemp("server"), {"eve": ["ops"], "builder": []})
    with dex.running():
        yield dex


@pytest.fixture(scope="module")
def stage(registry: Part, provider: Provider, server: Dex, tmp_path_factory: Folders) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    settings = f"sign_in: {json.dumps(_sign_in(folder, provider.dex, server))}\n"
    with staged(folder / "installation", registry, settings=settings) as running:
        running.project("acme")
        running.call("role.bind", project="acme", email="group:ops", roles=["developer"])
        running.call("serviceAccount.create", project="acme", sid="robot", name="robot")
        running.call("role.bind", project="acme", email=ROBOT, roles=["developer"])
        yield running


def _sign_in(folder: Path, provider: Dex, server: Dex) -> dict[str, Any]:
    hashed = bcrypt.hashpw(b"old password", bcrypt.gensalt(5)).decode().replace("$2b$", "$2y$")
    passwords, secret = folder / "htpasswd", folder / "client-secret"
    passwords.write_text(f"jenkins:{hashed}\nann:{hashed}\n")
    secret.write_text(CLIENT[1])
    secret.chmod(0o600)
    shared = {"audiences": [CLIENT[0]], "email_domains": ["acme.example"]}
    return {
        "oidc": [{"issuer": provider.issuer, "groups_claim": "groups", **shared}],
        "htpasswd": {"file": str(passwords), "principals": {"jenkins": ROBOT}, "default_domain": "acme.example"},
        "introspection": {
            "url": f"{server.issuer}/token/introspect",
            "client_id": CLIENT[0],
            "client_secret_file": str(secret),
            "email_claim": "ext.email",
            "principals": {"builder": ROBOT},
            **shared,
        },
    }


def test_docker_signs_in_with_an_id_token(docker: Docker, stage: Stage, provider: Provider) -> None:
    """And pushes and pulls by what her group may; docker keeps the token, in place of a refresh token."""
    ran = docker.login(Account("ann@acme.example", provider.id_token("ann")))
    assert "Login Succeeded" in ran.stdout, ran.stderr
    assert "identitytoken" not in docker.stored_credentials()
    image = f"{stage.host}/acme/oidc:v1"
    docker.make_image(image)
    codes = [docker.run(verb, image).returncode for verb in ("push", "pull")]
    assert codes == [0, 0]


def test_docker_is_refused_with_another_persons_token(docker: Docker, stage: Stage, provider: Provider) -> None:
    """TS-35: and with one that was changed, though everything else of it is right."""
    token = provider.id_token("ben")
    assert docker.login(Account("ann@acme.example", token)).returncode != 0
    assert docker.login(Account("ben@acme.example", f"{token[:-8]}AAAAAAAA")).returncode != 0
    assert docker.login(Account("ben@acme.example", token)).returncode == 0


def test_skopeo_signs_in_by_the_name_that_says_a_token(
    skopeo: Skopeo, stage: Stage, provider: Provider, image: Path
) -> None:
    """`oauth2accesstoken`: whose it is, the token says. Who is in no group pushes nothing."""
    target = "acme/skopeo:v1"
    ann, ben = (Account("oauth2accesstoken", provider.id_token(name)) for name in ("ann", "ben"))
    assert [skopeo.login(account).returncode for account in (ann, ben)] == [0, 0]
    assert [skopeo.by(account).push(image, target).returncode == 0 for account in (ann, ben)] == [True, False]
    assert [skopeo.by(account).pull(target).returncode == 0 for account in (ann, ben)] == [True, False]


def test_a_token_made_with_it_holds_what_her_groups_hold(
    skopeo: Skopeo, stage: Stage, provider: Provider, image: Path
) -> None:
    """The API takes the ID token as a bearer; the personal token pushes after it."""
    signed_in = replace(stage, administrator=Account("", provider.id_token("ann")))
    made = signed_in.call("me.generateToken", label="laptop")
    personal = Account("ann@acme.example", made["token"])
    assert skopeo.by(personal).push(image, "acme/personal:v1").returncode == 0


def test_users_of_the_old_password_file_go_on(skopeo: Skopeo, docker: Docker, stage: Stage, image: Path) -> None:
    """A robot that the configuration makes a service account pushes; a person signs in; a wrong password fails."""
    robot = Account("jenkins", "old password")
    ran = skopeo.by(robot).push(image, "acme/old:v1")
    assert ran.returncode == 0, ran.stderr
    assert docker.login(robot).returncode == 0
    assert docker.login(Account("ann", "old password")).returncode == 0
    assert docker.login(Account("ann", "new password")).returncode != 0


def test_opaque_tokens_are_asked_about(skopeo: Skopeo, stage: Stage, server: Dex, image: Path) -> None:
    """dex itself answers: whose an access token is. Its refresh tokens, which it calls active, open nothing."""
    builder, eve = server.tokens("builder"), server.tokens("eve")
    robot = Account("oauth2accesstoken", builder["access_token"])
    ran = skopeo.by(robot).push(image, "acme/opaque:v1")
    assert ran.returncode == 0, ran.stderr
    assert skopeo.login(Account("eve@acme.example", eve["access_token"])).returncode == 0
    assert skopeo.login(Account("ann@acme.example", eve["access_token"])).returncode != 0
    assert skopeo.login(Account("oauth2accesstoken", builder["refresh_token"])).returncode != 0


def test_check_asks_all_of_them(stage: Stage, provider: Provider) -> None:
    """`sidecar check` beside the running sidecar finds nothing wrong."""
    result = CliRunner().invoke(app, ["check", "-c", str(stage.installation.sidecar_yaml)])
    assert (result.exit_code, "WRONG" in result.output) == (0, False), result.output
    assert f"{provider.dex.issuer} publishes 1 usable key" in result.output
    assert "the authorization server answers about tokens" in result.output
    assert "holds 2 users" in result.output


def test_keys_are_followed_and_an_outage_is_survived(skopeo: Skopeo, stage: Stage, provider: Provider) -> None:
    """While dex is down its tokens go on; after a start with new keys, new tokens count within ten seconds or so."""
    old = Account("ann@acme.example", provider.id_token("ann"))
    assert skopeo.login(old).returncode == 0
    provider.stop()
    assert skopeo.login(old).returncode == 0
    provider.start()
    new = Account("ann@acme.example", provider.id_token("ann"))
    deadline = time.monotonic() + 60
    while skopeo.login(new).returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert skopeo.login(old).returncode != 0
