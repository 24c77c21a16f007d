"""The transport: one origin, bounded in time and size."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientTimeout, web
from aiohttp.test_utils import BaseTestServer, TestServer

from sidecar.adapters.registry import transport as transport_module
from sidecar.adapters.registry.transport import RegistryTransport, registry_transport
from sidecar.domain.errors import RegistryUnavailable

SECRET = {"Authorization": "Bearer secret"}


class Elsewhere:
    """A second origin, which remembers whether it was ever reached."""

    def __init__(self) -> None:
        self.requests = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.requests += 1
        return web.Response()


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[Elsewhere, BaseTestServer]]:
    handler = Elsewhere()
    app = web.Application()
    app.router.add_get("/{path:.*}", handler.answer)
    async with TestServer(app) as server:
        yield handler, server


@pytest.fixture
async def registry(elsewhere: tuple[Elsewhere, BaseTestServer]) -> AsyncIterator[BaseTestServer]:
    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": str(elsewhere[1].make_url("/v2/"))})

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1001)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(60)
        return response

    app = web.Application()
    app.add_routes([web.get("/v2/redirect", redirect), web.get("/v2/large", large), web.get("/v2/endless", endless)])
    async with TestServer(app) as server:
        yield server


@pytest.fixture
async def transport(registry: BaseTestServer) -> AsyncIterator[RegistryTransport]:
    async with registry_transport(str(registry.make_url("/"))) as opened:
        yield opened


async def test_a_redirect_is_not_followed(
    transport: RegistryTransport, elsewhere: tuple[Elsewhere, BaseTestServer]
) -> None:
    """S27: what a redirect points to is never asked, with or without our token."""
    answer = await transport.send("GET", transport.url("v2/redirect"), headers=SECRET, limit=1000)
    assert (answer.status, elsewhere[0].requests) == (307, 0)


@pytest.mark.parametrize(
    "reference", ["//other.example/v2/", "https://127.0.0.1/v2/", "http://127.0.0.1:1/v2/", "http://["]
)
async def test_a_link_elsewhere_is_refused(transport: RegistryTransport, reference: str) -> None:
    """S27: a Link or Location that leaves the registry's origin is a fault of the registry."""
    with pytest.raises(RegistryUnavailable):
        transport.follow(reference)


async def test_a_link_of_a_path_alone_stays_at_the_registry(transport: RegistryTransport) -> None:
    """A path-only Link (what registries send) is taken relative to the origin, its escapes as they are."""
    url = transport.follow("/v2/_catalog?last=a%2Fb&n=100")
    assert str(url) == f"{transport.url('v2/_catalog')}?last=a%2Fb&n=100"


async def test_a_url_of_another_origin_is_not_sent(
    transport: RegistryTransport, elsewhere: tuple[Elsewhere, BaseTestServer]
) -> None:
    """S27: a caller's mistake can't send credentials to another host either."""
    with pytest.raises(RegistryUnavailable):
        await transport.send("GET", elsewhere[1].make_url("/v2/"), headers=SECRET, limit=1000)
    assert elsewhere[0].requests == 0


async def test_an_answer_above_the_limit_is_refused(transport: RegistryTransport) -> None:
    """S30: an answer is read up to its limit and not a byte further."""
    with pytest.raises(RegistryUnavailable):
        await transport.send("GET", transport.url("v2/large"), headers=SECRET, limit=1000)


async def test_an_answer_that_never_ends_is_given_up(
    transport: RegistryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request has a deadline: a registry that stalls in the middle of an answer is unavailable."""
    monkeypatch.setattr(transport_module, "_TIMEOUT", ClientTimeout(total=0.2))
    with pytest.raises(RegistryUnavailable):
        await transport.send("GET", transport.url("v2/endless"), headers=SECRET, limit=1000)


async def test_a_registry_that_is_down_is_unavailable(transport: RegistryTransport, registry: BaseTestServer) -> None:
    """A refused connection is RegistryUnavailable, like every other failure."""
    await registry.close()
    with pytest.raises(RegistryUnavailable):
        await transport.send("GET", transport.url("v2/large"), headers=SECRET, limit=1000)


async def test_a_base_path_stands_before_v2(registry: BaseTestServer) -> None:
    """A registry below a path of its host keeps that path."""
    async with registry_transport(str(registry.make_url("/below/here"))) as transport:
        assert transport.url("v2/_catalog").path == "/below/here/v2/_catalog"
