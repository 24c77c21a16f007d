"""`sidecar call`: any method of the management API, by whoever has a token or a key."""

import asyncio
import re
import sys
from typing import Annotated, Any, Final

import aiohttp
import typer

from sidecar.cli.api.caller import callers_credentials
from sidecar.cli.api.client import SECONDS, ApiClient, ApiRefused
from sidecar.cli.call import method_help
from sidecar.cli.call.body import read_body
from sidecar.cli.call.paging import every_page
from sidecar.cli.failure import ExitCode, Failure
from sidecar.cli.options import LOCAL_SIDECAR, SidecarUrl
from sidecar.cli.table import rows_of, table_of, terminal_width
from sidecar.cli.terminal import printable_json

_LONG: Final = frozenset(("registry.delete", "reconcile.recount"))
_LONG_SECONDS: Final = 3600.0
"""How long the methods may take whose work grows with what the registry holds."""

_METHOD: Final = re.compile(r"[A-Za-z]+\.[A-Za-z]+")


def call(  # noqa: PLR0913, PLR0917 - each is an option on the command line
    context: typer.Context,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="Such as project.list.")] = "",
    fields: Annotated[list[str] | None, typer.Argument(metavar="key=value|key:=json|-", help="The body.")] = None,
    url: SidecarUrl = LOCAL_SIDECAR,
    table: Annotated[bool, typer.Option("--table", help="Show columns instead of JSON, cut to the terminal.")] = False,
    follow: Annotated[bool, typer.Option("--all", help="Fetch every page of a list, as one result.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="How long to wait: else 60, an hour for registry.delete."),
    ] = None,
    list_methods: Annotated[bool, typer.Option("--list", help="List all methods, or METHOD's namespace.")] = False,
    wants_help: Annotated[bool, typer.Option("--help", help="Show this message, or what METHOD does.")] = False,
) -> None:
    """Call any method of the management API.

    The result is printed as JSON. key=value is text, key:=json anything else (numbers, true, lists), - an object of
    JSON on standard input.

    The environment says who calls: SIDECAR_TOKEN holds a personal or a scoped token. A service account puts its
    key there, and its e-mail into SIDECAR_EMAIL.

    \b
    Examples:
      export SIDECAR_TOKEN=$(cat admin.token)
      sidecar call --list
      sidecar call role.bind --help
      sidecar call role.bind project=acme email=ann@example.com roles:='["owner"]'
      sidecar call registry.getTags project=acme repository=web --all --table

    \b
    Exit codes:
      0  done
      1  refused by a rule, such as manifest_tagged
      2  the call is wrong: its options, its fields (validate), no such method
      3  unauthorized or forbidden
      4  not found
      5  the sidecar or the registry doesn't answer as it should
    """
    if list_methods:
        typer.echo("\n".join(method_help.list_lines(method)))
    elif wants_help or not method:
        typer.echo("\n".join(method_help.help_lines(method)) if method else context.get_help())
    else:
        seconds = timeout or (_LONG_SECONDS if method.lower() in _LONG else SECONDS)
        result = asyncio.run(_call(url, _known(method), read_body(fields or (), sys.stdin), follow, seconds))
        _show(result, table)


async def _call(url: str, method: str, body: dict[str, Any], follow: bool, seconds: float) -> dict[str, Any]:
    secret, user = callers_credentials()
    async with aiohttp.ClientSession() as session:
        api = ApiClient(session, url, secret, user, seconds)
        try:
            return await (every_page(api, method, body) if follow else api.call(method, **body))
        except ApiRefused as refused:
            if refused.code == "not_found":
                raise Failure(method_help.no_such_method(method), ExitCode.USAGE) from None
            raise


def _show(result: dict[str, Any], table: bool) -> None:
    """The result on standard output; that a list goes on, on standard error, where no program takes it for an item."""
    if table:
        typer.echo("\n".join(table_of(rows_of(result), terminal_width())))
    else:
        typer.echo(printable_json(result, indent=2))
    if "nextCursor" in result:
        typer.echo(f"… and more: --all, or cursor={result['nextCursor']}", err=True)


def _known(method: str) -> str:
    """The method's name if it can be one; whether it is one, the sidecar says, which may be of another version."""
    if not _METHOD.fullmatch(method):
        raise Failure(method_help.no_such_method(method), ExitCode.USAGE)
    return method
