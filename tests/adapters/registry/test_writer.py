"""Changing the registry: made, surely not made, or unknown; the three are never mixed up."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sidecar.adapters.registry.transport import registry_transport
from sidecar.adapters.registry.writer import HttpRegistryWriter
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import OutcomeUnknown, RegistryUnavailable
from sidecar.domain.names import RepositoryName
from tests.adapters.registry.test_reader import ReadableTokens
from tests.ports import free_port

WEB = RepositoryName("acme/web")
DIGEST = Digest("sha256:" + "a" * 64)


@dataclass
class OneAnswer:
    """Answers every request alike, or cuts the connection after having read it; `seen` says what it was asked."""

    status: int = 202
    itself: bool = True
    cuts: bool = False
    seen: list[str] = field(default_factory=list)
    body: bytes = b""

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(f"{request.method} {request.path} {request.headers['Authorization']}")
        self.body = await request.read()
        if self.cuts and request.transport is not None:
            request.transport.close()
        headers = {"Docker-Distribution-Api-Version": "registry/2.0"} if self.itself else {}
        return web.Response(status=self.status, headers=headers)


@pytest.fixture
def registry() -> OneAnswer:
    return OneAnswer()


@pytest.fixture
async def writer(registry: OneAnswer) -> AsyncIterator[HttpRegistryWriter]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", registry.answer)
    async with TestServer(app) as server, registry_transport(str(server.make_url("/"))) as transport:
        yield HttpRegistryWriter(transport, ReadableTokens(), lambda: None)


async def test_a_tag_is_deleted_by_name(writer: HttpRegistryWriter, registry: OneAnswer) -> None:
    """3.x: with a token for deleting in that repository, and for nothing else."""
    assert await writer.delete_tag(WEB, Tag("v1"))
    assert registry.seen == ["DELETE /v2/acme/web/manifests/v1 Bearer sidecar repository:acme/web:delete"]


async def test_2_8_cannot_delete_a_tag(writer: HttpRegistryWriter, registry: OneAnswer) -> None:
    """Registry fact 5: it takes a tag for a digest and answers 400."""
    registry.status = 400
    assert not await writer.delete_tag(WEB, Tag("v1"))


async def test_what_is_not_there_counts_as_deleted(writer: HttpRegistryWriter, registry: OneAnswer) -> None:
    """A deletion that is asked for twice ends as the first one did."""
    registry.status = 404
    assert await writer.delete_tag(WEB, Tag("v1"))
    await writer.delete_manifest(WEB, DIGEST)


async def test_a_manifest_is_put_as_it_is(writer: HttpRegistryWriter, registry: OneAnswer) -> None:
    """Byte for byte, with a token for pulling and pushing."""
    registry.status = 201
    await writer.put_manifest(WEB, "v1", "application/json", b"{ }")
    assert registry.body == b"{ }"
    assert registry.seen == ["PUT /v2/acme/web/manifests/v1 Bearer sidecar repository:acme/web:pull,push"]


@pytest.mark.parametrize("status", [401, 403, 405, 429])
async def test_a_refusal_changed_nothing(writer: HttpRegistryWriter, registry: OneAnswer, status: int) -> None:
    """405 is what every line answers where deleting is switched off: no reason to try a throw-away."""
    registry.status = status
    for attempt in (writer.delete_tag(WEB, Tag("v1")), writer.delete_manifest(WEB, DIGEST)):
        with pytest.raises(RegistryUnavailable) as raised:
            await attempt
        assert not isinstance(raised.value, OutcomeUnknown)


@pytest.mark.parametrize(
    ("status", "itself", "cuts"), [(500, True, False), (503, True, False), (404, False, False), (202, True, True)]
)
async def test_no_clear_answer_is_unknown(
    writer: HttpRegistryWriter, registry: OneAnswer, status: int, itself: bool, cuts: bool
) -> None:
    """A failure, a proxy's answer and a connection that ends may all follow upon a change that was made."""
    registry.status, registry.itself, registry.cuts = status, itself, cuts
    with pytest.raises(OutcomeUnknown):
        await writer.delete_manifest(WEB, DIGEST)


async def test_a_registry_that_is_not_there_changed_nothing() -> None:
    """What was never sent can't have been done."""
    async with registry_transport(f"http://127.0.0.1:{free_port()}") as transport:
        with pytest.raises(RegistryUnavailable) as raised:
            await HttpRegistryWriter(transport, ReadableTokens(), lambda: None).delete_manifest(WEB, DIGEST)
    assert not isinstance(raised.value, OutcomeUnknown)
