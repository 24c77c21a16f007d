"""What it costs to acknowledge an event that is a write: one sender, many senders, and SQLite alone on the same disk.

`python -m tests.bench events` measures this part by itself.
"""

import sqlite3
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.cli.rendering import Installation
from tests.bench import load, population, servers
from tests.bench.load import Measured
from tests.bench.verdicts import at_least, at_most
from tests.notifications import envelope, event
from tests.ports import free_port

SENDERS: Final = 128
_COMMITS: Final = 300
_PATIENCE: Final = 120
"""Seconds for what was sent to be indexed, before the next round."""

_SCRIPT: Final = """
local body = [[%s]]
local sent = 0
request = function()
  sent = sent + 1
  local headers = {["Authorization"] = "Bearer %s", ["Content-Type"] = "application/json"}
  return wrk.format("POST", "/events", headers, (body:gsub("IDENTIFIER", "%s-" .. sent)))
end
"""


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """One entry a round. `commit` is the median of a bare commit, in milliseconds."""

    commit: list[float]
    one: list[Measured]
    many: list[Measured]
    bare_one: list[Measured]
    bare_many: list[Measured]

    @property
    def commits_of_one(self) -> float:
        """How many bare commits one sender's event takes, at the median."""
        return statistics.median(one.median / commit for one, commit in zip(self.one, self.commit, strict=True))

    @property
    def gain_of_many(self) -> float:
        """How many times the rate of one sender many have together."""
        return _gain(self.many, self.one)

    @property
    def gain_of_bare(self) -> float:
        """The same, of a handler that stores nothing: what HTTP alone can gain."""
        return _gain(self.bare_many, self.bare_one)


def _gain(many: list[Measured], one: list[Measured]) -> float:
    return statistics.median(these.rate / this.rate for these, this in zip(many, one, strict=True))


def measure(folder: Path, rounds: int, seconds: int) -> Acknowledging:
    """Takes turns, so that whatever else the machine does hits all of them."""
    installation = population.install(folder, free_port())
    found = Acknowledging([], [], [], [], [])
    with servers.sidecar(installation) as server, servers.bare(0) as bare:
        for number in range(rounds):
            found.commit.append(_bare_commit(folder / "bare.db"))
            for runs, bare_runs, senders in ((found.one, found.bare_one, 1), (found.many, found.bare_many, SENDERS)):
                script = _script(installation, f"{number}-{senders}")
                bare_runs.append(load.run(bare.port, script, seconds, senders, "/events"))
                runs.append(load.run(server.port, script, seconds, senders, "/events"))
                _await_indexed(installation)
            print(f"events, round {number + 1} of {rounds}: {found.one[-1].rate:.0f}/s, {found.many[-1].rate:.0f}/s")
    return found


def _bare_commit(path: Path) -> float:
    """The median of commits of one event each, with the settings of the sidecar's own writer."""
    document, taken = envelope(event("IDENTIFIER", tag="v1")), []
    with sqlite3.connect(path, isolation_level=None) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE IF NOT EXISTS inbox (document BLOB NOT NULL)")
        for _ in range(_COMMITS):
            began = time.perf_counter()
            database.execute("INSERT INTO inbox VALUES (?)", (document,))
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def _script(installation: Installation, prefix: str) -> Path:
    """Each request is a push of its own, with an id that was never sent."""
    body = envelope(event("IDENTIFIER", tag="v1")).decode()
    secret = installation.event_secrets.read_text().strip()
    return load.script(installation.folder / "events.lua", _SCRIPT % (body, secret, prefix))


def _await_indexed(installation: Installation) -> None:
    """What waits from one run would slow the next one down."""
    with sqlite3.connect(f"file:{installation.folder / 'sidecar.db'}?mode=ro", uri=True) as database:
        for _ in range(10 * _PATIENCE):
            if database.execute("SELECT 1 FROM inbox LIMIT 1").fetchone() is None:
                return
            time.sleep(0.1)
    raise RuntimeError("the events of one run were not indexed before the next")


_SECTION: Final = """
## Events

A registry sends one event at a time and waits for each answer, which comes when the event is on the disk. One sender, then
{senders} at once, in turn with commits of the same bytes by SQLite alone ({commits} a round, WAL, `synchronous=FULL`). What was
sent is indexed meanwhile by the same process.

| | | aim |
|---|---|---|
| one bare commit, median | {commit:.2f} ms | |
| one sender's event, median | {one:.2f} ms | |
| … in bare commits | {commits_of_one} | 4, at most 6 |
| one sender | {one_rate:.0f} events/s | |
| {senders} senders | {many_rate:.0f} events/s | |
| … of one sender's rate | {gain} | 8, at least 5 |
| a bare handler that stores nothing: one sender | {bare_one:.0f} requests/s | |
| a bare handler: {senders} senders | {bare_many:.0f} requests/s | |
| … of one sender's rate | {bare_gain:.2f} | |

What many senders gain is what they save: a commit each. The less a commit takes on a disk, the nearer is the gain to
that of the bare handler, which saves none.
"""


def section(found: Acknowledging) -> str:
    """The part of docs/benchmarks.md about events."""
    return _SECTION.format(
        senders=SENDERS,
        commits=_COMMITS,
        commit=statistics.median(found.commit),
        one=statistics.median(run.median for run in found.one),
        commits_of_one=at_most(found.commits_of_one, 6, 4),
        one_rate=statistics.median(run.rate for run in found.one),
        many_rate=statistics.median(run.rate for run in found.many),
        gain=at_least(found.gain_of_many, 5, 8),
        bare_one=statistics.median(run.rate for run in found.bare_one),
        bare_many=statistics.median(run.rate for run in found.bare_many),
        bare_gain=found.gain_of_bare,
    )
