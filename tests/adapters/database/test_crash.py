"""What was acknowledged survives the death of the process."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.adapters.database import open_database
from tests.fakes import HeldClock

WRITE = """
import asyncio, itertools, sys
from pathlib import Path
from sidecar.adapters.database import open_database
from tests import samples
from tests.fakes import HeldClock

async def main():
    async with open_database(Path(sys.argv[1]), HeldClock()) as database:
        for number in itertools.count():
            async with database.store.writing() as tables:
                await tables.projects.add(samples.project(f"p{number:06}"))
                await tables.bindings.put(samples.binding(f"p{number:06}"))
            print(number, flush=True)

asyncio.run(main())
"""


def write_and_kill(path: Path, acknowledged: int) -> int:
    """Kills a writing process when it has acknowledged so many; how many it had when it was dead."""
    with subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(acknowledged):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        return acknowledged + len(process.stdout.readlines())


@pytest.mark.parametrize("acknowledged", [1, 40, 150])
async def test_a_kill_loses_nothing_acknowledged(path: Path, clock: HeldClock, acknowledged: int) -> None:
    """SIGKILL amid writes: every acknowledged change is there, none is there by half, and the file is sound."""
    told = write_and_kill(path, acknowledged)
    async with open_database(path, clock) as database, database.store.reading() as tables:
        projects = [project.sid for project in await tables.projects.list()]
        bound = [grant.project for grant in database.access.grants_of("ann@example.com")]
    assert told <= len(projects) <= told + 1
    assert projects == bound
    with sqlite3.connect(path) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
