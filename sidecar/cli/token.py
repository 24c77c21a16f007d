"""`sidecar token`: personal tokens for people who have none yet."""

from typing import Annotated

import typer

from sidecar.cli.api.connection import call_as_administrator
from sidecar.cli.options import ConfigFile, seconds_of

app = typer.Typer(no_args_is_help=True, help="Personal tokens: what people sign in with.")


@app.command()
def create(
    config: ConfigFile,
    email: Annotated[str, typer.Option(help="Whose token it is.")],
    ttl: Annotated[str, typer.Option(help="How long it lives, such as 24h; at most 365d.")] = "30d",
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a personal token and print it, this once.

    It stands alone on standard output. It holds nothing of its own: whatever the person is bound to counts at each use.

    \b
    Example:
      sidecar token create -c sidecar.yaml --email ann@example.com --ttl 24h
    """
    result = call_as_administrator(
        config, "installation.createToken", email=email, ttlSeconds=seconds_of(ttl), label=label
    )
    typer.echo(f"for {email}, until {result['expiresAt']}, id {result['id']}", err=True)
    typer.echo(result["token"])
