"""`serve`, as a process: from its first line to its last."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from tests.ports import free_port

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Server:
    installation: Installation
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.installation.listen.rpartition(":")
        return host, int(port)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def get(self, path: str, token: str = "") -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"http://{self.installation.listen}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    listen = f"127.0.0.1:{free_port()}"
    made = Installation(tmp_path / "sidecar", "http://127.0.0.1:9", "r.example", f"http://{listen}", listen)
    made.folder.mkdir()
    initialise(made)
    with made.sidecar_yaml.open("a") as file:
        file.write("\nlimits: {request_seconds: 3, shutdown_seconds: 3}\n")
    return made


@contextmanager
def started(installation: Installation) -> Iterator[Server]:
    command = [sys.executable, "-m", "sidecar", "serve", "-c", str(installation.sidecar_yaml)]
    log = installation.folder / "log"
    with log.open("wb") as stderr, subprocess.Popen(command, cwd=ROOT, stderr=stderr) as process:
        try:
            yield Server(installation, process, log)
        finally:
            process.kill()


@pytest.fixture
def server(installation: Installation) -> Iterator[Server]:
    with started(installation) as running:
        for _ in range(300):
            try:
                assert running.get("/readyz") == 200
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to(server: Server, number: int) -> None:
    """By SIGTERM or Ctrl-C, with exit code 0, and a last line that says so."""
    assert server.stop(number) == 0
    events = [line["event"] for line in server.lines]
    assert events.count("listening") == events.count("stopping") == 1


def test_the_log_is_json_and_holds_no_secret(server: Server) -> None:
    """S12: the administrator's token was used, and is nowhere in it."""
    token = server.installation.admin_token.read_text().strip()
    assert server.get("/token?scope=registry:catalog:*", token) == 200
    assert server.get(f"/token?scope=x&password={token}", "wrong") == 401
    server.stop()
    asked = [line for line in server.lines if line.get("route") == "/token"]
    assert [line["principal"] for line in asked] == ["admin@localhost", None]
    assert token not in server.log.read_text()


def test_what_was_noted_is_written_at_the_end(server: Server) -> None:
    """The last use of a credential, though less than ten seconds have passed."""
    assert server.get("/token", server.installation.admin_token.read_text().strip()) == 200
    server.stop()
    with sqlite3.connect(server.installation.folder / "sidecar.db") as database:
        ((used,),) = database.execute("SELECT last_used_at FROM issued_secret").fetchall()
    database.close()
    assert used is not None


def test_a_request_under_way_is_answered(server: Server) -> None:
    """Its body comes after the signal, and its answer after that."""
    with socket.create_connection(server.address, timeout=10) as connection:
        connection.sendall(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        connection.sendall(b"grant_type")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert server.process.wait(20) == 0


def test_a_client_that_hangs_does_not_keep_it_from_ending(server: Server) -> None:
    """Nor does one that only holds its connection open."""
    with socket.create_connection(server.address) as idle, socket.create_connection(server.address) as hanging:
        hanging.sendall(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert server.stop() == 0


@pytest.mark.parametrize("broken", ["ca_key", "ca_certificate"])
def test_it_does_not_start_without_its_keys(installation: Installation, broken: str) -> None:
    """In words that name the files, before it listens, without a trace, and with the exit code of a configuration."""
    Path(getattr(installation, broken)).write_text("rubbish")
    with started(installation) as server:
        assert server.process.wait(20) == 2
    told = server.log.read_text()
    assert "must be PEM" in told
    assert str(getattr(installation, broken)) in told
    assert "Traceback" not in server.log.read_text()


def test_a_second_one_does_not_start(server: Server) -> None:
    """One process for one database: it says who has it."""
    with started(server.installation) as second:
        assert second.process.wait(20) != 0
    assert str(server.process.pid) in second.log.read_text()


def test_removing_the_administrators_file_takes_the_token_away(installation: Installation) -> None:
    """At the next start."""
    token = installation.admin_token.read_text().strip()
    for there, status in ((True, 200), (False, 401)):
        if not there:
            installation.admin_token.unlink()
        with started(installation) as server:
            for _ in range(300):
                try:
                    server.get("/healthz")
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.1)
            assert server.get("/token", token) == status
            server.stop()
