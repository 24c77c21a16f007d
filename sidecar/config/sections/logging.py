"""`logging`: what is written to standard error."""

from typing import Literal

from sidecar.config.section import Section


class Logging(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe line that is written. Lines are JSON objects on standard error."""
