"""Opens a database: takes its lock, migrates it after copying the file, fills the access memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar.adapters.database import migration
from sidecar.adapters.database.access.memory import AccessMemory
from sidecar.adapters.database.audit import AuditStore
from sidecar.adapters.database.browsing import BrowsingStore
from sidecar.adapters.database.changing import ChangeStore
from sidecar.adapters.database.denials import DenialStore
from sidecar.adapters.database.explaining import ExplanationStore
from sidecar.adapters.database.inbox import InboxStore
from sidecar.adapters.database.index.store import IndexStore
from sidecar.adapters.database.sqlite.driver import SqliteDriver, faults_of, look_up
from sidecar.adapters.database.store import DatabaseStore
from sidecar.adapters.database.sweeps import SweepStore
from sidecar.ports import Clock


@dataclass(frozen=True, slots=True)
class Migrated:
    """The names of the migrations that were applied, and the copy of the file as it was before them, if it held any."""

    applied: tuple[str, ...]
    copy: Path | None


@dataclass(frozen=True, slots=True)
class Database:
    """An open database: the stores of each port on it, and what opening it has changed."""

    store: DatabaseStore
    access: AccessMemory
    inbox: InboxStore
    index: IndexStore
    browsing: BrowsingStore
    sweeps: SweepStore
    explanations: ExplanationStore
    changes: ChangeStore
    audit: AuditStore
    denials: DenialStore
    migrated: Migrated


@asynccontextmanager
async def open_database(path: Path, clock: Clock) -> AsyncIterator[Database]:
    """The database in this file, for this process alone, migrated; raises DatabaseError with what to do.

    The folder must exist; the file is made where it doesn't. At the end the blocks under way are waited for.
    """
    async with SqliteDriver.alone_on(path) as driver:
        access = AccessMemory(driver.following, clock)
        with faults_of(path):
            migrated = await _migrate(driver, path, clock)
            await access.refresh()
        yield Database(
            store=DatabaseStore(driver, access),
            access=access,
            inbox=InboxStore(driver),
            index=IndexStore(driver, access.owner_of),
            browsing=BrowsingStore(driver),
            sweeps=SweepStore(driver),
            explanations=ExplanationStore(driver),
            changes=ChangeStore(driver, access.owner_of),
            audit=AuditStore(driver),
            denials=DenialStore(driver),
            migrated=migrated,
        )


async def migrate_database(path: Path, clock: Clock) -> Migrated:
    """Applies what is pending and closes; raises DatabaseError, such as while another process has the database."""
    async with SqliteDriver.alone_on(path) as driver:
        with faults_of(path):
            return await _migrate(driver, path, clock)


async def pending_migrations(path: Path) -> tuple[str, ...]:
    """The names of the migrations that the file still needs. Changes nothing, works while a server runs.

    Raises DatabaseTooNew, or DatabaseError where the file can't be read.
    """
    version = 0
    if _holds_something(path):
        ((version,),) = await look_up(path, migration.CURRENT_VERSION)
    return tuple(pending.name for pending in migration.pending_after(version))


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


async def _migrate(driver: SqliteDriver, path: Path, clock: Clock) -> Migrated:
    version = await migration.current_version(driver)
    pending = migration.pending_after(version)
    copy = None
    if pending and version > 0:
        copy = path.with_name(f"{path.name}.before-{pending[0].version:04}")
        await driver.copy_to(copy)
    for step in pending:
        await migration.apply(driver, step, clock)
    return Migrated(tuple(step.name for step in pending), copy)
