"""`sidecar inbox`: what the registry told and nobody could read, or apply."""

from typing import Annotated, Any

import typer

from sidecar.cli.api.connection import call_as_administrator
from sidecar.cli.failure import Failure
from sidecar.cli.options import ConfigFile
from sidecar.cli.terminal import printable

app = typer.Typer(no_args_is_help=True, help="Look at events that wait, or that nobody could read.")

Item = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `sidecar inbox list` shows it.")]
Items = Annotated[list[int], typer.Argument(metavar="ID...", min=1, help="As `sidecar inbox list` shows them.")]


@app.command("list")
def list_items(
    config: ConfigFile,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many items to show.")] = 100,
    after: Annotated[int, typer.Option(min=0, help="Only those whose id is larger.")] = 0,
) -> None:
    """Show how many events wait, and what is in quarantine.

    \b
    Example:
      sidecar inbox list -c sidecar.yaml
    """
    result = call_as_administrator(config, "installation.inboxList", limit=limit, cursor=after)
    since = f", the oldest since {result['oldestAt']}" if "oldestAt" in result else ""
    typer.echo(f"waiting to be applied: {result['waiting']}{since}")
    typer.echo(f"in quarantine: {result['quarantined']} ({result['quarantinedBytes']} bytes)")
    for item in result["items"]:
        typer.echo(_line(item))
    if "nextCursor" in result:
        typer.echo(f"… and more: --after {result['nextCursor']}")


@app.command()
def show(config: ConfigFile, item: Item) -> None:
    """Show one item with what the registry sent.

    \b
    Example:
      sidecar inbox show -c sidecar.yaml 17
    """
    result = call_as_administrator(config, "installation.inboxGet", id=item)
    typer.echo(_line(result))
    typer.echo(printable(result["content"]))


@app.command()
def retry(config: ConfigFile, items: Items) -> None:
    """Read items again. One that can be read now leaves the quarantine and is applied.

    \b
    Example:
      sidecar inbox retry -c sidecar.yaml 17 18
    """
    taken = [_retry(call_as_administrator(config, "installation.inboxRetry", id=item), item) for item in items]
    if not all(taken):
        raise Failure(f"{taken.count(False)} of {len(taken)} stay in quarantine")


@app.command()
def drop(config: ConfigFile, items: Items) -> None:
    """Forget items. What they told of is found by comparing with the registry, except for who and when.

    \b
    Example:
      sidecar inbox drop -c sidecar.yaml 17
    """
    for item in items:
        call_as_administrator(config, "installation.inboxDrop", id=item)
        typer.echo(f"{item}: dropped")


def _retry(result: dict[str, Any], item: int) -> bool:
    outcome = "taken" if result["taken"] else f"stays: {printable('; '.join(result['faults']))}"
    typer.echo(f"{item}: {outcome}")
    return bool(result["taken"])


def _line(item: dict[str, Any]) -> str:
    sender = f" from {item['address']}" if item["address"] else ""
    return printable(f"{item['id']:>6}  {item['receivedAt']}  {item['bytes']:>7} bytes{sender}  {item['reason']}")
