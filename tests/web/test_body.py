"""Bodies, within a size. Their time is tested over raw sockets, with the server's."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from sidecar.web.body import read_body
from sidecar.web.server import listening

LIMIT = 100_000


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """A client of an application that tells how much it has read."""

    async def count(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await read_body(request, LIMIT))))

    app = web.Application()
    app.add_routes([web.route("*", "/", count)])
    async with (
        listening(app, "127.0.0.1:0", request_seconds=5, shutdown_seconds=1) as (host, port),
        ClientSession(f"http://{host}:{port}") as session,
    ):
        yield session


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b"a" * 1000
    yield b"a" * (size % 1000)


async def test_none_is_empty(http: ClientSession) -> None:
    """A request without a body, whatever its method."""
    async with http.get("/") as answer:
        assert await answer.text() == "0"
    async with http.post("/") as answer:
        assert await answer.text() == "0"


@pytest.mark.parametrize("chunked", [False, True])
async def test_one_at_the_limit_is_taken(http: ClientSession, chunked: bool) -> None:
    """Whole, with a length announced or in chunks."""
    async with http.post("/", data=_chunks(LIMIT) if chunked else b"a" * LIMIT) as answer:
        assert (answer.status, await answer.text()) == (200, str(LIMIT))


@pytest.mark.parametrize("chunked", [False, True])
async def test_one_above_the_limit_is_413(http: ClientSession, chunked: bool) -> None:
    """S30: by the announced length before a byte is read, or as soon as too much has come."""
    async with http.post("/", data=_chunks(LIMIT + 1) if chunked else b"a" * (LIMIT + 1)) as answer:
        assert answer.status == 413
