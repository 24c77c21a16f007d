"""The command line's root: which module has which command, and how an error looks to who typed it."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata
from typing import Annotated, Any, Final, Never

import typer
from typer.core import TyperGroup

from sidecar.cli.failure import ExitCode, Failure
from sidecar.cli.terminal import printable
from sidecar.domain.errors import Misconfigured, SidecarError

_COMMANDS: Final[Mapping[str, str]] = {
    "quickstart": "quickstart.command",
    "init": "init",
    "serve": "serve",
    "check": "check.command",
    "migrate": "migrate",
    "reconcile": "reconcile",
    "apply": "apply",
    "call": "call.command",
}
"""Each has its function in this module of `sidecar.cli`."""
_GROUPS: Final[Mapping[str, str]] = {
    "explain": "explain",
    "inbox": "inbox",
    "pull-secret": "pull_secret",
    "token": "token",
}
"""Each has its commands in the `app` of this module."""
_EXPLAINS_ITSELF: Final = "call"
"""Its `--help` may be a method's."""
_STYLE: Final[Mapping[str, Any]] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}


class _Lazy(TyperGroup):
    """Imports the module of the command that is typed: all of them together take most of a second."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        return [*_COMMANDS, *_GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the same
        return _command(cmd_name) if cmd_name in (*_COMMANDS, *_GROUPS) else None


def _command(name: str) -> Any:
    module = import_module(f"sidecar.cli.{_COMMANDS.get(name) or _GROUPS[name]}")
    holder = typer.Typer(**_STYLE)
    if name in _GROUPS:
        holder.add_typer(module.app, name=name)
    else:
        holder.command(name, add_help_option=name != _EXPLAINS_ITSELF)(getattr(module, name))
    return typer.main.get_group(holder).commands[name]


app = typer.Typer(name="sidecar", cls=_Lazy, no_args_is_help=True, **_STYLE)


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


def main() -> None:
    """Runs the command line. What its user can mend is a line on standard error, never a traceback."""
    try:
        app(prog_name="sidecar")
    except Misconfigured as error:
        _stop(str(error), ExitCode.USAGE)
    except Failure as failure:
        _stop(str(failure), failure.exit_code, failure.items)
    except SidecarError as error:
        _stop(error.message, ExitCode.REFUSED, error.items)


def _stop(message: str, code: ExitCode, evidence: Sequence[str] = ()) -> Never:
    told = "\n  ".join((f"error: {message}", *evidence))
    print(printable(told), file=sys.stderr)
    sys.exit(code)
