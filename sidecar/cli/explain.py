"""`sidecar explain`: why something is as it is."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from sidecar.cli.api.connection import call_as_administrator
from sidecar.cli.options import ConfigFile
from sidecar.cli.terminal import printable

app = typer.Typer(no_args_is_help=True, help="Say why somebody may do something, or why an image is listed.")


@app.command()
def access(
    config: ConfigFile,
    email: Annotated[str, typer.Option(help="Who: an e-mail, group:<name>, allUsers or allAuthenticatedUsers.")],
    repository: Annotated[str, typer.Option(help="The repository's full name, such as acme/web.")],
    action: Annotated[str, typer.Option(help="What is asked, separated by commas.")] = "pull,push,delete",
) -> None:
    """Say for each action which binding allows it, or what is missing.

    \b
    Example:
      sidecar explain access -c sidecar.yaml --email ann@example.com --repository acme/web
    """
    actions = [name.strip() for name in action.split(",")]
    result = call_as_administrator(
        config, "installation.explainAccess", email=email, repository=repository, actions=actions
    )
    owner = f"of project {result['project']}" if "project" in result else "of no project"
    typer.echo(f"{email} on {repository}, {owner}:")
    for reason in result["reasons"]:
        typer.echo(f"  {reason['action']:7} {'yes' if reason['allowed'] else 'no':4} {reason['because']}")


@app.command()
def image(
    config: ConfigFile,
    reference: Annotated[str, typer.Argument(metavar="IMAGE", help="Such as acme/web:v1 or acme/web@sha256:…")],
) -> None:
    """Say why an image is listed or isn't.

    What events told of it, what waits, and what the registry says now.

    \b
    Example:
      sidecar explain image -c sidecar.yaml acme/web:v1
    """
    result = call_as_administrator(config, "installation.explainImage", image=reference)
    typer.echo(f"{reference} is {'listed' if result['listed'] else 'not listed'}")
    for sentence in result["because"]:
        typer.echo(f"  {printable(sentence)}")
    for name, value in _facts(result):
        typer.echo(f"{name + ':':14} {printable(value)}")


def _facts(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "project", result.get("project", "none")
    yield "digest", result.get("digest", "none")
    yield "registry", f"{result['registry']} {result.get('registryDigest', '')}".strip()
    if event := result.get("lastEvent"):
        yield "last event", f"{event['action']} {event.get('digest', '')} by {event['by']} at {event['at']}"
    if waiting := result.get("waiting"):
        yield "in the inbox", f"{waiting['count']} since {waiting['since']}"
    if fetch := result.get("fetch"):
        yield "next fetch", fetch["again"]
    if verification := result.get("verification"):
        yield "verification", verification["due"]
    if result["quarantined"]:
        yield "quarantine", ", ".join(map(str, result["quarantined"]))
