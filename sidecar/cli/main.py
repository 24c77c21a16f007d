"""The command line's root: one command a module, and how an error looks to who typed it."""

import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated, Never

import typer

from sidecar.cli import explain, inbox, pull_secret, token
from sidecar.cli.apply import apply
from sidecar.cli.call import call
from sidecar.cli.check import check
from sidecar.cli.failure import ExitCode, Failure
from sidecar.cli.init import init
from sidecar.cli.migrate import migrate
from sidecar.cli.quickstart import quickstart
from sidecar.cli.reconcile import reconcile
from sidecar.cli.serve import serve
from sidecar.cli.terminal import printable
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
    """Sign-in, projects and a management API beside an unmodified CNCF distribution registry.

    \b
    To try it on this machine:
      sidecar quickstart
    Beside a registry of yours:
      sidecar init --help
    Day by day, and in scripts:
      sidecar call --list

    `sidecar COMMAND --help` explains a command, with an example. Scripts go by the exit codes of `sidecar call --help`.
    """


for command in (quickstart, init, serve, check, migrate, reconcile, apply):
    app.command()(command)
app.command(add_help_option=False)(call)
app.add_typer(explain.app, name="explain")
app.add_typer(inbox.app, name="inbox")
app.add_typer(pull_secret.app, name="pull-secret")
app.add_typer(token.app, name="token")


def main() -> None:
    """Runs the command line. What its user can mend is a line on standard error, never a traceback."""
    try:
        app(prog_name="sidecar")
    except ConfigError as error:
        _stop(str(error), ExitCode.USAGE)
    except Failure as failure:
        _stop(str(failure), failure.exit_code, failure.items)
    except SecretFileError as error:
        _stop(str(error), ExitCode.REFUSED)
    except SidecarError as error:
        _stop(error.message, ExitCode.REFUSED, error.items)


def _stop(message: str, code: ExitCode, evidence: Sequence[str] = ()) -> Never:
    told = "\n  ".join((f"error: {message}", *evidence))
    print(printable(told), file=sys.stderr)
    sys.exit(code)
