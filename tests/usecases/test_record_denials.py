"""Denials on a real database: from decisions and from calls, within bounds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.adapters.database import Database, open_database
from sidecar.domain.actors import Asking
from sidecar.domain.denials import Denied
from sidecar.domain.identity import ANONYMOUS, Principal, PrincipalKind
from sidecar.domain.names import RepositoryName
from sidecar.domain.policy import Caller, decide
from sidecar.domain.scopes import RepositoryScope
from sidecar.ports.auditing import AuditQuery
from sidecar.ports.denials import DenialQuery
from sidecar.usecases import record_denials
from sidecar.usecases.record_denials import RecordDenials
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

VERA = Principal("vera@acme.example", PrincipalKind.PERSON, "c-1")


@pytest.fixture
async def database(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Database]:
    """`acme`, where Vera is a viewer; `beta` is somebody else's."""
    async with open_database(tmp_path / "sidecar.db", clock) as opened:
        tenants = Tenants(opened.store, clock, RepeatableRandomness())
        await tenants.project("acme")
        await tenants.project("beta")
        await tenants.bind("acme", VERA.name, "viewer")
        yield opened


def made(database: Database, clock: HeldClock) -> RecordDenials:
    return RecordDenials(database.audit, database.denials, database.access, clock)


def ask(record: RecordDenials, principal: Principal, repository: str, *actions: str) -> None:
    access, scope = record.access, RepositoryScope(RepositoryName(repository), frozenset(actions))
    record.decision(principal, decide(access.access_of(principal), scope, access.owner_of(repository)))


async def kept(record: RecordDenials, query: DenialQuery | None = None) -> list[Denied]:
    await record.flush()
    return await record.kept.read(query or DenialQuery(10_000))


async def test_what_was_not_granted_is_kept_with_what_is_missing(database: Database, clock: HeldClock) -> None:
    """One row for each action, whose count and time grow; what was granted is none."""
    record = made(database, clock)
    for _ in range(3):
        ask(record, VERA, "acme/web", "pull", "push")
        clock.advance(seconds=1)
    (denied,) = await kept(record)
    denial = denied.denial
    assert (denial.project, denial.principal, denial.repository, denial.action) == (
        "acme",
        VERA.name,
        "acme/web",
        "push",
    )
    assert denial.missing == "registry.push on acme/web is missing in project acme"
    assert (denied.count, (denied.last_at - denied.first_at).total_seconds()) == (3, 2)


async def test_strangers_and_nobody_are_seen_by_whose_it_is(database: Database, clock: HeldClock) -> None:
    """A project reads of its own repositories, whoever asked for them; of another's it reads nothing."""
    record = made(database, clock)
    ask(record, VERA, "beta/web", "pull")
    ask(record, ANONYMOUS, "beta/web", "pull")
    ask(record, VERA, "nobodys/web", "pull")
    await record.flush()
    of = {
        project: {each.denial.principal for each in await kept(record, DenialQuery(10, project=project))}
        for project in ("acme", "beta", "")
    }
    assert of == {"acme": set(), "beta": {VERA.name, ""}, "": {VERA.name}}


async def test_all_that_was_asked_by_a_star_is_told(database: Database, clock: HeldClock) -> None:
    """`*` is asked by clients that want to delete: what of it is missing stands by name."""
    record = made(database, clock)
    ask(record, VERA, "acme/web", "*")
    assert {denied.denial.action for denied in await kept(record)} == {"push", "delete"}


async def test_a_forbidden_call_is_a_denial_and_an_audit_row(database: Database, clock: HeldClock) -> None:
    """By its method, on the repository's full name; the audit log has it where no repository was named, too."""
    record = made(database, clock)
    caller = Caller(VERA, database.access.access_of(VERA), Asking("registry.untag", "192.0.2.1", "r-1"))
    for _ in range(2):
        record.call(caller, "acme", "web", ["registry.delete"])
    record.call(caller, None, None, ["installation.operate"])
    (denied,) = await kept(record)
    assert (denied.denial.action, denied.denial.repository, denied.count) == ("registry.untag", "acme/web", 2)
    rows = [
        (entry.resource.project, entry.resource.id, entry.outcome, entry.count, entry.actor.credential)
        for entry in await database.audit.read(AuditQuery(10))
    ]
    assert sorted(rows, key=str) == [
        ("acme", "registry.delete", "denied", 2, "c-1"),
        (None, "installation.operate", "denied", 1, "c-1"),
    ]


async def test_no_stranger_writes_into_a_projects_log(database: Database, clock: HeldClock) -> None:
    """S3: a call that names a project of others is told of where administrators read."""
    record = made(database, clock)
    caller = Caller(VERA, database.access.access_of(VERA), Asking("me.generateToken", "192.0.2.1", "r-1"))
    record.call(caller, "beta", "web", ["a credential other than a scoped token"])
    assert await kept(record) == []
    assert [entry.resource.project for entry in await database.audit.read(AuditQuery(10))] == [None]


async def test_whoever_asks_for_much_leaves_room_for_others(
    database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded by principal in memory, by project and in all on the disk; the oldest go."""
    monkeypatch.setattr(record_denials, "MOST_OF_ONE", 5)
    monkeypatch.setattr(record_denials, "MOST_OF_PROJECT", 7)
    monkeypatch.setattr(record_denials, "MOST_KEPT", 9)
    record = made(database, clock)
    ask(record, VERA, "acme/web", "push")
    for number in range(50):
        clock.advance(seconds=1)
        ask(record, ANONYMOUS, f"acme/{number}", "pull")
    assert [denied.denial.principal for denied in await kept(record)] == [""] * 5 + [VERA.name]
    for window in range(4):
        clock.advance(minutes=5)
        for number in range(50):
            ask(record, ANONYMOUS, f"beta/{window}-{number}", "pull")
        await record.flush()
    assert len(await kept(record, DenialQuery(100, project="beta"))) == 7
    assert len(await kept(record)) == 9


async def test_what_is_not_recent_is_forgotten(database: Database, clock: HeldClock) -> None:
    """After thirty days without another."""
    record = made(database, clock)
    ask(record, VERA, "acme/web", "push")
    await record.flush()
    clock.advance(days=30)
    ask(record, VERA, "acme/api", "push")
    await record.flush()
    clock.advance(seconds=1)
    await record.forget()
    assert [denied.denial.repository for denied in await kept(record)] == ["acme/api"]
