"""`sidecar inbox`, as typed."""

import asyncio
from pathlib import Path

import pytest

from sidecar.adapters.database import open_database
from sidecar.adapters.system import SystemClock
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.ports.inbox import Quarantined
from tests.cli.commands import sidecar
from tests.notifications import envelope, event


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An installation with two items in quarantine: rubbish that would write to a terminal, and a push."""
    installation = Installation(
        tmp_path / "sidecar", "http://127.0.0.1:9", "r.example", "http://s.example", "127.0.0.1:0"
    )
    installation.folder.mkdir()
    initialise(installation)
    asyncio.run(_fill(installation.folder / "sidecar.db"))
    return installation.sidecar_yaml


async def _fill(database: Path) -> None:
    now = SystemClock().now()
    items = [
        Quarantined("not a JSON document", "", "10.0.0.9", now, b"\x1b[31mred"),
        Quarantined("could not be applied: ZeroDivisionError", "", "", now, envelope(event("e1", tag="v1"))),
    ]
    async with open_database(database, SystemClock()) as opened:
        await opened.inbox.quarantine(items, 100_000)


def inbox(command: str, config: Path, *arguments: str) -> tuple[int, str]:
    finished = sidecar("inbox", command, "-c", config, *arguments)
    return finished.returncode, finished.stdout


def test_the_quarantine_is_listed_shown_retried_and_dropped(config: Path) -> None:
    """From the first look until nothing is left; what cannot be taken ends with 1 and stays."""
    assert inbox("list", config)[1].count("not a JSON document") == 1
    code, shown = inbox("show", config, "1")
    assert (code, "\\x1b[31mred" in shown, "\x1b" in shown) == (0, True, False)
    code, retried = inbox("retry", config, "1", "2")
    assert (code, retried.splitlines()[1]) == (1, "2: taken")
    assert inbox("drop", config, "1") == (0, "1: dropped\n")
    assert "in quarantine: 0" in inbox("list", config)[1]


def test_an_unknown_item_is_one_line(config: Path) -> None:
    """An error for its user, not a traceback."""
    finished = sidecar("inbox", "show", "-c", config, "99")
    assert finished.returncode == 4
    assert finished.stderr == (
        "error: installation.inboxGet: api: quarantined event not found (quarantined_event_not_found)\n"
    )
