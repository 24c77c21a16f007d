"""ports.AccessReader, following: whatever has changed, and in whatever order, it knows what a fresh reader knows."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import AlreadyExists
from sidecar.domain.identity import ANONYMOUS, CredentialKind, Principal, PrincipalKind
from sidecar.domain.names import Email, PrincipalName, ProjectId, RoleName
from sidecar.domain.outsiders import ToldGroups
from sidecar.domain.tenancy import Project
from sidecar.ports import AccessReader, Tables
from tests import samples
from tests.contracts.conftest import Opener
from tests.fakes import HeldClock

SIDS = ["aaa", "bbb"]
NAMES = ["nginx", "library/*", "aaa-x/y"]
ROLES = ["viewer", "owner", "own"]
ACCOUNTS = [samples.account(sid) for sid in SIDS]
NAMED = ["ann@example.com", *(account.email for account in ACCOUNTS)]
EVERYBODY = ["group:ops", "allUsers", "allAuthenticatedUsers"]
KEYS = ["k0", "k1", "k2", "k3"]
NOW = HeldClock().now()

Change = Callable[[Tables], Awaitable[object]]
_sid = st.sampled_from(SIDS)
_principal = st.sampled_from([*NAMED, *EVERYBODY])


class Undone(Exception):
    """Ends a transaction that is to be rolled back."""


def free(project: Project, others: Sequence[Project]) -> bool:
    """Whether no other project owns what this one wants: callers check that before they write."""
    taken = [name for other in others if other.sid != project.sid for name in other.owns]
    return not any(name.overlaps(other) for name in project.owns for other in taken)


async def put_project(tables: Tables, sid: str, owns: Sequence[str]) -> None:
    project = samples.project(sid, *owns)
    if not free(project, await tables.projects.list()):
        return
    if await tables.projects.get(project.sid) is None:
        await tables.projects.add(project)
    else:
        await tables.projects.replace(project)


async def put_role(tables: Tables, sid: str, permission: str) -> None:
    if await tables.projects.get(ProjectId(sid)) is not None:
        await tables.roles.put(samples.role(sid, "own", permission))


async def add_account(tables: Tables, number: int) -> None:
    if await tables.projects.get(ACCOUNTS[number].project) is not None:
        with suppress(AlreadyExists):
            await tables.accounts.add(ACCOUNTS[number])


async def add_secret(tables: Tables, key: str, principal: str, parent: str | None, hours: int) -> None:
    fits = parent is None or (parent != key and await tables.secrets.get(parent) is not None)
    if fits and await tables.secrets.get(key) is None:
        kind = CredentialKind.PERSONAL_TOKEN if parent is None else CredentialKind.REFRESH_TOKEN
        expiry = NOW + timedelta(hours=hours)
        await tables.secrets.add(samples.secret(key, principal, kind, expiry, parent=parent))


_CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        lambda sid, owns: lambda tables: put_project(tables, sid, owns),
        _sid,
        st.lists(st.sampled_from(NAMES), unique=True),
    ),
    st.builds(lambda sid: lambda tables: tables.projects.remove(ProjectId(sid)), _sid),
    st.builds(
        lambda sid, permission: lambda tables: put_role(tables, sid, permission),
        _sid,
        st.sampled_from(["registry.pull", "registry.*"]),
    ),
    st.builds(lambda sid: lambda tables: tables.roles.remove(ProjectId(sid), RoleName("own")), _sid),
    st.builds(
        lambda on, who, roles, globs: lambda tables: tables.bindings.put(samples.binding(on, who, *roles, on=globs)),
        st.sampled_from([*SIDS, "*"]),
        _principal,
        st.lists(st.sampled_from(ROLES), min_size=1, unique=True),
        st.none() | st.just(["aaa/*"]),
    ),
    st.builds(lambda sid, who: lambda tables: tables.bindings.remove(sid, PrincipalName(who)), _sid, _principal),
    st.builds(lambda number: lambda tables: add_account(tables, number), st.integers(0, 1)),
    st.builds(lambda number: lambda tables: tables.accounts.remove(ACCOUNTS[number]), st.integers(0, 1)),
    st.builds(
        lambda key, who, parent, hours: lambda tables: add_secret(tables, key, who, parent, hours),
        st.sampled_from(KEYS),
        st.sampled_from(NAMED),
        st.none() | st.sampled_from(KEYS),
        st.integers(1, 3),
    ),
    st.builds(lambda key: lambda tables: tables.secrets.remove(key), st.sampled_from(KEYS)),
    st.builds(
        lambda who, groups, hours: (
            lambda tables: tables.groups.put(Email(who), ToldGroups(frozenset(groups), NOW + timedelta(hours=hours)))
        ),
        st.sampled_from(NAMED),
        st.lists(st.sampled_from(["group:ops", "group:dev"]), unique=True),
        st.integers(1, 3),
    ),
    st.builds(
        lambda hours: lambda tables: tables.groups.remove_told_before(NOW + timedelta(hours=hours)), st.integers(1, 3)
    ),
    st.builds(
        lambda hours: lambda tables: tables.secrets.remove_expired(NOW + timedelta(hours=hours)), st.integers(1, 3)
    ),
)


def answers(access: AccessReader) -> object:
    """All that a reader can be asked about these names."""
    principals = [Principal(name, PrincipalKind.PERSON) for name in NAMED]
    principals += [samples.person("bob@example.com", "ops"), ANONYMOUS]
    names = ["aaa/web", "bbb/web", "nginx", "library/a/b", "aaa-x/y", "else"]
    return (
        access.generation,
        [access.owner_of(name) for name in names],
        [access.access_of(principal) for principal in principals],
        [access.grants_of(name) for name in [*NAMED, *EVERYBODY]],
        [access.credential(samples.digest_of(key)) for key in KEYS],
        [access.groups_told(name) for name in NAMED],
    )


async def followed_and_fresh(opener: Opener, transactions: Sequence[tuple[Sequence[Change], bool]]) -> list[object]:
    """The answers of a reader that saw every transaction, and of one that is opened after them."""
    clock, found = HeldClock(NOW), list[object]()
    with tempfile.TemporaryDirectory() as folder:
        async with opener(Path(folder), clock) as database:
            for changes, undone in transactions:
                answers(database.access)
                with suppress(Undone):
                    async with database.store.writing() as tables:
                        for change in changes:
                            await change(tables)
                        if undone:
                            raise Undone
            clock.advance(hours=1.5)
            found.append(answers(database.access))
        async with opener(Path(folder), clock) as database:
            found.append(answers(database.access))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(transactions=st.lists(st.tuples(st.lists(_CHANGES, max_size=4), st.booleans()), max_size=8))
def test_a_reader_that_followed_knows_what_a_fresh_one_knows(
    opener: Opener, transactions: list[tuple[list[Change], bool]]
) -> None:
    """After any sequence of changes, kept and undone, in one transaction or many."""
    followed, fresh = asyncio.run(followed_and_fresh(opener, transactions))
    assert followed == fresh
