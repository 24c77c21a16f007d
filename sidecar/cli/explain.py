"""`sidecar explain`: why something is as it is."""

from typing import Annotated

import typer

from sidecar.cli.connection import call_as_administrator
from sidecar.cli.options import ConfigFile

app = typer.Typer(no_args_is_help=True, help="Say why somebody may or may not do something.")


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
