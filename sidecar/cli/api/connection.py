"""How a command reaches the API: through the server that runs, or, when none does, through one of its own.

Either way it is the same API over HTTP with the administrator's token, so that commands have one path. Who has the
database's lock decides: where it is free, the command takes it, opens the database and serves the API to itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from sidecar.adapters.database import DatabaseError, DatabaseInUse
from sidecar.adapters.logs import configure_logging
from sidecar.bootstrap import application
from sidecar.cli.api.client import ApiClient
from sidecar.cli.failure import Failure
from sidecar.config import Config, read_secret
from sidecar.web.server import listening

_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - where to call a server that listens everywhere


def call_as_administrator(config_file: Path, method: str, **body: Any) -> dict[str, Any]:
    """The result of one method. Raises ApiRefused, or Failure where the API can't be reached or started."""
    config = Config.load(config_file)

    async def call() -> dict[str, Any]:
        async with connected(config) as api:
            return await api.call(method, **body)

    return asyncio.run(call())


@asynccontextmanager
async def connected(config: Config, *, working: bool = False) -> AsyncIterator[ApiClient]:
    """The API of this installation, as its administrator. Raises SecretFileError without the administrator's token.

    `working` is for what the background work of a server does: where none runs, it is done here meanwhile.
    """
    token = read_secret(config.administrator.token_file, config.secrets.allow_readable)
    async with AsyncExitStack() as stack:
        url = await _running(config, stack, working)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield ApiClient(session, url, token)


async def _running(config: Config, stack: AsyncExitStack, working: bool) -> str:
    """The URL of the running server, or of one on the loopback interface that ends with the stack."""
    configure_logging("error")
    try:
        own = await stack.enter_async_context(application(config, working=working))
    except DatabaseInUse:
        return f"http://{_callable(config.listen)}"
    except (DatabaseError, OSError) as error:
        raise Failure(str(error)) from None
    seconds = config.limits.request_seconds
    _, port = await stack.enter_async_context(
        listening(own.public, "127.0.0.1:0", request_seconds=seconds, shutdown_seconds=seconds)
    )
    return f"http://127.0.0.1:{port}"


def _callable(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    return f"{_LOOPBACK.get(host, host)}:{port}"
