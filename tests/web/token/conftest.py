"""A running sidecar with two tenants, and the people and robots that ask it for tokens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.domain.names import ALL_USERS
from tests.running import Sidecar, running
from tests.web.token.asking import Login, Method, TokenClient


@dataclass(frozen=True, slots=True)
class People:
    """Of project acme; nobody here holds anything in project beta, and everybody may pull from project free."""

    owner: Login
    developer: Login
    viewer: Login
    stranger: Login
    robot: Login
    administrator: Login


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
    tenants = sidecar.tenants
    for sid in ("acme", "beta", "free"):
        await tenants.project(sid)
    await tenants.bind("free", ALL_USERS, "viewer")
    await tenants.bind("acme", "olga@acme.example", "owner")
    await tenants.bind("acme", "dan@acme.example", "developer")
    await tenants.bind("acme", "vera@acme.example", "viewer")
    robot = await tenants.account("acme", "ci")
    await tenants.bind("acme", robot, "developer")
    return People(
        owner=Login("olga@acme.example", await tenants.secret("olga@acme.example")),
        developer=Login("dan@acme.example", await tenants.secret("dan@acme.example")),
        viewer=Login("vera@acme.example", await tenants.secret("vera@acme.example")),
        stranger=Login("sam@elsewhere.example", await tenants.secret("sam@elsewhere.example")),
        robot=Login(robot, await tenants.key(robot)),
        administrator=Login("admin@localhost", sidecar.administrator),
    )
