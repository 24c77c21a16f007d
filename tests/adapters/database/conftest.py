"""A file for a database, a clock to open it with, and the driver on such a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.adapters.database.sqlite import SqliteDriver
from tests.fakes import HeldClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sidecar.db"


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def driver(path: Path) -> AsyncIterator[SqliteDriver]:
    async with SqliteDriver.alone_on(path) as opened:
        yield opened
