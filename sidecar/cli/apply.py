"""`sidecar apply`: makes projects, roles, service accounts and bindings what a file says."""

from pathlib import Path
from typing import Annotated

import typer

from sidecar.cli.api.client import ApiRefused
from sidecar.cli.api.connection import call_as_administrator
from sidecar.cli.failure import ExitCode, Failure
from sidecar.cli.options import ConfigFile
from sidecar.config import read_yaml

_SIGNS = {"add": "+", "change": "~"}


def apply(
    config: ConfigFile,
    file: Annotated[Path, typer.Option("--file", "-f", metavar="POLICY", help="What shall be there, as YAML.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Make projects, roles, accounts and bindings what a file says.

    The whole file counts, or nothing of it. What it doesn't name is left alone; applied again it changes nothing. It
    holds no secrets: `sidecar call serviceAccount.createKey` makes keys. config/policy.example.yaml shows all of it.

    \b
    Example:
      sidecar apply -c /etc/registry-sidecar/sidecar.yaml -f policy.yaml --dry-run
    """
    try:
        result = call_as_administrator(config, "installation.applyPolicy", declaration=read_yaml(file), dryRun=dry_run)
    except ApiRefused as refused:
        if refused.code != "validate":
            raise
        faults = [item.removeprefix("declaration.") for item in refused.items]
        raise Failure(f"{file}: nothing was changed", ExitCode.USAGE, faults) from None
    for change in result["changes"]:
        typer.echo(f"{_SIGNS[change['action']]} {change['what']}: {'; '.join(change['details'])}")
    typer.echo(_summary(len(result["changes"]), dry_run))


def _summary(count: int, dry_run: bool) -> str:
    if count == 0:
        return "nothing to change"
    return f"{count} {'change' if count == 1 else 'changes'}{', none of them made (--dry-run)' if dry_run else ''}"
