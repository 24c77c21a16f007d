"""Pull secrets with real clients, and their renewal by the sample job's own script."""

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.system.client.containers import Skopeo
from tests.system.client.docker import Docker
from tests.system.stage import Account, Stage

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy/kubernetes/renew-pull-secret.yaml"


@pytest.fixture(scope="module")
def pushed(stage: Stage, skopeo: Skopeo, image: Path) -> str:
    """An image of project acme."""
    developer = stage.account(stage.project("acme"), "developer", "developer")
    ran = skopeo.by(developer).push(image, "acme/web:v1")
    assert ran.returncode == 0, ran.stderr
    return "acme/web:v1"


def command(stage: Stage, *arguments: str) -> str:
    """What `sidecar pull-secret ARGUMENTS…` prints for the administrator."""
    settings = {"SIDECAR_URL": stage.installation.public_url, "SIDECAR_TOKEN": stage.administrator.secret}
    ran = subprocess.run(
        [sys.executable, "-m", "sidecar", "pull-secret", *arguments],
        env=os.environ | settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_skopeo_pulls_with_its_configuration_and_pushes_nothing(
    stage: Stage, skopeo: Skopeo, pushed: str, image: Path
) -> None:
    """The docker configuration that is printed is an authfile; a push with it is refused."""
    client = skopeo.with_credentials(command(stage, "create", "acme", "skopeo", "--ttl", "1h", "--docker-config"))
    pulled = client.pull(pushed)
    assert pulled.returncode == 0, pulled.stderr
    assert client.push(image, "acme/new:v1").returncode != 0


def test_docker_pulls_with_its_configuration_and_pushes_nothing(
    stage: Stage, docker: Docker, pushed: str, image: Path
) -> None:
    """docker takes the configuration as its config.json."""
    client = docker.with_credentials(command(stage, "create", "acme", "docker", "--docker-config"))
    ran = client.pull(pushed)
    assert ran.returncode == 0, ran.stderr
    assert "denied" in client.push(image, "acme/new:v1").stderr


def test_a_deleted_one_pulls_no_more(stage: Stage, skopeo: Skopeo, pushed: str) -> None:
    """S22: the next pull is refused."""
    client = skopeo.with_credentials(command(stage, "create", "acme", "deleted", "--docker-config"))
    command(stage, "delete", "acme", "deleted")
    assert client.pull(pushed).returncode != 0


def test_those_that_end_soon_are_listed(stage: Stage, pushed: str) -> None:
    """`--expiring-within` tells what to renew."""
    command(stage, "create", "acme", "soon", "--ttl", "2d")
    command(stage, "create", "acme", "later", "--ttl", "30d")
    listed = command(stage, "list", "acme", "--expiring-within", "7d")
    assert "soon" in listed
    assert "later" not in listed


class Kubernetes:
    """The one resource that the job changes; remembers what was asked with which token."""

    def __init__(self, manifest: Any) -> None:
        self.secret = manifest
        self.asked: list[tuple[str, str, str]] = []

    @contextmanager
    def serving(self) -> Iterator[str]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PATCH(self) -> None:
                headers = self.headers
                outer.asked.append((self.path, headers["Content-Type"], headers["Authorization"]))
                body = self.rfile.read(int(headers["Content-Length"]))
                outer.secret["data"] |= json.loads(body)["data"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()


def renewer(stage: Stage) -> Account:
    """An account that may renew, as docs/deployment.md makes it."""
    permissions = ["pullsecret.create", "registry.pull"]
    stage.call("role.create", project="acme", role="renewer", name="Renews", permissions=permissions)
    return stage.account("acme", "renewer", "renewer")


def run_job(
    stage: Stage, account: Account, kubernetes: str, files: Path, **changed: str
) -> "subprocess.CompletedProcess[str]":
    """The sample job's container, with its own command and variables but for the addresses and credentials."""
    (job,) = (each for each in yaml.safe_load_all(SAMPLE.read_text()) if each["kind"] == "CronJob")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value", "") for each in container["env"]}
    ours = {
        "SIDECAR_URL": stage.installation.public_url,
        "SIDECAR_EMAIL": account.email,
        "SIDECAR_TOKEN": account.secret,
        "KUBERNETES_URL": kubernetes,
        "KUBERNETES_FILES": str(files),
    }
    assert shutil.which("curl"), "the sample job needs curl"
    return subprocess.run(
        [*container["command"], *container["args"]],
        env={"PATH": os.environ["PATH"]} | variables | ours | changed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_sample_job_renews_without_a_gap(stage: Stage, skopeo: Skopeo, pushed: str, tmp_path: Path) -> None:
    """Its script puts a new secret into the cluster's Secret; the old one still pulls, and so does the new one."""
    manifest = yaml.safe_load(
        command(stage, "create", "acme", "cluster", "--ttl", "7d", "--namespace", "shop", "--kubernetes")
    )
    old, account, kubernetes = manifest["data"][".dockerconfigjson"], renewer(stage), Kubernetes(manifest)
    (tmp_path / "token").write_text("the job's own token")
    (tmp_path / "ca.crt").write_text("")
    with kubernetes.serving() as url:
        ran = run_job(stage, account, url, tmp_path)
        assert ran.returncode == 0, ran.stderr
        refused = run_job(stage, account, url, tmp_path, NAME="nothing")
    path = "/api/v1/namespaces/shop/secrets/cluster"
    assert kubernetes.asked == [(path, "application/merge-patch+json", "Bearer the job's own token")]
    assert (refused.returncode, "pull_secret_not_found" in refused.stderr) == (1, True)
    new = kubernetes.secret["data"][".dockerconfigjson"]
    assert new != old
    for config in (old, new):
        ran = skopeo.with_credentials(base64.b64decode(config).decode()).pull(pushed)
        assert ran.returncode == 0, ran.stderr
