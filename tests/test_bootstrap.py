"""What an application is made of."""

import asyncio
from pathlib import Path

import pytest

from sidecar.bootstrap import application
from tests.fakes import HeldClock
from tests.running import installed


@pytest.mark.parametrize("working", [True, False])
async def test_background_work_runs_where_it_is_wanted(tmp_path: Path, working: bool) -> None:
    """A command that opens the database for a moment begins no sweeps and indexes nothing beside its own work."""
    clock = HeldClock()
    async with application(installed(tmp_path, clock), clock, working=working):
        tasks = {task.get_name() for task in asyncio.all_tasks()}
    assert ({"indexing", "sweeping"} <= tasks) is working
    assert ({"indexing", "sweeping"} & tasks != set()) is working
