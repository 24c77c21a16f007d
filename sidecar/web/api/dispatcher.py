"""One way for every method: who, what, may they, do it, answer. Handlers never see a request, nor decide who may."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from sidecar.domain.actors import Asking
from sidecar.domain.errors import Forbidden, InvalidCredentials, Unauthorized
from sidecar.domain.identity import Credentials, Principal
from sidecar.domain.policy import Caller
from sidecar.ports import AccessReader
from sidecar.usecases.authenticate import Authenticate
from sidecar.web.api.bodies import Prepared, Result
from sidecar.web.api.methods import MethodTable
from sidecar.web.api.reading import read_request
from sidecar.web.asking import PASSAGE, asking_of
from sidecar.web.body import read_body
from sidecar.web.principal import credentials_of


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """`max_body` is in bytes. `denied` hears of each call that lacked permissions: in which project, and on which
    repository, if its body names any; and what was missing.
    """

    methods: MethodTable
    authenticate: Authenticate
    access: AccessReader
    max_body: int
    denied: Callable[[Caller, str | None, str | None, Sequence[str]], None]

    def routes(self) -> list[web.RouteDef]:
        return [web.post(r"/{method:[^/]+\.[^/]+}", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Raises what `web.problems` knows how to answer; a body is read only from who is authenticated."""
        method = self.methods.find(request.match_info["method"])
        if method is None:
            raise web.HTTPNotFound
        request[PASSAGE].route = f"/{method.name}"
        asking = asking_of(request, method.name)
        principal = await self._principal(request, asking)
        body = read_request(method.request, await read_body(request, self.max_body))
        caller = Caller(principal, self.access.access_of(principal), asking)
        try:
            method.authorise(caller.access, body)
            return _answer(await method.handler(caller, body))
        except Forbidden as refusal:
            self.denied(caller, getattr(body, "project", None), getattr(body, "repository", None), refusal.items)
            raise

    async def _principal(self, request: web.Request, asking: Asking) -> Principal:
        credentials = self._credentials(request, asking)
        if credentials is None:
            raise Unauthorized
        principal = await self.authenticate(credentials, asking)
        request[PASSAGE].principal = principal.name
        return principal

    def _credentials(self, request: web.Request, asking: Asking) -> Credentials | None:
        try:
            return credentials_of(request, asking.address)
        except InvalidCredentials:
            self.authenticate.unreadable(asking)
            raise


def _answer(result: Result | Prepared[Any]) -> web.Response:
    fields = result.fields if isinstance(result, Prepared) else _dumped(result)
    body = orjson.dumps({"ok": True, "result": fields}, option=orjson.OPT_UTC_Z)
    return web.Response(body=body, content_type="application/json")


def _dumped(result: Result) -> Mapping[str, object]:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)
