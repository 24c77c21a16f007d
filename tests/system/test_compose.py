"""compose.yaml and deploy/Dockerfile, built and started: what is confined, what is reached, what is kept.

The base images are stand-ins made of this machine's programs, and the network is one without bridges (`composed`). It is
among the long tests: five images and as many containers are copied whole, because the daemon's storage has no layers.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts import Part
from tests.system.certificates import write_certificate
from tests.system.client.dockerd import docker_program
from tests.system.composed import HOST, ROOT, Composition, composed
from tests.system.standins import Builder, wheels_of

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(900)]

SERVICES = ("sidecar", "registry", "proxy")


@pytest.fixture(scope="module")
def builder(
    daemon: dict[str, str], real_part: Callable[[str], Part], tmp_path_factory: pytest.TempPathFactory
) -> Builder:
    """The images that compose.yaml names, made of what is here; the sidecar's by deploy/Dockerfile."""
    program = docker_program(real_part("dockerd"))
    made = Builder(program, daemon, real_part("busybox"), tmp_path_factory.mktemp("images"))
    made.program("registry", real_part("registry-3"), "/bin/registry", 'ENTRYPOINT ["/bin/registry"]', "ENV PATH=/bin")
    nginx = 'ENTRYPOINT ["/usr/sbin/nginx", "-g", "daemon off;"]'
    made.program("nginx", real_part("nginx"), "/usr/sbin/nginx", nginx, "ENV PATH=/bin")
    made.python("python", wheels_of(ROOT / "pyproject.toml"))
    options = ("--network=none", "--build-arg=PYTHON_IMAGE=standin/python", "--file", str(ROOT / "deploy/Dockerfile"))
    made.run("build", *options, "--tag=tried/sidecar", str(ROOT))
    return made


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where other users may look: the containers run as one."""
    made = Path(tempfile.mkdtemp(prefix="composed-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def running(builder: Builder, folder: Path, real_part: Callable[[str], Part]) -> Iterator[Composition]:
    ca = write_certificate(folder / "tls")
    with composed(builder, real_part("docker-compose"), folder, ca) as composition:
        yield composition


@pytest.fixture(scope="module")
def token(running: Composition) -> str:
    """The administrator's, as the operator reads it."""
    return running.run("sidecar", "cat", "/etc/registry-sidecar/admin.token").strip()


def call(running: Composition, token: str, method: str, *fields: str) -> Any:
    ran = running.inside(
        *(sys.executable, "-m", "sidecar", "call", method, *fields),
        SIDECAR_URL=f"https://{HOST}",
        SIDECAR_TOKEN=token,
        PYTHONPATH=str(ROOT),
    )
    assert ran.returncode == 0, ran.stderr + running.logs()
    return json.loads(ran.stdout)


def status(running: Composition, path: str) -> str:
    """Of an answer through the proxy."""
    curl = shutil.which("curl") or pytest.fail("curl is needed")
    answered = running.inside(
        curl, "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", str(running.ca), f"https://{HOST}{path}"
    )
    return answered.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_healthy_and_confined(running: Composition, service: str) -> None:
    """No root, no capabilities, nothing writable but volumes and /tmp; its health check passes."""
    container = running.container(service)
    host = container["HostConfig"]
    assert container["State"]["Health"]["Status"] == "healthy", running.logs()
    assert container["Config"]["User"] == "10001:10001"
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_an_image_is_pushed_and_pulled_through_the_proxy(
    running: Composition, token: str, real_part: Callable[[str], Part], image: Path, tmp_path: Path
) -> None:
    """One name, one certificate: login, push, pull, and the push shows in the API; nobody pulls without a login."""
    call(running, token, "project.create", "sid=acme", "name=Acme")
    email = call(running, token, "serviceAccount.create", "project=acme", "sid=ci", "name=CI")["email"]
    call(running, token, "role.grant", "project=acme", "role=developer", f"email={email}")
    key = call(running, token, "serviceAccount.createKey", "project=acme", "id=ci")["secret"]
    part = real_part("skopeo")
    skopeo = [str(part.program), "--insecure-policy"]
    target, certificates = f"docker://{HOST}/acme/web:v1", tmp_path / "certificates"
    certificates.mkdir()
    shutil.copy(running.ca, certificates / "ca.crt")
    login = ("--cert-dir", str(certificates), "--authfile", str(tmp_path / "auth.json"))
    ran = running.inside(*skopeo, "login", *login, "-u", email, "-p", key, HOST, **part.environment)
    assert ran.returncode == 0, ran.stderr + running.logs()
    signed_in = ("--authfile", str(tmp_path / "auth.json"))
    pushed = (*skopeo, "copy", *signed_in, "--dest-cert-dir", str(certificates), f"oci:{image}", target)
    pulled = (*skopeo, "copy", "--src-cert-dir", str(certificates), target, f"oci:{tmp_path}/pulled:v1")
    ran = running.inside(*pushed, **part.environment)
    assert ran.returncode == 0, ran.stderr + running.logs()
    anonymous = running.inside(*pulled, "--src-no-creds", **part.environment)
    assert anonymous.returncode != 0
    assert running.inside(*pulled, *signed_in, **part.environment).returncode == 0
    items: list[Any] = []
    for _ in range(100):
        if items := call(running, token, "registry.getTags", "project=acme", "repository=web")["items"]:
            break
    assert [(item["tag"], item["pushedBy"]) for item in items] == [("v1", email)]


@pytest.mark.parametrize(
    ("path", "code"), [("/readyz", "200"), ("/v2/", "401"), ("/events", "404"), ("/metrics", "404")]
)
def test_what_the_proxy_reaches(running: Composition, path: str, code: str) -> None:
    """The registry and the sidecar's public side; events and metrics are for the internal listener."""
    assert status(running, path) == code


def test_the_registry_holds_no_key_of_the_sidecar(running: Composition) -> None:
    """It has its own configuration and the CA's certificate; the CA's key and the administrator's token aren't there."""
    files = running.run("registry", "ls", "-R", "/etc/registry-sidecar")
    assert "ca.crt" in files
    assert not any(name in files for name in ("ca.key", "admin.token", "pull-secrets"))


def test_everything_is_kept_over_a_stop(running: Composition, token: str) -> None:
    """Told to stop, each service ends well; started again, what was made is there and no key was made anew."""
    running.stop()
    codes = {service: running.container(service)["State"]["ExitCode"] for service in ("sidecar", "proxy")}
    assert codes == {"sidecar": 0, "proxy": 0}
    running.up()
    assert [item["sid"] for item in call(running, token, "project.list")["items"]] == ["acme"]
