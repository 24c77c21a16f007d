"""`sidecar quickstart`: a registry and a sidecar on this machine, a first project in them, and what to type next."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import typer

from sidecar.adapters.registry.transport import registry_transport
from sidecar.cli import distribution
from sidecar.cli.api.client import ApiClient
from sidecar.cli.distribution import RegistryProgram
from sidecar.cli.failure import Failure
from sidecar.cli.quickstart.first_image import Pusher, hello_image
from sidecar.cli.quickstart.first_project import PROJECT, ensure_key, ensure_project
from sidecar.cli.quickstart.processes import Program, running
from sidecar.cli.quickstart.workbench import prepare_workbench
from sidecar.cli.rendering import Installation
from sidecar.config import read_secret

_READY_SECONDS: Final = 60.0
_REPOSITORY: Final = f"{PROJECT}/hello"
_TAG: Final = "v1"

_INSTRUCTIONS: Final = """
Sign in, pull, push:

  docker login {host} -u {email} -p {key}
  docker pull {image}:{tag}
  docker tag {image}:{tag} {image}:v2
  docker push {image}:v2

Ask the management API, as the administrator, whose token is in {token}:

  curl {url}/registry.getTags -d '{{"project": "{project}", "repository": "{repository}"}}' \\
    -H "Authorization: Bearer $(cat {token})"

Logs: {log}/registry.log, {log}/sidecar.log
Ctrl-C stops both; the next run finds everything as it was.
"""


def quickstart(
    folder: Annotated[Path, typer.Option("--dir", help="Where everything is kept.")] = Path("var"),
    registry: Annotated[Path | None, typer.Option(help="The registry to run; else one on the PATH.")] = None,
    registry_port: Annotated[int | None, typer.Option(help="The registry's port; else as before, or 5050.")] = None,
    port: Annotated[int | None, typer.Option(help="The sidecar's port; else as before, or 5051.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch Debian's registry without asking if none is here.")] = False,
) -> None:
    """Start a registry and a sidecar here, ready for docker login.

    There is a first project in it, with an account and an image. Everything is written below one folder; nothing is
    installed and no service is started. Ctrl-C stops both; the next run uses the same folder, key and images again.

    \b
    Example:
      sidecar quickstart --registry /usr/bin/docker-registry
    """
    program = distribution.find(registry, folder / "docker-registry", lambda: yes or _asked_to_fetch())
    _tell(f"registry {program.version}: {program.path}")
    installation = prepare_workbench(folder, registry_port, port)
    _tell(f"configuration, keys and the administrator's token: {folder}/")
    asyncio.run(_run(installation, program))


async def _run(installation: Installation, registry: RegistryProgram) -> None:
    """Runs both until one ends or we are told to stop; both have ended when this returns."""
    told = _told_to_stop()
    log, sidecar = (
        installation.folder / "log",
        (sys.executable, "-m", "sidecar", "serve", "-c", installation.sidecar_yaml),
    )
    serve = (registry.path, "serve", installation.registry_yaml(registry.line))
    async with (
        running("registry", serve, log / "registry.log", distribution.environment()) as first,
        running("sidecar", sidecar, log / "sidecar.log", dict(os.environ)) as second,
    ):
        await _until(told, first, second, work=_prepare(installation))
        _tell("stopping")


async def _until(told: asyncio.Event, *programs: Program, work: Awaitable[None]) -> None:
    """Does the work, then waits to be told to stop; that ends the work, too. Failure as soon as a program ends."""
    working, stop = asyncio.ensure_future(work), asyncio.ensure_future(told.wait())
    ends = [asyncio.ensure_future(program.ended()) for program in programs]
    try:
        await asyncio.wait([working, stop, *ends], return_when=asyncio.FIRST_COMPLETED)
        if working.done() and not stop.done():
            working.result()
            await asyncio.wait([stop, *ends], return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            if end.done():
                raise Failure(end.result())
    finally:
        for task in (working, stop, *ends):
            task.cancel()


def _told_to_stop() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


async def _prepare(installation: Installation) -> None:
    """Waits for both, makes the first project and its image, and says what to type."""
    async with aiohttp.ClientSession() as session, registry_transport(installation.registry_url) as transport:
        await _ready(session, f"{installation.registry_url}/")
        await _ready(session, f"{installation.public_url}/readyz")
        _tell(f"registry on {installation.registry_url}, sidecar on {installation.public_url}")
        api = ApiClient(session, installation.public_url, read_secret(installation.admin_token))
        realm = f"{installation.public_url}/token"
        email = await ensure_project(api)
        key = await ensure_key(api, session, realm, email, installation.folder / "secrets/developer.key")
        _tell(f"project {PROJECT} and its service account {email}")
        pusher = Pusher(transport, session, realm, email, key)
        if not await pusher.has(_REPOSITORY, _TAG):
            await pusher.push(_REPOSITORY, _TAG, hello_image())
        _tell(f"a first image, pushed with that account: {installation.registry_host}/{_REPOSITORY}:{_TAG}")
        typer.echo(_instructions(installation, email, key))


async def _ready(session: aiohttp.ClientSession, url: str) -> None:
    """Waits until this URL answers 200; whoever never gets there ends, or is told of here."""
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
                if response.status == 200:
                    return
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        await asyncio.sleep(0.1)
    raise Failure(f"{url} was not ready within {_READY_SECONDS:.0f} s; the logs may tell why")


def _instructions(installation: Installation, email: str, key: str) -> str:
    host, folder = installation.registry_host, _shown(installation.folder)
    return _INSTRUCTIONS.format(
        host=host,
        email=email,
        key=key,
        image=f"{host}/{_REPOSITORY}",
        tag=_TAG,
        project=PROJECT,
        repository=_REPOSITORY,
        url=installation.public_url,
        token=folder / "admin.token",
        log=folder / "log",
    )


def _shown(path: Path) -> Path:
    """The path as somebody in this folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _asked_to_fetch() -> bool:
    question = "No registry on the PATH. Fetch Debian's docker-registry (5 MB, unpacked here, not installed)?"
    return sys.stdin.isatty() and typer.confirm(question, default=True)


def _tell(what: str) -> None:
    typer.echo(f"{typer.style('✓', fg='green')} {what}")
