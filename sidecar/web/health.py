"""Whether the process lives, whether it can sign tokens, and its metrics. None of these asks who is asking (S7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from sidecar.web.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Health:
    """What `/readyz` asks. `parts` give, by name, what is wrong with them, or None.

    Only signing decides: a sick part must not take logins down (decision 5).
    """

    can_sign: Callable[[], bool]
    parts: Mapping[str, Callable[[], str | None]] = field(default_factory=dict)

    def degraded(self) -> dict[str, str]:
        found = {name: ask() for name, ask in self.parts.items()}
        return {name: trouble for name, trouble in found.items() if trouble is not None}


def health_routes(health: Health) -> list[web.RouteDef]:
    async def alive(_: web.Request) -> web.Response:
        return _json(200, {"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        able = health.can_sign()
        return _json(200 if able else 503, {"ready": able, "degraded": health.degraded()})

    return [web.get("/healthz", alive), web.get("/readyz", ready)]


def metrics_routes(metrics: Metrics) -> list[web.RouteDef]:
    async def expose(_: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    return [web.get("/metrics", expose)]


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
