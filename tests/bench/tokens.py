"""What the token endpoint costs, beside a bare handler that answers as many bytes."""

import asyncio
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.cli.rendering import Installation
from tests.bench import load, population, profile, revocation, servers
from tests.bench.load import Measured
from tests.bench.servers import Server
from tests.bench.token_findings import Findings, Process
from tests.ports import free_port

SMALL: Final = 10
LARGE: Final = 10_000
REVOCATIONS: Final = 50
ASKING: Final = 1000
"""How many accounts ask in turn where every question is different."""


@dataclass(frozen=True, slots=True)
class Populated:
    """An installation, one of its accounts, and the scripts that ask it."""

    installation: Installation
    account: population.Account
    different: Path
    same: Path


def measure(folder: Path, rounds: int, seconds: int) -> Findings:
    folder.mkdir()
    small, large = _populated(folder / "small", SMALL), _populated(folder / "large", LARGE)
    shares = {"different": _profiled(small, small.different), "same": _profiled(small, small.same)}
    with servers.sidecar(small.installation) as one, servers.sidecar(large.installation) as other:
        size = _answer_size(small)
        with servers.bare(size) as bare:
            targets = {
                "bare": (bare, small.different),
                "different": (one, small.different),
                "same": (one, small.same),
                "different, large": (other, large.different),
                "same, large": (other, large.same),
            }
            runs, work, waited = _take_turns(targets, rounds, seconds)
        revoked = asyncio.run(revocation.seconds_until_refused(large.installation, large.account, REVOCATIONS))
        return Findings(
            seconds=seconds,
            answer_bytes=size,
            runs=runs,
            work=work,
            waited=waited,
            small=Process(SMALL, one.ready_after, one.memory()),
            large=Process(LARGE, other.ready_after, other.memory()),
            revoked=revoked,
            shares=shares,
        )


def _populated(folder: Path, projects: int) -> Populated:
    print(f"filling a database: {projects} projects …", flush=True)
    installation = population.install(folder, free_port())
    accounts = asyncio.run(population.populate(installation, projects))
    asking = accounts[:: max(1, len(accounts) // ASKING)]
    return Populated(
        installation,
        accounts[0],
        load.different_questions(folder / "different.lua", asking),
        load.same_question(folder / "same.lua", accounts[0]),
    )


def _take_turns(
    targets: Mapping[str, tuple[Server, Path]], rounds: int, seconds: int
) -> tuple[dict[str, list[Measured]], dict[str, list[float]], dict[str, list[float]]]:
    """Each target once per round, so that whatever else the machine does hits all of them.

    What was measured, the processor's microseconds for each request, and the part of the time that the server waited.
    """
    runs: dict[str, list[Measured]] = {name: [] for name in targets}
    work: dict[str, list[float]] = {name: [] for name in targets}
    waited: dict[str, list[float]] = {name: [] for name in targets}
    everyone = {server.port: server for server, _ in targets.values()}
    for number in range(rounds):
        for name, (server, script) in targets.items():
            with servers.standing_still(other for port, other in everyone.items() if port != server.port):
                worked, idle = server.processor_seconds(), server.waited_seconds()
                run = load.run(server.port, script, seconds)
                runs[name].append(run)
                work[name].append(1_000_000 * (server.processor_seconds() - worked) / run.requests)
                waited[name].append((server.waited_seconds() - idle) / seconds)
        rates = ", ".join(f"{name} {taken[-1].rate:.0f}/s" for name, taken in runs.items())
        print(f"tokens, round {number + 1} of {rounds}: {rates}", flush=True)
    return runs, work, waited


def _profiled(populated: Populated, script: Path) -> dict[str, float]:
    """The profiler's shares of a sidecar that lives for this load alone."""
    file = populated.installation.folder / "profile"
    with servers.sidecar(populated.installation, file) as server:
        load.run(server.port, script, 4)
    return profile.shares(file)


def _answer_size(populated: Populated) -> int:
    """Bytes of the body that the measured questions are answered with."""
    account = populated.account
    request = urllib.request.Request(
        f"http://{populated.installation.listen}/token?service=registry&scope=repository:{account.project}/app:pull,push",
        headers={"Authorization": load.authorization(account)},
    )
    with urllib.request.urlopen(request) as response:
        return len(response.read())
