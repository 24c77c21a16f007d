"""The command line's root: one sub-command a module."""

import typer

app = typer.Typer(no_args_is_help=True, help=__doc__)


def main() -> None:
    """Runs the command line."""
    app()
