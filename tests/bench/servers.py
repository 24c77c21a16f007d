"""The servers under load: started on one core, asked whether they are ready, and stopped."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.cli.rendering import Installation
from tests.bench.load import SERVER_CORE
from tests.ports import free_port

_PATIENCE: Final = 120.0
"""Seconds that a server has to become ready."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and in how many seconds it was ready."""

    port: int
    process: subprocess.Popen[bytes]
    ready_after: float

    def processor_seconds(self) -> float:
        """How long it has worked so far, in user and in kernel mode, all threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def waited_seconds(self) -> float:
        """How long it was ready to work while its core did something else: what latency owes to the machine."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[1]) for thread in threads) / 1_000_000_000

    def memory(self) -> float:
        """Resident memory in MiB."""
        return self._mebibytes("VmRSS")

    def most_memory(self) -> float:
        """The most that `memory` ever was."""
        return self._mebibytes("VmHWM")

    def _mebibytes(self, field: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) / 1024


@contextmanager
def standing_still(servers: Iterable[Server]) -> Iterator[None]:
    """What these do in the background would hold up the one that is under load on the same core."""
    servers = tuple(servers)
    for server in servers:
        server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGCONT)


@contextmanager
def bare(size: int) -> Iterator[Server]:
    """The bare handler, with answers of this many bytes."""
    port = free_port()
    with _running(port, ["-m", "tests.bench.bare", str(port), str(size)], None) as server:
        yield server


@contextmanager
def bare_api(database: Path) -> Iterator[Server]:
    """The bare application over the database of a sidecar."""
    port = free_port()
    with _running(port, ["-m", "tests.bench.bare_api", str(port), str(database)], None) as server:
        yield server


@contextmanager
def sidecar(installation: Installation, profile: Path | None = None) -> Iterator[Server]:
    """A sidecar of this installation, under the profiler where a file for its findings is named."""
    profiled = [] if profile is None else ["-m", "cProfile", "-o", str(profile)]
    command = [*profiled, "-m", "sidecar", "serve", "-c", str(installation.sidecar_yaml)]
    port = int(installation.listen.rpartition(":")[2])
    with _running(port, command, installation.folder / "log") as server:
        yield server


@contextmanager
def _running(port: int, arguments: Sequence[str], log: Path | None) -> Iterator[Server]:
    command = ["taskset", "-c", SERVER_CORE, sys.executable, *arguments]
    with Path(log or "/dev/null").open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _await_ready(port, process)
            yield Server(port, process, time.monotonic() - started)
        finally:
            process.terminate()
            process.wait()


def _await_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
    raise RuntimeError(f"the server on port {port} did not become ready (exit code {process.poll()})")
