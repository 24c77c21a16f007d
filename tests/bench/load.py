"""Load by wrk from a core of its own, and what it measured."""

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.population import Account

CONNECTIONS: Final = 32
SERVER_CORE: Final = "0"
_LOAD_CORE: Final = "1"

_REPORT: Final = """
done = function(summary, latency, requests)
  io.write(string.format('{"requests":%d,"microseconds":%d,"failed":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""

_DIFFERENT: Final = """
local accounts = {%s}
local asked = (os.time() %% 10000) * 100000
request = function()
  asked = asked + 1
  local account = accounts[asked %% #accounts + 1]
  local path = "/token?service=registry&scope=repository:" .. account[2] .. "/app-" .. asked .. ":pull,push"
  return wrk.format("GET", path, {["Authorization"] = account[1]})
end
"""

_SAME: Final = """
wrk.headers["Authorization"] = "%s"
wrk.path = "/token?service=registry&scope=repository:%s/app:pull,push"
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: how many requests, requests a second, and latencies in milliseconds."""

    requests: int
    rate: float
    median: float
    p99: float


def check_tools() -> None:
    """Ends with a line that says what is missing."""
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if shutil.which(tool) is None:
            raise SystemExit(f"`make bench` needs {tool}: on Debian and Ubuntu, apt-get install {package}")


def authorization(account: Account) -> str:
    """The header that proves this account."""
    return "Basic " + base64.b64encode(f"{account.email}:{account.key}".encode()).decode()


def different_questions(file: Path, accounts: Sequence[Account]) -> Path:
    """A script that asks for another repository each time, as one of these accounts in turn."""
    listed = ",".join(f'{{"{authorization(account)}","{account.project}"}}' for account in accounts)
    return script(file, _DIFFERENT % listed)


def same_question(file: Path, account: Account) -> Path:
    """A script that asks the same thing as the same account each time."""
    return script(file, _SAME % (authorization(account), account.project))


def script(file: Path, requests: str) -> Path:
    """A script that makes these requests, and reports as `run` reads it."""
    file.write_text(requests + _REPORT)
    return file


def run(
    port: int, script: Path, seconds: int, connections: int = CONNECTIONS, path: str = "/token", patience: int = 2
) -> Measured:
    """Loads a server on this port. A request that fails, or takes longer than `patience`, makes the run an error."""
    url = f"http://127.0.0.1:{port}{path}"
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={patience}s", "-s", str(script), url]
    finished = subprocess.run(["taskset", "-c", _LOAD_CORE, *wrk], capture_output=True, text=True, check=True)
    result = json.loads(finished.stdout.splitlines()[-1])
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} of {result['requests']} requests failed")
    rate = result["requests"] / result["microseconds"] * 1_000_000
    return Measured(result["requests"], rate, result["p50"] / 1000, result["p99"] / 1000)
