"""deploy/: what is in it can be read by what it is for, and fits together."""

import json
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from tests.parts import Part
from tests.ports import free_port
from tests.running import running
from tests.system.certificates import write_certificate

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def documents() -> Iterator[Any]:
    """Every document of every Kubernetes manifest."""
    for file in MANIFESTS:
        yield from yaml.safe_load_all(file.read_text())


def pods() -> Iterator[Any]:
    """The specifications of all pods."""
    for document in documents():
        if document["kind"] == "Deployment":
            yield document["spec"]["template"]["spec"]
        if document["kind"] == "CronJob":
            yield document["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_every_manifest_says_what_it_is() -> None:
    """Each has a version, a kind and a name."""
    assert all(document["apiVersion"] and document["kind"] and document["metadata"]["name"] for document in documents())


def test_pods_are_confined() -> None:
    """No root, no capabilities, no writing but to volumes, no way to more rights."""
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert confined["readOnlyRootFilesystem"]
            assert confined["allowPrivilegeEscalation"] is False


def test_what_a_container_mounts_is_a_volume_of_its_pod() -> None:
    """And each volume is mounted."""
    for pod in pods():
        mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in pod.get("volumes", ())}


def test_the_mounted_files_are_those_that_init_writes() -> None:
    """Each file of the Secret that the head of sidecar.yaml makes is mounted where the configuration looks for it."""
    text = (DEPLOY / "kubernetes/sidecar.yaml").read_text()
    made = re.search(r"generic registry-sidecar (.*?)\n#\s+kubectl", text, re.DOTALL)
    assert made
    (config,) = (
        volume["secret"]["items"] for pod in pods() for volume in pod.get("volumes", ()) if volume["name"] == "config"
    )
    files = {path.removeprefix("files/") for path in re.findall(r"--from-file=(\S+)", made[1])}
    assert {item["path"] for item in config} == files
    assert all(item["path"].rpartition("/")[2] == item["key"] for item in config)


def test_services_lead_to_ports_of_the_pod() -> None:
    """A Service's target is a named port of the container."""
    ports = {
        port["name"]: port["containerPort"]
        for pod in pods()
        for box in pod["containers"]
        for port in box.get("ports", ())
    }
    (service,) = (document for document in documents() if document["kind"] == "Service")
    assert {port["targetPort"]: port["port"] for port in service["spec"]["ports"]} == ports


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that reached it."""

    def do_GET(self) -> None:
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def echoing() -> Iterator[int]:
    """The port of a server of `Echo`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def nginx_here(folder: Path, upstream: int, port: int) -> Path:
    """nginx.conf with the addresses and the certificate of this machine."""
    write_certificate(folder)
    text = (DEPLOY / "proxies/nginx.conf").read_text()
    here = {
        "registry:5000": f"127.0.0.1:{upstream}",
        "sidecar:5051": f"127.0.0.1:{upstream}",
        "127.0.0.1:8080": f"127.0.0.1:{free_port()}",
        "8443": f"127.0.0.1:{port}",
        " /tmp/": f" {folder}/",
        "/etc/nginx/tls": str(folder),
    }
    for name, ours in here.items():
        text = text.replace(name, ours)
    (folder / "nginx.conf").write_text(text)
    return folder / "nginx.conf"


def test_nginx_takes_its_configuration(real_part: Callable[[str], Part], tmp_path: Path) -> None:
    """`nginx -t`, with the addresses and the certificate of this machine."""
    part = real_part("nginx")
    command = [str(part.program), "-t", "-c", str(nginx_here(tmp_path, 9, free_port())), "-e", "stderr"]
    ran = subprocess.run(command, env=part.environment, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr


def test_nginx_passes_on_no_header_that_the_sidecar_believes(real_part: Callable[[str], Part], tmp_path: Path) -> None:
    """No client chooses the address or the id under which the audit log knows its requests."""
    part, port = real_part("nginx"), free_port()
    url = f"https://127.0.0.1:{port}/token"
    request = urllib.request.Request(url, headers={"X-Forwarded-For": "192.0.2.1", "X-Request-ID": "forged"})
    with echoing() as upstream:
        command = [
            str(part.program),
            "-c",
            str(nginx_here(tmp_path, upstream, port)),
            "-e",
            "stderr",
            "-g",
            "daemon off;",
        ]
        with subprocess.Popen(command, env=part.environment, stderr=subprocess.DEVNULL) as nginx:
            try:
                reached = _answer(request, tmp_path / "tls.crt")
            finally:
                nginx.terminate()
    told = [(name.lower(), value) for name, value in reached]
    assert [value for name, value in told if name == "x-forwarded-for"] == ["127.0.0.1"]
    (own,) = [value for name, value in told if name == "x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", own)


def _answer(request: urllib.request.Request, authority: Path) -> Any:
    """What the server of this certificate answers, once it is there."""
    trust = ssl.create_default_context(cafile=str(authority))
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, context=trust, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError(request.full_url)


def test_caddy_takes_its_configuration(real_part: Callable[[str], Part], tmp_path: Path) -> None:
    """`caddy adapt` reads it without a warning, and what it makes is valid."""
    part = real_part("caddy")
    command = [str(part.program), "adapt", "--config", str(DEPLOY / "proxies/Caddyfile"), "--validate"]
    ran = subprocess.run(
        command, env=part.environment | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert '"level":"warn"' not in ran.stderr


def test_traefiks_routers_lead_to_its_services() -> None:
    """Each router names a service that is there; /v2/ alone is the registry's."""
    http = yaml.safe_load((DEPLOY / "proxies/traefik.yaml").read_text())["http"]
    assert {router["service"] for router in http["routers"].values()} == http["services"].keys()
    assert "PathPrefix(`/v2/`)" in http["routers"]["registry"]["rule"]
    (name,) = http["routers"]["sidecar"]["middlewares"]
    assert http["middlewares"][name]["headers"]["customRequestHeaders"] == {"X-Request-ID": ""}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd isn't on this machine")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify`, with a program and a user that there are."""
    unit = tmp_path / "registry-sidecar.service"
    text = (DEPLOY / "systemd/registry-sidecar.service").read_text()
    unit.write_text(
        text.replace("/opt/registry-sidecar/bin/sidecar", "/bin/true")
        .replace("User=registry-sidecar", "User=daemon")
        .replace("Group=registry-sidecar", "Group=daemon")
    )
    ran = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    complaints = [line for line in ran.stderr.splitlines() if "registry-sidecar.service" in line]
    assert complaints == []


def test_the_image_is_made_of_what_it_needs_alone() -> None:
    """Nothing but what the Dockerfile copies gets out of the repository into the build."""
    lines = (ROOT / ".dockerignore").read_text().split()
    copied = {
        word
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
        for word in line.split()
    }
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied


async def test_the_dashboard_shows_metrics_that_are_there(tmp_path: Path) -> None:
    """Each expression asks for metrics and labels that the sidecar serves; each panel says what it shows."""
    board = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
    async with running(tmp_path) as sidecar, sidecar.http.get(f"{sidecar.url}/metrics") as answer:
        served = {
            re.sub(r"_created$", "", name) for name in re.findall(r"^# TYPE (\S+)", await answer.text(), re.MULTILINE)
        }
    asked = {
        re.sub(r"_bucket$", "", name)
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"sidecar_\w+", target["expr"])
    }
    assert asked <= served
    assert all(panel["title"] and panel["description"] for panel in board["panels"])
