"""Signing keys renew themselves under load, and real registries take the first token of a new one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import jwt
import pytest

from sidecar.adapters.system import SystemClock
from sidecar.bootstrap import application, serving
from sidecar.cli.rendering import Installation
from sidecar.config import Config
from tests.parts import Part
from tests.system.stage import installed, running_registry

pytestmark = pytest.mark.system

LIFETIME = timedelta(hours=4)
RENEWED_AFTER = LIFETIME * 2 / 3


class LateClock:
    """The system's clock, some time behind until it is set right."""

    def __init__(self, behind: timedelta) -> None:
        self._behind = behind

    def now(self) -> datetime:
        return SystemClock().now() - self._behind

    def set_right(self) -> None:
        self._behind = timedelta()


@pytest.fixture
def installation(tmp_path: Path, registry: Part) -> Iterator[Installation]:
    made = installed(tmp_path)
    with running_registry(made, registry):
        yield made


@pytest.fixture
async def clock(installation: Installation) -> AsyncIterator[LateClock]:
    """A sidecar whose leaf was made so long ago that it is renewed two seconds after the clock is set right."""
    clock = LateClock(RENEWED_AFTER - timedelta(seconds=2))
    config = Config.load(installation.sidecar_yaml)
    tokens = config.tokens.model_copy(
        update={"leaf_lifetime_hours": LIFETIME.total_seconds() // 3600, "reuse_seconds": 0}
    )
    async with application(config.model_copy(update={"tokens": tokens}), clock) as running, serving(running):
        assert running.core.signer.ready()
        clock.set_right()
        yield clock


async def test_no_token_is_refused_while_the_key_changes(installation: Installation, clock: LateClock) -> None:
    """Clients that come and go without a pause notice nothing: every token is believed, by the old key and the new."""
    seen: set[str] = set()
    refused: list[int] = []
    deadline = asyncio.get_running_loop().time() + 5

    async def client(session: aiohttp.ClientSession) -> None:
        token = installation.admin_token.read_text().strip()
        basic = {"Authorization": aiohttp.encode_basic_auth("admin@localhost", token)}
        while asyncio.get_running_loop().time() < deadline:
            async with session.get(f"{installation.public_url}/token", headers=basic) as answer:
                signed = (await answer.json())["token"]
            seen.add(jwt.get_unverified_header(signed)["x5c"][0])
            bearer = {"Authorization": f"Bearer {signed}"}
            async with session.get(f"{installation.registry_url}/v2/", headers=bearer) as checked:
                if checked.status != 200:
                    refused.append(checked.status)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(8)))
    assert (len(seen), refused) == (2, [])
