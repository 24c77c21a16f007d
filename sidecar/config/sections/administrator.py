"""`administrator`: the first administrator."""

from pathlib import Path

from sidecar.config.section import Section
from sidecar.config.values import FilePath


class Administrator(Section):
    email: str = "admin@localhost"
    """Who the administrator's token file signs in."""
    token_file: FilePath = Path("admin.token")
    """A personal token made by `sidecar init`; known to the database by its hash as long as this file holds it."""
