"""Real clients: docker with a daemon of its own, and skopeo. Each run of a client has its own place for credentials.

They are for tests about one thing. The package `client` tries every client behind one set of verbs.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.cli.first_image import hello_image
from sidecar.cli.processes import tail
from tests.parts import Missing, Part
from tests.system.stage import Account

Ran = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Skopeo:
    """skopeo, with credentials given to each command and nothing else remembered."""

    part: Part
    folder: Path

    def copy(self, source: str, target: str, *options: str) -> Ran:
        plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
        return self._run("copy", *plain, *options, source, target)

    def push(self, image: Path, target: str, account: Account, *options: str) -> Ran:
        """Pushes an OCI layout, which `oci_layout` or `oci_index` made."""
        return self.copy(f"oci:{image}", f"docker://{target}", "--dest-creds", _credentials(account), *options)

    def pull(self, source: str, account: Account | None, *options: str) -> Ran:
        """Pulls into a new folder, as this account or as nobody."""
        target = tempfile.mkdtemp(dir=self.folder)
        credentials = ("--src-no-creds",) if account is None else ("--src-creds", _credentials(account))
        return self.copy(f"docker://{source}", f"oci:{target}:pulled", *credentials, *options)

    def inspect(self, source: str, account: Account) -> dict[str, Any]:
        ran = self._run(
            "inspect", "--raw", "--tls-verify=false", "--creds", _credentials(account), f"docker://{source}"
        )
        assert ran.returncode == 0, ran.stderr
        document: dict[str, Any] = json.loads(ran.stdout)
        return document

    def tags(self, repository: str, account: Account) -> list[str]:
        """The tags that the registry lists."""
        ran = self._run("list-tags", "--tls-verify=false", "--creds", _credentials(account), f"docker://{repository}")
        assert ran.returncode == 0, ran.stderr
        tags: list[str] = json.loads(ran.stdout)["Tags"]
        return tags

    def delete(self, target: str, account: Account) -> Ran:
        return self._run("delete", "--tls-verify=false", "--creds", _credentials(account), f"docker://{target}")

    def login(self, host: str, account: Account) -> Ran:
        secret = ("-u", account.email, "-p", account.secret)
        return self._run("login", "--tls-verify=false", "--authfile", str(self.folder / "auth.json"), *secret, host)

    def _run(self, *arguments: str) -> Ran:
        command = [str(self.part.program), "--insecure-policy", *arguments]
        return _ran(command, os.environ | self.part.environment)


@dataclass(frozen=True, slots=True)
class Docker:
    """docker's command line, with one person's credentials, at a daemon of our own."""

    program: str
    environment: dict[str, str]
    config: Path

    def login(self, host: str, account: Account) -> Ran:
        return self.run("login", host, "-u", account.email, "--password-stdin", given=account.secret)

    def make_image(self, name: str) -> None:
        """An image of one file, like no other, under this local name."""
        archive, content = io.BytesIO(), os.urandom(32)
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo("unique")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        file = self.config / "layer.tar"
        file.write_bytes(archive.getvalue())
        ran = self.run("import", str(file), name)
        assert ran.returncode == 0, ran.stderr

    def forget(self, name: str) -> None:
        """Removes the local copy, so that a pull has to ask the registry."""
        self.run("rmi", "-f", name)

    def stored_credentials(self, host: str) -> dict[str, str]:
        """What docker wrote down for this registry."""
        document = json.loads((self.config / "config.json").read_text())
        stored: dict[str, str] = document["auths"][host]
        return stored

    def use_credential_store(self) -> None:
        """From now on a helper keeps what is typed at login: a program of the name that docker looks for."""
        helper = self.config / "docker-credential-folder"
        helper.write_text(_CREDENTIAL_STORE.format(folder=self._store))
        helper.chmod(0o755)
        self._store.mkdir()
        (self.config / "config.json").write_text(json.dumps({"credsStore": "folder"}))

    def in_credential_store(self, host: str) -> dict[str, str]:
        """What the helper keeps for this registry."""
        kept: dict[str, str] = json.loads((self._store / host).read_text())
        return kept

    @property
    def _store(self) -> Path:
        return self.config / "kept"

    def run(self, *arguments: str, given: str | None = None) -> Ran:
        command = [self.program, "--config", str(self.config), *arguments]
        path = os.pathsep.join((str(self.config), self.environment.get("PATH", os.defpath)))
        return _ran(command, self.environment | {"PATH": path}, given)


_CREDENTIAL_STORE = """\
#!/bin/sh
# docker's protocol for credential helpers: a verb, and the registry or a document of JSON on standard input.
set -eu
given=$(cat)
case "$1" in
    store) host=$(printf %s "$given" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); printf %s "$given" >"{folder}/$host" ;;
    get) cat "{folder}/$given" 2>/dev/null || {{ echo "credentials not found in native keychain"; exit 1; }} ;;
    erase) rm -f "{folder}/$given" ;;
    list) echo "{{}}" ;;
esac
"""


@contextmanager
def docker_daemon(part: Part, folder: Path) -> Iterator[dict[str, str]]:
    """A daemon that touches nothing of this machine's network or docker; the variables that lead clients to it.

    Raises Missing on a machine that doesn't let one run, such as a container without the right to mount.
    """
    with tempfile.TemporaryDirectory(prefix="dockerd-") as short:
        socket = f"unix://{short}/docker.sock"
        environment = os.environ | part.environment | {"DOCKER_HOST": socket}
        options = {
            "--host": socket,
            "--data-root": f"{folder}/data",
            "--exec-root": f"{short}/exec",
            "--pidfile": f"{short}/pid",
            "--bridge": "none",
            "--iptables": "false",
            "--ip6tables": "false",
            "--storage-driver": "vfs",
            "--config-file": f"{folder}/daemon.json",
        }
        (folder / "daemon.json").write_text("{}")
        command = [
            *_with_libraries(part, folder),
            str(part.program),
            *(f"{name}={value}" for name, value in options.items()),
        ]
        log = folder / "dockerd.log"
        with log.open("wb") as output:
            daemon = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        try:
            _wait_for_daemon(daemon, [docker_program(part), "version"], environment, log)
            yield environment
        finally:
            daemon.terminate()
            daemon.wait(60)


def _with_libraries(part: Part, folder: Path) -> list[str]:
    """What lets a daemon out of the cache find its libraries: it runs itself again without LD_LIBRARY_PATH.

    So the linker's cache is extended by them, for the daemon's own view of the file system alone.
    """
    libraries = part.environment.get("LD_LIBRARY_PATH", "").split(":")
    if libraries == [""]:
        return []
    cache = folder / "ld.so.cache"
    subprocess.run(["/sbin/ldconfig", "-X", "-C", str(cache), *libraries], check=True, timeout=60)
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "{cache}" /etc/ld.so.cache && exec "$@"', "dockerd"]


def docker_program(daemon: Part) -> str:
    """The docker that came with the daemon, else the one on the PATH."""
    beside = daemon.program.parent.parent / "bin/docker"
    found = str(beside) if beside.exists() else shutil.which("docker")
    assert found, "dockerd is here, but no docker"
    return found


def oci_layout(folder: Path, *architectures: str) -> Path:
    """An OCI layout with one image, or with an index of one image per architecture; each of other bytes."""
    images = [hello_image(architecture) for architecture in architectures or ("amd64",)]
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    entries = []
    for architecture, image in zip(architectures or ("amd64",), images, strict=True):
        for blob in (*image.blobs, image.manifest):
            (blobs / hashlib.sha256(blob).hexdigest()).write_bytes(blob)
        platform = {"os": "linux", "architecture": architecture}
        entries.append(_descriptor("manifest", image.manifest) | {"platform": platform})
    if architectures:
        index = json.dumps({"schemaVersion": 2, "mediaType": _media_type("index"), "manifests": entries}).encode()
        (blobs / hashlib.sha256(index).hexdigest()).write_bytes(index)
        entries = [_descriptor("index", index)]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return folder


def _descriptor(kind: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"mediaType": _media_type(kind), "digest": digest, "size": len(content)}


def _media_type(kind: str) -> str:
    return f"application/vnd.oci.image.{kind}.v1+json"


def _credentials(account: Account) -> str:
    return f"{account.email}:{account.secret}"


def _ran(command: list[str], environment: dict[str, str], given: str | None = None) -> Ran:
    return subprocess.run(
        command, env=environment, input=given, capture_output=True, text=True, timeout=120, check=False
    )


def _wait_for_daemon(
    daemon: subprocess.Popen[bytes], question: list[str], environment: dict[str, str], log: Path
) -> None:
    deadline = time.monotonic() + 60
    while daemon.poll() is None and time.monotonic() < deadline:
        if _ran(question, environment).returncode == 0:
            return
        time.sleep(0.2)
    last_words = (tail(log).splitlines() or ["it says nothing"])[-1].strip()
    raise Missing(f"dockerd doesn't run on this machine: {last_words}")
