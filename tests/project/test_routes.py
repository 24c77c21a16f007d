"""The inventory of routes."""

from pathlib import Path

from tests.web.api.calling import callable_api

OPEN = {
    "GET /healthz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /readyz",
    "GET /token",
    "POST /token",
}
"""Those that need no credentials; /token answers who has none with what everybody may have."""
WITH_A_SECRET = {"POST /events"}
WITH_CREDENTIALS = {"POST /{method}"}


async def test_every_route_is_known(tmp_path: Path) -> None:
    """S7: a route that is added fails here until somebody writes down who may use it."""
    async with callable_api(tmp_path) as api:
        routes = api.sidecar.application.public.router.routes()
        served = {f"{route.method} {route.resource.canonical}" for route in routes if route.resource is not None}
    assert served - {f"HEAD {path.partition(' ')[2]}" for path in OPEN} == OPEN | WITH_A_SECRET | WITH_CREDENTIALS
