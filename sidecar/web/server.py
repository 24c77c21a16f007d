"""The listening socket: what aiohttp leaves open, closed. Each request has a deadline, from its first byte on.

aiohttp bounds neither the time in which a head arrives nor that of a body: both can be dribbled for ever (slowloris).
A connection here is cut when a head is late; `web.body` reads the body within what is left of the same deadline.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from aiohttp.web_protocol import RequestHandler
from multidict import istr

from sidecar.web.problems import Problem, api_envelope

HEADERS: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.PRAGMA: "no-cache",
    hdrs.SERVER: "registry-sidecar",
    istr("X-Content-Type-Options"): "nosniff",
}
"""On every answer. Without a name of its own, aiohttp would tell its version and Python's."""

MAX_HEAD_LINE: Final = 32 * 1024
"""Bytes of the request line, and of each header field (TS-22)."""
IDLE_SECONDS: Final = 75.0
"""How long a connection may rest between requests: longer than reverse proxies keep theirs by default."""
CANCEL_SECONDS: Final = 0.5
"""How long a request that was given up at the end of the server may take to notice."""
_LOOK_SECONDS: Final = 0.02
LINGER_SECONDS: Final = 1.0
"""How long what is left of a refused body is read, so that its sender still sees the answer."""


def c_parser_is_loaded() -> bool:
    """Whether aiohttp parses HTTP in C; wheels without it exist, and fall back in silence (S35)."""
    return HttpRequestParser.__module__ == "aiohttp._http_parser"


class Connection(RequestHandler):
    """One client's connection. `web.app` says when a request's head has arrived, and when it was answered."""

    __slots__ = ("_answering", "_awaiting", "_running", "_seconds", "_timer", "deadline")

    def __init__(self, server: web.Server, seconds: float, **settings: Any) -> None:
        self._running = asyncio.get_running_loop()
        super().__init__(server, loop=self._running, **settings)
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._awaiting = False
        self._answering = False
        self.deadline = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if not (self._awaiting or self._answering):
            self._await_head()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def request_began(self) -> None:
        """One whose head came while the one before was being answered has its whole time from now on."""
        if not self._awaiting:
            self.deadline = self._running.time() + self._seconds
        self._awaiting = False
        self._answering = True

    def request_ended(self) -> None:
        self._answering = False

    @property
    def answering(self) -> bool:
        return self._answering

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - the signature is aiohttp's
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """A head that aiohttp itself could not take is 400, in our own shape: aiohttp's might be HTML, or a 500.

        Errors of ours don't come here: `web.app` answers them. The text of aiohttp's would quote the head, so it isn't
        logged.
        """
        unforeseen = None if isinstance(exc, HttpProcessingError) else exc
        structlog.get_logger().info(
            "not a valid HTTP request", remote=request.remote, error=type(exc).__name__, exc_info=unforeseen
        )
        answer = api_envelope(Problem(400, "bad_request", "not a valid HTTP request"), request_id="")
        answer.headers.update(HEADERS)
        answer.force_close()
        return answer

    def _await_head(self) -> None:
        """A timer that is set already is left to find the new deadline: one for each request would cost much more."""
        self._awaiting = True
        self.deadline = self._running.time() + self._seconds
        if self._timer is None:
            self._timer = self._running.call_at(self.deadline, self._check_head)

    def _check_head(self) -> None:
        self._timer = None
        if self._awaiting and self._running.time() >= self.deadline:
            self.force_close()
        elif self._awaiting:
            self._timer = self._running.call_at(self.deadline, self._check_head)


@asynccontextmanager
async def listening(
    app: web.Application, address: str, *, request_seconds: float, shutdown_seconds: float
) -> AsyncIterator[tuple[str, int]]:
    """Serves `app` at `HOST:PORT` while the block runs; gives the address that was bound.

    A client has `request_seconds` to send a whole request. At the end no more connections are accepted, and requests
    under way have `shutdown_seconds` to finish.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CANCEL_SECONDS)
    await runner.setup()
    host, _, port = address.rpartition(":")
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: _connection(runner, request_seconds), host.strip("[]"), int(port)
        )
        try:
            yield server.sockets[0].getsockname()[:2]
        finally:
            server.close()
            await _finished(runner, shutdown_seconds)
    finally:
        await runner.cleanup()


async def _finished(runner: web.AppRunner, seconds: float) -> None:
    """Returns when the requests that are under way now have ended, or after so many seconds.

    aiohttp's own end of a server reads nothing more at once, and so never sees the rest of a body.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    connections = [] if runner.server is None else runner.server.connections
    waiting = [each for each in connections if isinstance(each, Connection) and each.answering]
    while waiting and loop.time() < deadline:
        await asyncio.sleep(_LOOK_SECONDS)
        waiting = [each for each in waiting if each.answering]


def _connection(runner: web.AppRunner, request_seconds: float) -> Connection:
    if runner.server is None:
        raise RuntimeError("a connection was accepted after the server ended")
    return Connection(
        runner.server,
        request_seconds,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGER_SECONDS,
        max_line_size=MAX_HEAD_LINE,
        max_field_size=MAX_HEAD_LINE,
    )
