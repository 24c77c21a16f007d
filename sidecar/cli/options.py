"""Options that several commands share, so that they look and read alike."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", metavar="F", help="The configuration, as `sidecar init` writes it.")
]

SidecarUrl = Annotated[str, typer.Option("--url", envvar="SIDECAR_URL", help="The sidecar.")]
LOCAL_SIDECAR: Final = "http://127.0.0.1:5051"

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> int:
    """Of a duration such as 24h; BadParameter for what is none."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if match is None:
        raise typer.BadParameter("must be a number and s, m, h or d, such as 24h")
    return int(match[1]) * _SECONDS[match[2]]
