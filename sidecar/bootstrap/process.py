"""`sidecar serve` as a process: its log, its listeners, and its end when it is told to stop."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog

from sidecar.adapters.logs import configure_logging
from sidecar.bootstrap.assembly import Application, application
from sidecar.config import Config
from sidecar.web.server import c_parser_is_loaded, listening

_GATHER_SECONDS: Final = 0.1
"""How long a line of the log may wait for others."""


async def serve(config: Config) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests under way finish, writes what is noted, and closes."""
    configure_logging(config.logging.level, gather_seconds=_GATHER_SECONDS)
    log = structlog.get_logger()
    _tell_of_parser()
    async with application(config) as running, serving(running) as addresses:
        log.info("listening", addresses=addresses)
        _spare_the_collector()
        await _told_to_stop()
        log.info("stopping")


def _tell_of_parser() -> None:
    if not c_parser_is_loaded():
        structlog.get_logger().warning(
            "aiohttp runs without its C parser: slower, and less tried against malformed requests"
        )


@asynccontextmanager
async def serving(running: Application) -> AsyncIterator[dict[str, str]]:
    """Listens while the block runs; gives what is bound where, as `HOST:PORT`."""
    config, limits = running.core.config, running.core.config.limits
    wanted = {"public": (running.public, config.listen)}
    if running.internal is not None and config.internal_listen is not None:
        wanted["internal"] = (running.internal, config.internal_listen)
    async with AsyncExitStack() as stack:
        bound = {}
        for name, (app, address) in wanted.items():
            host, port = await stack.enter_async_context(
                listening(
                    app,
                    address,
                    request_seconds=limits.request_seconds,
                    shutdown_seconds=limits.shutdown_seconds,
                )
            )
            bound[name] = f"{host}:{port}"
        yield bound


def _spare_the_collector() -> None:
    """What stands by now stays. Walking through it took a third of a second with 100,000 accounts, and held all up."""
    gc.collect()
    gc.freeze()


async def _told_to_stop() -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()
