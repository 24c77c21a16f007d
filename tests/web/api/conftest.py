"""One running application for each test, and one for each module of tests that only add to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.web.api.running import Running, running


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """For tests marked with `pytest.mark.asyncio(loop_scope="module")`, each of which brings its own tenants."""
    async with running(tmp_path_factory.mktemp("shared")) as started:
        yield started
