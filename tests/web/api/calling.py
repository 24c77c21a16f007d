"""Calling the management API over HTTP, as its clients do, beside a registry that holds what a test says."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestServer

from tests.fakes import HeldClock
from tests.running import Sidecar, running
from tests.tenants import Tenants


@dataclass
class ScriptedRegistry:
    """Answers with these repositories and their tags, or with nothing but errors; takes and deletes every manifest.

    `deleted` holds the tags that it was asked to delete.
    """

    tags: dict[str, list[str]] = field(default_factory=dict)
    broken: bool = False
    deleted: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/v2/_catalog", self._catalog),
                web.get("/v2/{name:.+}/tags/list", self._tags),
                web.head("/v2/{name:.+}/manifests/{reference}", self._head),
                web.put("/v2/{name:.+}/manifests/{reference}", self._put),
                web.delete("/v2/{name:.+}/manifests/{reference}", self._delete),
            ]
        )
        return app

    async def _head(self, request: web.Request) -> web.Response:
        """A tag is where whoever asks believes it to be; anything else has no clear answer."""
        return web.Response(status=304 if "If-None-Match" in request.headers else 405)

    async def _put(self, _: web.Request) -> web.Response:
        return web.Response(status=201, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def _delete(self, request: web.Request) -> web.Response:
        headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
        if self.broken:
            return web.Response(status=405, headers=headers)
        if ":" not in request.match_info["reference"]:
            self.deleted.append(f"{request.match_info['name']} {request.match_info['reference']}")
        return web.Response(status=202, headers=headers)

    async def _catalog(self, _: web.Request) -> web.Response:
        return web.json_response({"repositories": sorted(self.tags)}, status=500 if self.broken else 200)

    async def _tags(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response({"name": name, "tags": self.tags.get(name)})


@dataclass(frozen=True, slots=True)
class Api:
    """`document` is the API's own description, which every answer is held to."""

    sidecar: Sidecar
    registry: ScriptedRegistry
    document: Mapping[str, Any]

    @property
    def root(self) -> str:
        """The token of the installation's administrator."""
        return self.sidecar.administrator

    @property
    def tenants(self) -> Tenants:
        return self.sidecar.tenants

    @property
    def clock(self) -> HeldClock:
        return self.sidecar.clock

    async def call(self, method: str, token: str | None, /, **body: Any) -> Any:
        """The envelope of an answer with status 200."""
        answer = await self.post(method, json.dumps(body).encode(), bearer(token))
        assert answer.status == 200, await answer.text()
        envelope = await answer.json()
        self._check(method, envelope)
        return envelope

    async def result(self, method: str, token: str | None, /, **body: Any) -> Any:
        """The result of a call that must succeed."""
        envelope = await self.call(method, token, **body)
        assert envelope["ok"], envelope
        return envelope["result"]

    async def error(self, method: str, token: str | None, /, **body: Any) -> Any:
        """The error of a call that must fail."""
        envelope = await self.call(method, token, **body)
        assert not envelope["ok"], envelope
        return envelope["error"]

    async def post(self, method: str, body: bytes, headers: Mapping[str, str]) -> ClientResponse:
        return await self.sidecar.http.post(f"{self.sidecar.url}/{method}", data=body, headers=headers)

    def methods(self) -> list[str]:
        return [path[1:] for path in self.document["paths"]]

    def _check(self, method: str, envelope: Any) -> None:
        """Whatever a test is about: an error's code is one of those that the method documents."""
        if not envelope["ok"]:
            documented = self.document["paths"][f"/{method}"]["post"]["x-errors"]
            assert envelope["error"]["code"] in documented, (method, envelope)


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


@asynccontextmanager
async def callable_api(folder: Path, **settings: Any) -> AsyncIterator[Api]:
    """A sidecar in this folder with these settings changed, beside a registry that holds nothing."""
    registry = ScriptedRegistry()
    async with TestServer(registry.app()) as server:
        settings["registry"] = {"url": str(server.make_url("")).rstrip("/")}
        async with running(folder, **settings) as sidecar:
            answer = await sidecar.http.get(f"{sidecar.url}/openapi.json")
            yield Api(sidecar, registry, await answer.json())
