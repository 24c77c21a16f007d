"""Each suite here runs on every database that the program can use: a new driver is one more entry of DATABASES."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from sidecar.adapters.database import Database, open_database
from sidecar.ports import AccessReader, Clock, Store
from tests.fakes import HeldClock

Opener = Callable[[Path, Clock], AbstractAsyncContextManager[Database]]

DATABASES: Mapping[str, Opener] = {"sqlite": lambda folder, clock: open_database(folder / "sidecar.db", clock)}


@pytest.fixture(params=DATABASES)
def opener(request: pytest.FixtureRequest) -> Opener:
    return DATABASES[request.param]


@pytest.fixture
async def database(opener: Opener, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Database]:
    async with opener(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    return database.store


@pytest.fixture
def access(database: Database) -> AccessReader:
    return database.access
