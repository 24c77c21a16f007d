"""Options that several commands share, so that they look and read alike."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", metavar="F", help="The configuration, as `sidecar init` writes it.")
]
