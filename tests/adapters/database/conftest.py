"""A file for a database, and the driver on such a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.adapters.database.sqlite.driver import SqliteDriver


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sidecar.db"


@pytest.fixture
async def driver(path: Path) -> AsyncIterator[SqliteDriver]:
    async with SqliteDriver.alone_on(path) as opened:
        yield opened
