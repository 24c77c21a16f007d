"""An API for each test, and one for each module of tests that bring tenants of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.running import UNTHROTTLED
from tests.web.api.calling import Api, callable_api


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with callable_api(tmp_path) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """For tests marked with `pytest.mark.asyncio(loop_scope="module")`."""
    async with callable_api(tmp_path_factory.mktemp("shared"), throttle=UNTHROTTLED) as started:
        yield started
