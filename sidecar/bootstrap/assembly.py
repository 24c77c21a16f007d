"""The whole, put together: core, surfaces, background work. It reads top to bottom as the architecture."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web

from sidecar.adapters.background import Repeating
from sidecar.adapters.logs import request_lines
from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.bootstrap.api import management_api
from sidecar.bootstrap.core import Core, open_core
from sidecar.bootstrap.events import events_endpoint, receive_events
from sidecar.bootstrap.index import index_work
from sidecar.bootstrap.keys import event_secrets
from sidecar.bootstrap.removals import removal_work, removing
from sidecar.bootstrap.tokens import token_endpoint
from sidecar.bootstrap.upkeep import upkeep
from sidecar.config import Config
from sidecar.domain.pulls import PullLedger
from sidecar.ports import Clock, Randomness
from sidecar.web import events, token
from sidecar.web.app import FrontDoor, make_app
from sidecar.web.health import Health, health_routes, metrics_routes
from sidecar.web.index_alerts import IndexAlerts
from sidecar.web.metrics import Metrics
from sidecar.web.problems import status_envelope, token_envelope
from sidecar.web.remote import Proxies
from sidecar.web.sweep_alerts import SweepAlerts


@dataclass(frozen=True, slots=True)
class Application:
    """Everything, made once. `internal` is None where metrics are served on the public listener."""

    core: Core
    public: web.Application
    internal: web.Application | None
    background: tuple[Repeating, ...]


@asynccontextmanager
async def application(
    config: Config, clock: Clock | None = None, randomness: Randomness | None = None, *, working: bool = True
) -> AsyncIterator[Application]:
    """The application with its database open and, if `working`, its background work running; nothing listens yet.

    Raises DatabaseError, SecretFileError, Invalid or OSError where the installation isn't in order.
    """
    metrics = Metrics()
    async with open_core(config, clock or SystemClock(), randomness or SystemRandomness(), metrics) as core:
        whole = _assembled(core, metrics)
        async with AsyncExitStack() as stack:
            for work in whole.background if working else ():
                await stack.enter_async_context(work.running())
            yield whole


def _assembled(core: Core, metrics: Metrics) -> Application:
    log = structlog.get_logger().bind()
    secrets = event_secrets(core.config)
    pulls = PullLedger(frozenset(core.config.events.uncounted_principals))
    index_alerts = IndexAlerts(metrics, log, core.clock, has_secrets=bool(secrets))
    sweep_alerts = SweepAlerts(metrics, log, core.clock)
    indexing = index_work(core, pulls, index_alerts, sweep_alerts)
    receive = receive_events(core, pulls, stored=indexing.indexing.nudge, caught_up=indexing.fetching.nudge)
    remove = removing(core)
    background = (*upkeep(core), *removal_work(remove), *indexing)
    troubles = _troubles(core, background, index_alerts, sweep_alerts)
    public = [
        *token_endpoint(core, metrics).routes(),
        *management_api(core, receive, remove),
        *health_routes(Health(core.signer.ready, troubles)),
    ]
    internal = [*events_endpoint(core, receive, secrets, metrics).routes(), *metrics_routes(metrics)]
    front_door = _front_door(core, metrics)
    if core.config.internal_listen is None:
        return Application(core, make_app(front_door, [*public, *internal]), None, background)
    return Application(core, make_app(front_door, public), make_app(front_door, internal), background)


def _troubles(
    core: Core, background: Iterable[Repeating], index_alerts: IndexAlerts, sweep_alerts: SweepAlerts
) -> dict[str, Callable[[], str | None]]:
    """What /readyz calls degraded, by its name there: None while all is well with it."""
    return {
        **{work.name: work.trouble for work in background},
        "reconcile": sweep_alerts.trouble,
        **core.sign_in.troubles(),
        **index_alerts.troubles(),
    }


def _front_door(core: Core, metrics: Metrics) -> FrontDoor:
    return FrontDoor(
        proxies=Proxies(core.config.trusted_proxies),
        randomness=core.randomness,
        metrics=metrics,
        log=structlog.get_logger().bind(),
        line=request_lines(),
        envelopes={token.PATH: token_envelope(core.config.realm), events.PATH: status_envelope},
    )
