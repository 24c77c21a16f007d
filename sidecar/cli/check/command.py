"""`sidecar check`: a doctor for an installation. It changes nothing and may run beside the sidecar."""

import asyncio

import typer

from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.cli.check.diagnosis import diagnose
from sidecar.cli.options import ConfigFile
from sidecar.cli.terminal import printable
from sidecar.config import Config

_MARKS = {"good": "ok   ", "note": "note ", "wrong": "WRONG"}


def check(config: ConfigFile) -> None:
    """Say what is wrong with an installation and its registry.

    Configuration, keys, database and clocks are looked at; nothing is changed. The registry must be running, the
    sidecar need not. Exits with 1 if something is wrong, 2 if the configuration is.

    \b
    Example:
      sidecar check -c /etc/registry-sidecar/sidecar.yaml
    """
    if not asyncio.run(_report(Config.load(config))):
        raise typer.Exit(1)


async def _report(config: Config) -> bool:
    """Prints each finding as it is made; whether nothing is wrong."""
    sound = True
    async for finding in diagnose(config, SystemClock(), SystemRandomness()):
        typer.echo(f"{_MARKS[finding.level]}  {printable(finding.text)}")
        sound = sound and finding.level != "wrong"
    return sound
