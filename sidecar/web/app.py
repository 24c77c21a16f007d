"""The application: routes behind one middleware, through which every request and every answer passes.

The middleware gives the request its id, turns errors into problems, and writes one log line and the metrics. It never
logs a query, a header or a body: that is where secrets travel.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from multidict import istr
from structlog.typing import FilteringBoundLogger

from sidecar.ports import Randomness
from sidecar.web.asking import PASSAGE, Passage
from sidecar.web.metrics import Metrics
from sidecar.web.problems import Envelope, api_envelope, problem_of
from sidecar.web.remote import Proxies
from sidecar.web.server import HEADERS, Connection

_REQUEST_ID: Final = istr("X-Request-ID")


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """What the middleware works with. `line` takes the fields of a request's log line.

    `envelopes` names the paths whose problems don't have the API's shape.
    """

    proxies: Proxies
    randomness: Randomness
    metrics: Metrics
    log: FilteringBoundLogger
    line: Callable[..., None]
    envelopes: Mapping[str, Envelope] = field(default_factory=dict)

    def middleware(self) -> Middleware:
        return self._pass

    @web.middleware
    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        request_id = self.proxies.request_id_of(request) or self.randomness.identifier()
        passage = request[PASSAGE] = Passage(request_id, self.proxies.remote_of(request))
        connection = request.protocol
        if isinstance(connection, Connection):
            connection.request_began()
        try:
            answer = await self._answer(request, handler)
        finally:
            if isinstance(connection, Connection):
                connection.request_ended()
        answer.headers.update(HEADERS)
        answer.headers[_REQUEST_ID] = request_id
        self._record(request, passage, answer.status, perf_counter() - started)
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500 and not problem.business:
                self.log.exception("request failed", request_id=request[PASSAGE].request_id)
            answer = self.envelopes.get(request.path, api_envelope)(problem, request[PASSAGE].request_id)
            if problem.status == 408:
                answer.force_close()
            return answer

    def _record(self, request: web.Request, passage: Passage, status: int, seconds: float) -> None:
        route = passage.route or _pattern(request)
        method = request.method if request.method in hdrs.METH_ALL else "other"
        self.metrics.answered(method, route, status, seconds)
        self.line(
            request_id=passage.request_id,
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            remote=passage.address,
            principal=passage.principal,
        )


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical


def make_app(front_door: FrontDoor, routes: Iterable[web.AbstractRouteDef]) -> web.Application:
    """An application of these routes. Bodies are bounded where they are read (`web.body`), not by aiohttp."""
    app = web.Application(middlewares=[front_door.middleware()])
    app.add_routes(routes)
    return app
