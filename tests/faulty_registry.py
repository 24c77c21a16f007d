"""A registry that holds what a test says, and answers as badly as the test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from sidecar.adapters.registry.reader import HttpRegistryReader
from sidecar.adapters.registry.transport import registry_transport
from sidecar.domain.digests import Digest
from sidecar.domain.manifests import OCI_MANIFEST
from sidecar.ports import AccessEntry, RegistryToken

OURS = {"Docker-Distribution-Api-Version": "registry/2.0"}
Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


class AnyToken:
    """ports.TokenSigner for a registry that asks nobody who they are."""

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        return RegistryToken("token", datetime(2026, 11, 23, tzinfo=UTC), lifetime)

    def ready(self) -> bool:
        return True


class FaultyRegistry:
    """`tags` by repository, `manifests` that are served without a tag, and `lost` ones, which their tags outlived.

    `fault` may answer in its place.
    """

    def __init__(self) -> None:
        self.tags: dict[str, dict[str, Digest]] = {}
        self.manifests: dict[str, set[Digest]] = {}
        self.lost: set[Digest] = set()
        self.catalogue: list[str] = []
        self.fault: Fault | None = None
        self.asked: list[str] = []

    def push(self, repository: str, tag: str, digest: Digest) -> None:
        self.tags.setdefault(repository, {})[tag] = digest
        if repository not in self.catalogue:
            self.catalogue.append(repository)

    def start_on_an_empty_folder(self) -> None:
        self.tags, self.manifests, self.catalogue = {}, {}, []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        answer = None if self.fault is None else await self.fault(request)
        return answer or self.truth(request)

    def truth(self, request: web.Request) -> web.Response:
        """What distribution answers: a tag is looked up before If-None-Match is compared, a digest after it."""
        if request.path == "/v2/_catalog":
            return web.json_response({"repositories": self.catalogue}, headers=OURS)
        if request.path.endswith("/tags/list"):
            return self._list(request.path[len("/v2/") : -len("/tags/list")])
        repository, _, reference = request.path[len("/v2/") :].rpartition("/manifests/")
        return self._manifest(request, repository, reference)

    def _list(self, repository: str) -> web.Response:
        if repository not in self.catalogue:
            return web.json_response({"errors": [{"code": "NAME_UNKNOWN"}]}, status=404, headers=OURS)
        return web.json_response({"name": repository, "tags": list(self.tags.get(repository, ())) or None})

    def _manifest(self, request: web.Request, repository: str, reference: str) -> web.Response:
        tags = self.tags.get(repository, {})
        digest = reference if ":" in reference else tags.get(reference)
        if digest is not None and request.headers.get("If-None-Match") == f'"{digest}"':
            return web.Response(status=304, headers=OURS)
        if digest is None or digest not in {*tags.values(), *self.manifests.get(repository, ())} - self.lost:
            return web.Response(status=404, headers=OURS)
        return web.Response(headers=OURS | {"Docker-Content-Digest": digest, "Content-Type": OCI_MANIFEST})


@asynccontextmanager
async def reading(registry: FaultyRegistry) -> AsyncIterator[HttpRegistryReader]:
    """A reader of it, over HTTP."""
    app = web.Application()
    app.router.add_get("/{path:.*}", registry.answer)
    async with TestServer(app) as server, registry_transport(str(server.make_url("/"))) as transport:
        yield HttpRegistryReader(transport, AnyToken(), lambda: None)


def always(status: int, document: Any) -> Fault:
    """Every question is answered so."""

    async def fault(_: web.Request) -> web.StreamResponse:
        return web.json_response(document, status=status)

    return fault


def lists(document: Any) -> Fault:
    """Both lists say this; manifests are answered truly."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        is_list = request.path.endswith(("_catalog", "/tags/list"))
        return web.json_response(document, headers=OURS) if is_list else None

    return fault


def on_lists(*responses: tuple[bytes, int, dict[str, str]]) -> Fault:
    """Both lists are answered so, each of these in its turn; manifests are answered truly."""
    turns = cycle(responses)

    async def fault(request: web.Request) -> web.StreamResponse | None:
        if not request.path.endswith(("_catalog", "/tags/list")):
            return None
        body, status, headers = next(turns)
        return web.Response(body=body, status=status, headers=OURS | headers)

    return fault


def on_manifests(status: int, headers: dict[str, str]) -> Fault:
    """Every question about a manifest is answered so; the lists are true."""

    async def fault(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=status, headers=headers) if "/manifests/" in request.path else None

    return fault


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()
