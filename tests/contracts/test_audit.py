"""ports.Audit and ports.AuditLog."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.adapters.database import Database
from sidecar.adapters.database.audit import statement_of
from sidecar.domain.audit import AuditEntry, Outcome, gathered
from sidecar.ports.auditing import AuditQuery
from tests import samples

ALL = AuditQuery(100)
HOUR = timedelta(hours=1)


def at(hours: int, **words: object) -> AuditEntry:
    return replace(samples.audit_entry(), at=samples.LONG_AGO + hours * HOUR, **words)  # type: ignore[arg-type]


async def test_an_entry_comes_back_as_it_was_recorded(database: Database) -> None:
    """With all its evidence, once more exact to the microsecond."""
    entry = replace(samples.audit_entry(None, outcome=Outcome.DENIED), before={"owns": ["ä", 1, {"x": None}]}, count=3)
    async with database.store.writing() as tables:
        await tables.audit.record(entry)
    (kept,) = await database.audit.read(ALL)
    assert kept == replace(entry, id=kept.id, last_at=entry.at)


async def test_an_entry_goes_with_its_transaction(database: Database) -> None:
    """No row tells of a change that was not made."""
    with pytest.raises(ZeroDivisionError):
        await _break_off_after_recording(database)
    assert await database.audit.read(ALL) == []


async def _break_off_after_recording(database: Database) -> None:
    async with database.store.writing() as tables:
        await tables.audit.record(samples.audit_entry())
        raise ZeroDivisionError


async def test_gathered_entries_are_one_within_their_window(database: Database) -> None:
    """The count grows and the last time moves; in the next window, or with another key, it is another one."""
    noon = samples.LONG_AGO.replace(hour=12, minute=0)
    minutes = [noon + timedelta(minutes=number) for number in (0, 1, 6)]
    entries = [replace(samples.audit_entry(), at=moment, count=2) for moment in minutes]
    await database.audit.record([*(gathered(entry, "a") for entry in entries), gathered(entries[0], "b")])
    kept = await database.audit.read(ALL)
    assert [(entry.count, entry.at, entry.last_at) for entry in kept] == [
        (2, minutes[2], minutes[2]),
        (2, minutes[0], minutes[0]),
        (4, minutes[0], minutes[1]),
    ]


async def test_what_is_old_is_forgotten_in_portions(database: Database) -> None:
    """The oldest first, and nothing that is younger."""
    await database.audit.record([at(hour) for hour in range(5)])
    before = samples.LONG_AGO + 3 * HOUR
    forgotten = [await database.audit.prune(before, 10, portion=2) for _ in range(3)]
    assert forgotten == [2, 1, 0]
    assert [entry.at for entry in await database.audit.read(ALL)] == [at(4).at, at(3).at]


async def test_what_anybody_can_cause_is_bounded(database: Database) -> None:
    """Of gathered entries the oldest go; what people did stays, however much others cause."""
    await database.audit.record([at(hour) for hour in range(3)])
    await database.audit.record([gathered(at(hour), str(hour)) for hour in range(5)])
    assert await database.audit.prune(samples.LONG_AGO - HOUR, 2, portion=100) == 3
    kept = [entry.at for entry in await database.audit.read(ALL)]
    assert kept == [at(hour).at for hour in (4, 3, 2, 1, 0)]


PLANS = [
    ALL,
    AuditQuery(10, since=samples.LONG_AGO),
    AuditQuery(10, actor="a"),
    AuditQuery(10, resource_type="role"),
    AuditQuery(10, outcome=Outcome.DONE),
    AuditQuery(10, project="acme"),
    AuditQuery(10, project="acme", actor="a", until=samples.LONG_AGO),
    AuditQuery(10, project="acme", resource_type="role"),
    AuditQuery(10, project="acme", outcome=Outcome.DONE),
]


@pytest.mark.parametrize("query", PLANS)
@pytest.mark.parametrize("later", [False, True])
async def test_a_page_is_read_from_an_index_in_order(database: Database, query: AuditQuery, later: bool) -> None:
    """However long the log is: no page sorts, and none walks through what came after it."""
    asked = replace(query, beyond=(samples.LONG_AGO, 7)) if later else query
    sql, parameters = statement_of(asked)
    async with database.audit._driver.reading() as session:
        plan = [row[-1] for row in await session.fetch(f"EXPLAIN QUERY PLAN {sql}", *parameters)]
    assert len(plan) == 1
    assert "USING INDEX audit_" in plan[0]
    assert ("SEARCH" in plan[0]) == (asked != ALL)
