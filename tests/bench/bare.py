"""The yardstick: aiohttp that answers a fixed body or takes an event, and does nothing else. `python -m tests.bench.bare PORT BODY_BYTES`."""

import sys

from aiohttp import web

_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def bare_application(body: bytes) -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers=_HEADERS)

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=b"{}", content_type="application/json")

    application = web.Application()
    application.add_routes([web.get("/token", answer), web.get("/readyz", answer), web.post("/events", take)])
    return application


if __name__ == "__main__":
    port, size = map(int, sys.argv[1:])
    web.run_app(bare_application(b"x" * size), host="127.0.0.1", port=port, access_log=None, print=None)
