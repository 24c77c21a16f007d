"""Groups of people, as their sign-ins tell them."""

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.names import Email
from sidecar.domain.outsiders import GROUPS_KEPT, ToldGroups
from sidecar.ports import Store
from sidecar.usecases import remember_groups
from sidecar.usecases.forget_expired import ForgetExpired
from sidecar.usecases.remember_groups import RememberGroups
from tests.fakes import HeldClock

ANN = Email("ann@acme.example")
OPS = frozenset({"group:ops"})


@pytest.fixture
def remember(database: Database, clock: HeldClock) -> RememberGroups:
    return RememberGroups(database.store, database.access, clock)


async def test_what_is_told_counts_before_it_is_written(remember: RememberGroups, clock: HeldClock) -> None:
    """No sign-in waits for the database, and the next request sees it."""
    remember.told(ANN, ToldGroups(OPS, clock.now()))
    assert remember.groups_of(ANN) == OPS


async def test_it_is_kept(remember: RememberGroups, database: Database, clock: HeldClock) -> None:
    """After a flush the access memory has it, and one that is opened later."""
    remember.told(ANN, ToldGroups(OPS, clock.now()))
    await remember.flush()
    assert database.access.groups_told(ANN) == ToldGroups(OPS, clock.now())
    assert RememberGroups(database.store, database.access, clock).groups_of(ANN) == OPS


async def test_a_change_is_written_and_a_repetition_once_an_hour(
    remember: RememberGroups, database: Database, clock: HeldClock
) -> None:
    """Somebody who signs in all the time costs 24 writes a day."""
    generations = []
    for step in ({"minutes": 0}, {"minutes": 59}, {"minutes": 1}, {"minutes": 1}):
        clock.advance(**step)
        remember.told(ANN, ToldGroups(OPS, clock.now()))
        await remember.flush()
        generations.append(database.access.generation)
    first, same, fresh, again = generations
    assert (same - first, fresh - same, again - fresh) == (0, 1, 0)
    remember.told(ANN, ToldGroups(frozenset(), clock.now()))
    await remember.flush()
    assert database.access.generation == again + 1
    assert remember.groups_of(ANN) == frozenset()


async def test_an_older_token_brings_no_group_back(
    remember: RememberGroups, database: Database, clock: HeldClock
) -> None:
    """Whoever was put out of a group may still hold a token from before: it takes back nothing of what was told later."""
    before = clock.now()
    clock.advance(minutes=5)
    for flush in (False, True):
        remember.told(ANN, ToldGroups(frozenset(), clock.now()))
        if flush:
            await remember.flush()
        remember.told(ANN, ToldGroups(OPS, before))
        assert remember.groups_of(ANN) == frozenset()
    clock.advance(minutes=5)
    remember.told(ANN, ToldGroups(OPS, clock.now()))
    assert remember.groups_of(ANN) == OPS


@pytest.mark.parametrize("flush", [False, True])
async def test_nor_one_older_than_a_word_that_changed_nothing(
    remember: RememberGroups, clock: HeldClock, flush: bool
) -> None:
    """Put into a group and out again between two sign-ins that told the same: the token from in between is too old."""
    remember.told(ANN, ToldGroups(frozenset(), clock.now()))
    if flush:
        await remember.flush()
    clock.advance(minutes=5)
    between = clock.now()
    clock.advance(minutes=5)
    remember.told(ANN, ToldGroups(frozenset(), clock.now()))
    remember.told(ANN, ToldGroups(OPS, between))
    assert remember.groups_of(ANN) == frozenset()
    remember.told(ANN, ToldGroups(OPS, clock.now()))
    assert remember.groups_of(ANN) == OPS


async def test_they_end_thirty_days_after_the_last_sign_in(
    remember: RememberGroups, database: Database, clock: HeldClock
) -> None:
    """Whether they were told again in between or not; then the row goes, too."""
    remember.told(ANN, ToldGroups(OPS, clock.now()))
    await remember.flush()
    clock.advance(days=29)
    remember.told(ANN, ToldGroups(OPS, clock.now()))
    await remember.flush()
    clock.advance(seconds=GROUPS_KEPT.total_seconds() - 1)
    assert remember.groups_of(ANN) == OPS
    clock.advance(seconds=1)
    assert remember.groups_of(ANN) == frozenset()
    clock.advance(seconds=1)
    await ForgetExpired(database.store, clock)()
    assert database.access.groups_told(ANN) is None


async def test_what_could_not_be_written_is_kept_for_the_next_time(
    remember: RememberGroups, database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails for a while loses nobody's groups."""

    def failing(_: Store) -> None:
        raise OSError("disk full")

    remember.told(ANN, ToldGroups(OPS, clock.now()))
    with monkeypatch.context() as patched:
        patched.setattr(type(database.store), "writing", failing)
        with pytest.raises(OSError, match="disk full"):
            await remember.flush()
    await remember.flush()
    assert database.access.groups_told(ANN) is not None


async def test_what_waits_is_bounded(
    remember: RememberGroups, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S30: the oldest goes first."""
    monkeypatch.setattr(remember_groups, "_MOST_WAITING", 2)
    for name in "abc":
        remember.told(Email(f"{name}@acme.example"), ToldGroups(OPS, clock.now()))
    assert [remember.groups_of(f"{name}@acme.example") for name in "abc"] == [frozenset(), OPS, OPS]
