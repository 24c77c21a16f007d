"""A docker daemon of the tests' own, which is no client itself: `docker` is."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.cli.quickstart.processes import tail
from tests.parts import Missing, Part


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


def _wait_for_daemon(
    daemon: subprocess.Popen[bytes], question: list[str], environment: dict[str, str], log: Path
) -> None:
    deadline = time.monotonic() + 60
    while daemon.poll() is None and time.monotonic() < deadline:
        asked = subprocess.run(question, env=environment, capture_output=True, timeout=120, check=False)
        if asked.returncode == 0:
            return
        time.sleep(0.2)
    last_words = (tail(log).splitlines() or ["it says nothing"])[-1].strip()
    raise Missing(f"dockerd doesn't run on this machine: {last_words}")
