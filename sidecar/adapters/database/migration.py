"""Numbered migrations: `migrations/0001_access.sql` and on, each one transaction, each recorded when applied."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from sidecar.adapters.database.columns import time_column
from sidecar.adapters.database.driver import Driver
from sidecar.adapters.database.errors import DatabaseTooNew, MigrationFailed
from sidecar.ports import Clock

_CREATE_RECORD: Final = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version    BIGINT NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    applied_at BIGINT NOT NULL
)
"""

CURRENT_VERSION: Final = """
SELECT coalesce(max(version), 0)
  FROM schema_migration
"""

_RECORD: Final = """
INSERT INTO schema_migration (version, name, applied_at)
VALUES ($1, $2, $3)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """`name` is the file's, without `.sql`. Each statement ends in `;` at the end of a line."""

    version: int
    name: str
    text: str

    def statements(self) -> Iterator[str]:
        return (statement for statement in self.text.split(";\n") if statement.strip())


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Those that come with this program, in their order."""
    found = [item for item in files(__package__).joinpath("migrations").iterdir() if item.name.endswith(".sql")]
    return tuple(
        Migration(int(item.name[:4]), item.name.removesuffix(".sql"), item.read_text(encoding="utf-8"))
        for item in sorted(found, key=lambda item: item.name)
    )


async def current_version(driver: Driver) -> int:
    """The newest migration of this database, 0 where it is empty. Makes the record of them where it is missing."""
    async with driver.writing() as session:
        await session.execute(_CREATE_RECORD)
        ((version,),) = await session.fetch(CURRENT_VERSION)
        return int(version)


def pending_after(version: int) -> tuple[Migration, ...]:
    """What a database at this version lacks; raises DatabaseTooNew where it is ahead of this program."""
    known = known_migrations()
    if version > known[-1].version:
        raise DatabaseTooNew(version, known[-1].version)
    return tuple(migration for migration in known if migration.version > version)


async def apply(driver: Driver, migration: Migration, clock: Clock) -> None:
    """Applies one migration and records it in the same transaction; raises MigrationFailed."""
    try:
        async with driver.writing() as session:
            for statement in migration.statements():
                await session.execute(statement)
            await session.execute(_RECORD, migration.version, migration.name, time_column(clock.now()))
    except Exception as error:
        raise MigrationFailed(migration.name, error) from error
