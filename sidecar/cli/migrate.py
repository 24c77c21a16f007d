"""`sidecar migrate`: brings the database up to date, for those who want that apart from starting."""

import asyncio

import typer

from sidecar.adapters.database import DatabaseError, migrate_database
from sidecar.adapters.system import SystemClock
from sidecar.cli.failure import Failure
from sidecar.cli.options import ConfigFile
from sidecar.config import Config


def migrate(config: ConfigFile) -> None:
    """Bring the database up to date, as `serve` does by itself.

    The file is copied first. No sidecar may be running on it.

    \b
    Example:
      sidecar migrate -c /etc/registry-sidecar/sidecar.yaml
    """
    path = Config.load(config).database.path
    try:
        migrated = asyncio.run(migrate_database(path, SystemClock()))
    except DatabaseError as error:
        raise Failure(str(error)) from None
    if migrated.copy is not None:
        typer.echo(f"copied {path} to {migrated.copy}")
    for name in migrated.applied:
        typer.echo(f"applied {name}")
    if not migrated.applied:
        typer.echo(f"{path} is up to date")
