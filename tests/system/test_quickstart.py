"""The stranger's way: `sidecar quickstart`, what it prints typed by a real client, Ctrl-C, and once more."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts import Part
from tests.ports import free_port
from tests.system.client.containers import Skopeo
from tests.system.stage import Account

pytestmark = pytest.mark.system

LAST_LINE = "Ctrl-C stops both"


@dataclass(frozen=True, slots=True)
class Started:
    """A quickstart that has printed what to type."""

    process: subprocess.Popen[bytes]
    output: str

    @property
    def login(self) -> tuple[str, Account]:
        found = re.search(r"docker login (\S+) -u (\S+) -p (\S+)", self.output)
        assert found, self.output
        return found[1], Account(found[2], found[3])


@dataclass(frozen=True, slots=True)
class Quickstart:
    """A folder, two free ports and a registry."""

    folder: Path
    options: tuple[str, ...]

    @contextmanager
    def started(self) -> Iterator[Started]:
        """Runs it until it prints what to type, and afterwards ends whatever is left of it."""
        log = self.folder / "output"
        command = [sys.executable, "-m", "sidecar", "quickstart", *self.options]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, cwd=Path.cwd())
        try:
            _wait_for_last_line(process, log)
            yield Started(process, log.read_text())
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def quickstart(registry: Part, tmp_path: Path) -> Quickstart:
    ports = ("--registry-port", str(free_port()), "--port", str(free_port()))
    return Quickstart(tmp_path, ("--dir", str(tmp_path / "var"), "--registry", str(registry.program), *ports))


def _wait_for_last_line(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while LAST_LINE not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def printed_api_call(output: str) -> dict[str, str]:
    """Types the printed curl into a shell; the first tag that it tells of."""
    curl = re.search(r"^ +(curl .*\\\n.*)$", output, re.MULTILINE)
    assert curl, output
    answer = subprocess.run(["sh", "-c", curl[1]], capture_output=True, text=True, timeout=20, check=True)
    tag: dict[str, str] = json.loads(answer.stdout)["result"]["items"][0]
    return tag


def test_what_it_prints_works(quickstart: Quickstart, real_part: Callable[[str], Part], tmp_path: Path) -> None:
    """The printed account signs in, pulls the first image and pushes it under another tag; the printed curl answers."""
    with quickstart.started() as started:
        host, account = started.login
        skopeo = Skopeo(real_part("skopeo"), tmp_path, host)
        assert skopeo.login(account).returncode == 0
        assert skopeo.copy("acme/hello:v1", "acme/hello:v2").returncode == 0
        assert printed_api_call(started.output)["pushedBy"] == account.email


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_cleanly(quickstart: Quickstart, number: signal.Signals) -> None:
    """Ctrl-C, a plain kill and a closed terminal end both programs, and it reports success."""
    with quickstart.started() as started:
        programs = children_of(started.process.pid)
        started.process.send_signal(number)
        assert started.process.wait(30) == 0
    assert (len(programs), [pid for pid in programs if Path(f"/proc/{pid}").exists()]) == (2, [])


def test_the_next_run_uses_the_same_key(
    quickstart: Quickstart, real_part: Callable[[str], Part], tmp_path: Path
) -> None:
    """Credentials that were typed once stay good, and pushed images are still there."""
    with quickstart.started() as first:
        login = first.login
    with quickstart.started() as second:
        assert second.login == login
        skopeo = Skopeo(real_part("skopeo"), tmp_path, login[0])
        assert skopeo.by(login[1]).pull("acme/hello:v1").returncode == 0


def test_the_key_is_its_owners_alone(quickstart: Quickstart) -> None:
    """The key that is kept for the next run is 0600."""
    with quickstart.started():
        key = quickstart.folder / "var/secrets/developer.key"
        assert key.stat().st_mode & 0o777 == 0o600


def test_a_registry_that_dies_is_told(quickstart: Quickstart) -> None:
    """It stops too, says who ended, and shows the end of that one's log."""
    with quickstart.started() as started:
        registry = next(pid for pid in children_of(started.process.pid) if "registry" in _command(pid))
        os.kill(registry, signal.SIGKILL)
        assert started.process.wait(30) == 1
    told = f"error: the registry ended with exit code -9; the end of {quickstart.folder}/var/log/registry.log:"
    assert told in (quickstart.folder / "output").read_text()


def test_the_registry_answers_only_to_tokens(quickstart: Quickstart) -> None:
    """The first thing a stranger may try without a login is refused."""
    with quickstart.started() as started, pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://{started.login[0]}/v2/", timeout=10)


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
