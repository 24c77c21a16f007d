"""All SQL of the project, a module per aggregate, over a thin seam (`driver`). Nothing outside knows which database."""

from sidecar.adapters.database.errors import (
    DatabaseError,
    DatabaseInUse,
    DatabaseTooNew,
    DatabaseUnusable,
    MigrationFailed,
    SqliteTooOld,
)
from sidecar.adapters.database.opening import Database, Migrated, migrate_database, open_database, pending_migrations

__all__ = [
    "Database",
    "DatabaseError",
    "DatabaseInUse",
    "DatabaseTooNew",
    "DatabaseUnusable",
    "Migrated",
    "MigrationFailed",
    "SqliteTooOld",
    "migrate_database",
    "open_database",
    "pending_migrations",
]
