"""The command line's root: one command a module, and how an error looks to who typed it."""

import sys
from importlib import metadata
from typing import Annotated, Never

import typer

from sidecar.cli import explain, inbox, token
from sidecar.cli.apply import apply
from sidecar.cli.call import call
from sidecar.cli.check import check
from sidecar.cli.failure import Failure
from sidecar.cli.init import init
from sidecar.cli.migrate import migrate
from sidecar.cli.quickstart import quickstart
from sidecar.cli.reconcile import reconcile
from sidecar.cli.serve import serve
from sidecar.config import ConfigError, SecretFileError
from sidecar.domain.errors import SidecarError

app = typer.Typer(
    name="sidecar",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(metadata.version("registry-sidecar"))
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Sign-in, projects and a management API beside an unmodified CNCF distribution registry."""


for command in (quickstart, init, serve, check, migrate, reconcile, apply, call):
    app.command()(command)
app.add_typer(explain.app, name="explain")
app.add_typer(inbox.app, name="inbox")
app.add_typer(token.app, name="token")


def main() -> None:
    """Runs the command line. What its user can mend is a line on standard error, never a traceback."""
    try:
        app(prog_name="sidecar")
    except ConfigError as error:
        _stop(str(error), 2)
    except (Failure, SecretFileError) as error:
        _stop(str(error), 1)
    except SidecarError as error:
        _stop("; ".join((error.message, *error.items)), 1)


def _stop(message: str, code: int) -> Never:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
