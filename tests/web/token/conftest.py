"""A running sidecar, the people who ask it for tokens, and the client that they ask with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.running import Sidecar, running
from tests.web.token.asking import Method, TokenClient
from tests.web.token.people import People, settle


@pytest.fixture
async def sidecar(tmp_path: Path) -> AsyncIterator[Sidecar]:
    async with running(tmp_path) as started:
        yield started


@pytest.fixture
def client(sidecar: Sidecar) -> TokenClient:
    return TokenClient(sidecar)


@pytest.fixture(params=["GET", "POST"])
def method(request: pytest.FixtureRequest) -> Method:
    """The promise holds on both."""
    chosen: Method = request.param
    return chosen


@pytest.fixture
async def people(sidecar: Sidecar) -> People:
    return await settle(sidecar.tenants, sidecar.administrator)
