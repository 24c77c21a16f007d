"""`events`: the notifications that the registry sends."""

from pathlib import Path

from pydantic import Field

from sidecar.config.section import Section
from sidecar.config.values import FilePath


class Events(Section):
    secrets_file: FilePath = Path("secrets/events")
    """Secrets that the registry may send its notifications with, one a line; all are valid, so that they can rotate."""
    body_bytes: int = Field(default=1_048_576, ge=65_536, le=67_108_864)
    """The largest notification that is read; of a larger one the head is quarantined."""
    quarantine_bytes: int = Field(default=67_108_864, ge=1_048_576)
    """How much of what can't be read is kept for `sidecar inbox`; what comes beyond is told of, counted and dropped."""
    settle_seconds: float = Field(default=5.0, ge=0.1, le=300)
    """How long the registry gets to finish what an event announced before it is asked whether it is true."""
    uncounted_principals: tuple[str, ...] = ()
    """Principals whose pulls don't count, such as scanners: their e-mails."""
