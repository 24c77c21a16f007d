"""The endpoint that takes the registry's notifications, and the use case that stores them."""

from collections.abc import Callable, Sequence

import structlog

from sidecar.bootstrap.core import Core
from sidecar.domain.pulls import PullLedger
from sidecar.usecases.receive_events import ReceiveEvents
from sidecar.web.events import EventsEndpoint
from sidecar.web.metrics import Metrics


def receive_events(
    core: Core, pulls: PullLedger, stored: Callable[[], None], caught_up: Callable[[], None]
) -> ReceiveEvents:
    """What takes notifications in; `stored` and `caught_up` are told when there is something to index or to fetch."""
    quarantine_bytes = core.config.events.quarantine_bytes
    return ReceiveEvents(
        core.inbox, pulls, core.clock, quarantine_bytes, core.echoes, stored=stored, caught_up=caught_up
    )


def events_endpoint(core: Core, receive: ReceiveEvents, secrets: Sequence[str], metrics: Metrics) -> EventsEndpoint:
    """Where the registry sends its notifications, with one of these secrets."""
    return EventsEndpoint(
        receive=receive,
        secrets=secrets,
        body_bytes=core.config.events.body_bytes,
        metrics=metrics,
        log=structlog.get_logger().bind(),
    )
