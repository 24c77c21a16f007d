"""The whole application on a database of its own, with a clock that is held, called over HTTP as clients call it."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from sidecar.bootstrap import Core, application
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.config import Config
from sidecar.domain.identity import Credential, CredentialKind, Limit, PrincipalKind
from sidecar.domain.issuing import issue
from sidecar.domain.names import Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName
from sidecar.domain.roles import PermissionPattern
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.domain.tenancy import Binding, Project, Role, ServiceAccount
from tests.fakes import HeldClock, RepeatableRandomness

ROOT = "admin@localhost"
DOMAIN = "serviceaccount.auth.example.com"


@dataclass
class StandInRegistry:
    """Answers the catalogue and the tags of these repositories, or nothing but errors."""

    tags: dict[str, list[str]] = field(default_factory=dict)
    broken: bool = False

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/v2/_catalog", self._catalog), web.get("/v2/{name:.+}/tags/list", self._tags)])
        return app

    async def _catalog(self, _: web.Request) -> web.Response:
        return web.json_response({"repositories": sorted(self.tags)}, status=500 if self.broken else 200)

    async def _tags(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response({"name": name, "tags": self.tags[name]})


@dataclass
class Running:
    """The application, how to call it, and short ways to put tenants into its database."""

    client: TestClient[web.Request, web.Application]
    core: Core
    clock: HeldClock
    registry: StandInRegistry
    root: str
    errors: Mapping[str, frozenset[str]] = field(default_factory=dict)

    async def call(self, method: str, token: str | None, /, **body: Any) -> Any:
        """The envelope. Its form, and that the code of an error is one that the method documents, is checked here."""
        answer = await self.post(method, json.dumps(body).encode(), bearer(token))
        assert answer.status == 200, await answer.text()
        envelope = await answer.json()
        if not envelope["ok"]:
            assert envelope["error"]["code"] in self.errors[method.lower()], (method, envelope)
        return envelope

    async def result(self, method: str, token: str | None, /, **body: Any) -> Any:
        """The result of a call that succeeds."""
        envelope = await self.call(method, token, **body)
        assert envelope["ok"], envelope
        return envelope["result"]

    async def error(self, method: str, token: str | None, /, **body: Any) -> Any:
        """The error of a call that fails."""
        envelope = await self.call(method, token, **body)
        assert not envelope["ok"], envelope
        return envelope["error"]

    async def post(self, method: str, body: bytes, headers: Mapping[str, str]) -> ClientResponse:
        return await self.client.post(f"/{method}", data=body, headers=headers)

    async def sign_in(
        self,
        email: str,
        kind: CredentialKind = CredentialKind.PERSONAL_TOKEN,
        limit: Limit | None = None,
        expires_at: datetime | None = None,
        parent: str | None = None,
    ) -> str:
        """A secret that proves this principal."""
        principal = PrincipalKind.SERVICE_ACCOUNT if email.endswith(DOMAIN) else PrincipalKind.PERSON
        identifier = self.core.randomness.identifier()
        credential = Credential(identifier, kind, Email(email), principal, expires_at, limit, parent)
        secret = issue(credential, self.core.randomness.bytes(RANDOM_BYTES), "", self.clock.now(), email)
        async with self.core.store.writing() as tables:
            await tables.secrets.add(secret.kept)
        return secret.text

    async def project(self, sid: str, owner: str | None = None, owns: Sequence[str] = ()) -> None:
        names = tuple(OwnedName(name) for name in owns)
        async with self.core.store.writing() as tables:
            await tables.projects.add(Project(ProjectId(sid), sid.title(), names, self.clock.now(), ROOT))
        if owner is not None:
            await self.bind(sid, owner, "owner")

    async def bind(self, project: str, principal: str, *roles: str, only: Sequence[str] | None = None) -> None:
        globs = None if only is None else tuple(Glob(glob) for glob in only)
        names = tuple(RoleName(role) for role in roles)
        async with self.core.store.writing() as tables:
            await tables.bindings.put(Binding(project, PrincipalName(principal), names, globs, self.clock.now(), ROOT))

    async def role(self, project: str, name: str, *permissions: str) -> None:
        patterns = tuple(PermissionPattern(permission) for permission in permissions)
        async with self.core.store.writing() as tables:
            await tables.roles.put(Role(ProjectId(project), RoleName(name), patterns, self.clock.now(), ROOT, name))

    async def account(self, project: str, sid: str) -> str:
        """A service account; its e-mail."""
        email = Email(f"{sid}@{project}.{DOMAIN}")
        async with self.core.store.writing() as tables:
            await tables.accounts.add(ServiceAccount(ProjectId(project), sid, email, sid, "", self.clock.now(), ROOT))
        return email


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


@asynccontextmanager
async def running(folder: Path, **api: Any) -> AsyncIterator[Running]:
    """The application in this folder, with these settings of the section `api`."""
    registry = StandInRegistry()
    clock = HeldClock()
    async with TestServer(registry.app()) as server:
        installation = Installation(
            folder / "sidecar",
            str(server.make_url("/")).rstrip("/"),
            "registry.example.com",
            "https://auth.example.com",
            "127.0.0.1:0",
        )
        initialise(installation)
        config = Config.load(installation.sidecar_yaml)
        config = config.model_copy(update={"api": config.api.model_copy(update=api)})
        async with (
            application(config, clock, RepeatableRandomness()) as whole,
            TestClient(TestServer(whole.public)) as client,
        ):
            root = installation.admin_token.read_text().strip()
            yield Running(client, whole.core, clock, registry, root, await _errors(client))


async def _errors(client: TestClient[web.Request, web.Application]) -> dict[str, frozenset[str]]:
    document = await (await client.get("/openapi.json")).json()
    return {path[1:].lower(): frozenset(operation["post"]["x-errors"]) for path, operation in document["paths"].items()}
