"""What use cases of the index work with: a real database, a held clock, and a registry that a test scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.adapters.database import Database, open_database
from tests.fakes import HeldClock, ScriptedReader


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def registry() -> ScriptedReader:
    return ScriptedReader()


@pytest.fixture
async def database(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "sidecar.db", clock) as opened:
        yield opened
