"""`POST /events`: the registry's notifications. Whatever a rightful registry sends is taken, and answered with 200.

Only a wrong secret is refused, and 503 says that nothing could be stored: anything else than 2xx would hold back all
that follows (registry fact 2). The door knows nothing of what events mean.
"""

import hmac
from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web
from structlog.typing import FilteringBoundLogger

from sidecar.domain.errors import InvalidCredentials
from sidecar.usecases.receive_events import HEAD_BYTES, Delivery, Receipt, ReceiveEvents
from sidecar.web.body import read_head
from sidecar.web.metrics import Metrics

PATH: Final = "/events"

_OUTCOMES: Final = ("stored", "pulls", "ignored", "quarantined", "dropped")
_REFUSED: Final = "refused"


class EventsEndpoint:
    """`secrets` are all valid at once, so that they rotate without a gap."""

    def __init__(
        self,
        receive: ReceiveEvents,
        secrets: Sequence[str],
        body_bytes: int,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._receive = receive
        self._headers = [f"Bearer {secret}".encode() for secret in secrets]
        self._body_bytes = body_bytes
        self._counts = {outcome: metrics.events.labels(outcome) for outcome in (_REFUSED, *_OUTCOMES)}
        self._log = log

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """200 once all that must survive is durable; 401 for a wrong secret; 503 where it can't be stored."""
        if not self._is_rightful(request):
            self._counts[_REFUSED].inc()
            self._log.error("refused an event with a wrong secret: its sender's queue waits", remote=request.remote)
            raise InvalidCredentials
        content, whole = await read_head(request, self._body_bytes)
        delivery = Delivery(
            content=content if whole else content[:HEAD_BYTES],
            content_type=request.headers.get(hdrs.CONTENT_TYPE, "")[:255],
            address=request.remote or "",
            whole=whole,
        )
        receipt = await self._receive(delivery)
        self._tell(receipt)
        return web.Response(body=b"{}", content_type="application/json")

    def _tell(self, receipt: Receipt) -> None:
        for outcome in _OUTCOMES:
            if count := getattr(receipt, outcome):
                self._counts[outcome].inc(count)
        if receipt.quarantined:
            self._log.warning("events were quarantined: see `sidecar inbox list`", count=receipt.quarantined)
        if receipt.dropped:
            self._log.error("unreadable events were dropped: the quarantine is full", count=receipt.dropped)

    def _is_rightful(self, request: web.Request) -> bool:
        """Compared as bytes and in constant time (S9)."""
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        return any(hmac.compare_digest(given, header) for header in self._headers)
