"""What an application is made of."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sidecar.bootstrap import application, process
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


@pytest.mark.parametrize(("loaded", "lines"), [(True, 0), (False, 1)])
def test_the_start_tells_of_a_missing_parser(monkeypatch: pytest.MonkeyPatch, loaded: bool, lines: int) -> None:
    """S35: where aiohttp came without its C parser, the log says so at the start; elsewhere it says nothing."""
    monkeypatch.setattr(process, "c_parser_is_loaded", lambda: loaded)
    with capture_logs() as told:
        process._tell_of_parser()
    assert [line["log_level"] for line in told] == ["warning"] * lines
