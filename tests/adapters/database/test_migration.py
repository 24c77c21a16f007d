"""Numbered migrations, and opening a database of any age."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from sidecar.adapters.database import (
    DatabaseInUse,
    DatabaseTooNew,
    DatabaseUnusable,
    MigrationFailed,
    migrate_database,
    open_database,
    pending_migrations,
)
from sidecar.adapters.database import migration as subject
from sidecar.adapters.database.migration import Migration, known_migrations
from tests import samples
from tests.fakes import HeldClock

ADDING = "CREATE TABLE extra (\n    note TEXT\n);\n\nINSERT INTO extra (note) VALUES ('a; b');\n"


@pytest.fixture
def next_migration(monkeypatch: pytest.MonkeyPatch) -> Migration:
    """One more than the program has."""
    known = known_migrations()
    added = Migration(known[-1].version + 1, "9999_extra", ADDING)
    monkeypatch.setattr(subject, "known_migrations", lambda: (*known, added))
    return added


def tables_of(path: Path) -> set[str]:
    with sqlite3.connect(path) as opened:
        return {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def set_version(path: Path, version: int) -> None:
    with sqlite3.connect(path) as opened:
        opened.execute("INSERT INTO schema_migration VALUES (?, 'future', 0)", (version,))


def test_migrations_are_numbered_without_a_gap() -> None:
    """From 1 on, as their file names say."""
    known = known_migrations()
    assert [item.version for item in known] == list(range(1, len(known) + 1))
    assert [item.name[:5] for item in known] == [f"{item.version:04}_" for item in known]


async def test_a_new_database_gets_all_of_them(path: Path, clock: HeldClock) -> None:
    """No copy is made of nothing, and nothing is pending afterwards."""
    before = await pending_migrations(path)
    migrated = await migrate_database(path, clock)
    assert (migrated.applied, migrated.copy) == (before, None)
    assert await pending_migrations(path) == ()


def test_asking_what_is_pending_makes_no_file(path: Path) -> None:
    """`check` leaves the disk as it was."""
    assert asyncio.run(pending_migrations(path))
    assert list(path.parent.iterdir()) == []


async def test_each_is_applied_once_and_recorded(path: Path, clock: HeldClock) -> None:
    """Opening again applies nothing; the record says when."""
    await migrate_database(path, clock)
    again = await migrate_database(path, clock)
    with sqlite3.connect(path) as opened:
        recorded = opened.execute("SELECT version, name FROM schema_migration ORDER BY version").fetchall()
    assert again.applied == ()
    assert recorded == [(item.version, item.name) for item in known_migrations()]


async def test_what_is_there_survives_and_is_copied_first(
    path: Path, clock: HeldClock, request: pytest.FixtureRequest
) -> None:
    """The copy is the database as it was, under the number of the migration that it was made before."""
    async with open_database(path, clock) as database, database.store.writing() as tables:
        await tables.projects.add(samples.project())
    added: Migration = request.getfixturevalue("next_migration")
    async with open_database(path, clock) as database:
        migrated = database.migrated
        assert database.access.owner_of("acme/web") == "acme"
    assert migrated.applied == ("9999_extra",)
    assert migrated.copy == path.with_name(f"sidecar.db.before-{added.version:04}")
    assert tables_of(path) - tables_of(migrated.copy) == {"extra"}


async def test_text_may_hold_a_semicolon(path: Path, clock: HeldClock, next_migration: Migration) -> None:
    """A statement ends where one ends a line, not sooner."""
    await migrate_database(path, clock)
    with sqlite3.connect(path) as opened:
        assert opened.execute("SELECT note FROM extra").fetchall() == [("a; b",)]


async def test_one_that_fails_leaves_nothing_of_itself(
    path: Path, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one transaction: the error names it, its tables are gone, those before it stay."""
    known = known_migrations()
    broken = Migration(known[-1].version + 1, "9999_broken", "CREATE TABLE half (note TEXT);\nCREATE NONSENSE;\n")
    monkeypatch.setattr(subject, "known_migrations", lambda: (*known, broken))
    with pytest.raises(MigrationFailed, match="9999_broken"):
        await migrate_database(path, clock)
    assert "half" not in tables_of(path)
    assert await pending_migrations(path) == ("9999_broken",)


@pytest.mark.parametrize("verb", ["open", "migrate", "ask"])
async def test_a_newer_database_is_refused(path: Path, clock: HeldClock, verb: str) -> None:
    """An older program would write what the newer one doesn't expect; the error says what to do."""
    await migrate_database(path, clock)
    set_version(path, 4711)
    verbs: Mapping[str, Callable[[], Awaitable[object]]] = {
        "open": lambda: open_database(path, clock).__aenter__(),
        "migrate": lambda: migrate_database(path, clock),
        "ask": lambda: pending_migrations(path),
    }
    with pytest.raises(DatabaseTooNew, match=r"4711.*run the newer program"):
        await verbs[verb]()


async def test_what_is_pending_can_be_asked_of_a_running_server(path: Path, clock: HeldClock) -> None:
    """Asking takes no lock; migrating does."""
    async with open_database(path, clock):
        assert await pending_migrations(path) == ()
        with pytest.raises(DatabaseInUse):
            await migrate_database(path, clock)


async def test_a_file_of_somebody_else_is_told(path: Path) -> None:
    """Neither another program's database nor a text is taken for ours."""
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE notes (note TEXT)")
    with pytest.raises(DatabaseUnusable, match="no such table"):
        await pending_migrations(path)
