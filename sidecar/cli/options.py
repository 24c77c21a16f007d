"""Options that several commands share, so that they look and read alike."""

import inspect
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

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


def with_options(shared: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options that are the parameters of `shared`, after its own.

    The command takes what `shared` makes of them as its last parameter. So options that belong together stand once.
    """
    options = inspect.signature(shared).parameters

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        *own, last = inspect.signature(command).parameters.values()

        @wraps(command)
        def typed(**given: Any) -> None:
            made = shared(**{name: given.pop(name) for name in options})
            command(**given, **{last.name: made})

        typed.__signature__ = inspect.Signature([*own, *options.values()])  # type: ignore[attr-defined]  # typer reads it
        return typed

    return decorate
