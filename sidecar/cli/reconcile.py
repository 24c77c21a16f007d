"""`sidecar reconcile`: compares the index with the registry now, and shows what differed."""

import asyncio
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sidecar.cli.api.client import ApiClient
from sidecar.cli.api.connection import connected
from sidecar.cli.failure import Failure
from sidecar.cli.options import ConfigFile
from sidecar.config import Config

_POLL_SECONDS: Final = 0.3
_SHOWN: Final = 100


def reconcile(
    config: ConfigFile,
    project: Annotated[str, typer.Option(help="Only what this project owns.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Let a sweep that stopped remove much.")] = False,
    recount: Annotated[bool, typer.Option("--recount", help="Count all sizes from scratch instead.")] = False,
) -> None:
    """Compare the index with the registry, and mend the index.

    Nothing is removed that the registry didn't deny twice. A sweep that would remove more than 5 % of the tags, and at
    least 50, stops and waits for --accept; so does one whose registry doesn't know the repositories of most tags. Look
    first whether it runs on the right storage.

    \b
    Example:
      sidecar reconcile -c /etc/registry-sidecar/sidecar.yaml --dry-run
    """
    loaded = Config.load(config)
    if recount:
        asyncio.run(_recount(loaded))
    else:
        asyncio.run(_sweep(loaded, {"project": project, "dryRun": dry_run, "accept": accept}))


async def _recount(config: Config) -> None:
    async with connected(config) as api:
        items = (await _counted(api))["items"]
    for item in items:
        typer.echo(f"{item['what']}: {item['kept']} was kept, {item['counted']} is right, and mended")
    if not items:
        typer.echo("no difference")


async def _counted(api: ApiClient) -> dict[str, Any]:
    """Asks for a recount and follows it to its end."""
    counting = asyncio.create_task(api.call_at_length("reconcile.recount"))
    with _bar() as progress:
        bar = progress.add_task("counting", total=1)
        while not (await asyncio.wait((counting,), timeout=_POLL_SECONDS))[0]:
            so_far = await api.call("reconcile.getRecount")
            progress.update(bar, completed=so_far["done"], total=so_far["total"])
    return await counting


async def _sweep(config: Config, order: dict[str, Any]) -> None:
    async with connected(config, working=True) as api:
        sweep = await _watch(api, await api.call("reconcile.begin", **order))
        drift = (await api.call("reconcile.drift", id=sweep["id"]))["items"]
    for item in drift[:_SHOWN]:
        typer.echo(_line(item))
    if len(drift) > _SHOWN:
        typer.echo("… and more: `sidecar call reconcile.drift`")
    typer.echo(_summary(sweep))
    if sweep["stage"] == "stopped":
        raise Failure(
            f"stopped: {_lost(sweep)}; if its storage is the right one, and they may go, run this again with --accept"
        )


async def _watch(api: ApiClient, sweep: dict[str, Any]) -> dict[str, Any]:
    """Follows a sweep to its end, with a bar where somebody watches."""
    with _bar() as progress:
        bar = progress.add_task("waiting", total=1)
        while sweep["stage"] not in ("done", "stopped"):
            await asyncio.sleep(_POLL_SECONDS)
            sweep = await api.call("reconcile.get", id=sweep["id"])
            progress.update(bar, description=sweep["stage"], completed=sweep["swept"], total=sweep["repositories"])
    return sweep


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _line(drift: dict[str, Any]) -> str:
    name = f"{drift['repository']}{':' if drift['target'] == 'tag' else '@'}{drift['key']}"
    if drift["target"] == "manifest":
        return f"{drift['kind']:8} {name}"
    return f"{drift['kind']:8} {name} {drift.get('before', 'nothing')} → {drift.get('after', 'nothing')}"


def _lost(sweep: dict[str, Any]) -> str:
    if sweep["missing"]:
        return f"{sweep['missing']} of {sweep['tags']} tags are missing at the registry"
    return f"the registry doesn't know the repositories of most of {sweep['tags']} tags"


def _summary(sweep: dict[str, Any]) -> str:
    counts = ", ".join(f"{sweep[kind]} {kind}" for kind in ("added", "changed", "missing", "removed"))
    made = " (--dry-run: nothing was changed)" if sweep["dryRun"] else ""
    return (
        f"{sweep['swept']} repositories, {sweep['checked']} questions, {sweep['unanswered']} without an answer:"
        f" {counts}{made}"
    )
