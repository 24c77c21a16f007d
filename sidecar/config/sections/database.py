"""`database`: where everything is kept."""

from pathlib import Path

from sidecar.config.section import Section
from sidecar.config.values import FilePath


class Database(Section):
    path: FilePath = Path("sidecar.db")
    """The SQLite file, on a local disk; beside it stand its lock, its log and copies made before migrations."""
