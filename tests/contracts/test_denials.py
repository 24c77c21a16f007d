"""ports.Denials."""

from datetime import timedelta

from sidecar.adapters.database import Database
from sidecar.domain.denials import Denial
from sidecar.domain.tally import Counted
from sidecar.ports.denials import DenialQuery
from tests import samples

NOON = samples.LONG_AGO
SECOND = timedelta(seconds=1)


def denial(number: int = 0, project: str = "acme", principal: str = "ann@example.com") -> Denial:
    return Denial(project, principal, f"{project}/{number}", "pull", "registry.pull is missing")


async def add(database: Database, *counted: Counted[Denial], most_of_project: int = 100, most: int = 100) -> None:
    await database.denials.add(counted, most_of_project, most)


def once(what: Denial, second: int = 0) -> Counted[Denial]:
    return Counted(what, 1, NOON + second * SECOND, NOON + second * SECOND)


async def test_the_same_again_is_added_to_it(database: Database) -> None:
    """The first time stays; the last time and what is missing are the newest."""
    await add(database, Counted(denial(), 2, NOON, NOON + SECOND))
    changed = Denial("acme", "ann@example.com", "acme/0", "pull", "the token is limited")
    await add(database, Counted(changed, 3, NOON + 2 * SECOND, NOON + 3 * SECOND))
    (kept,) = await database.denials.read(DenialQuery(10))
    assert (kept.denial, kept.count, kept.first_at, kept.last_at) == (changed, 5, NOON, NOON + 3 * SECOND)


async def test_each_filter_cuts(database: Database) -> None:
    """By project, principal, repository and time; the latest first; pages follow each other."""
    bob = denial(2, "beta", "bob@example.com")
    await add(database, once(denial(0), 0), once(denial(1), 1), once(bob, 2))
    everything = await database.denials.read(DenialQuery(10))
    assert [each.denial for each in everything] == [bob, denial(1), denial(0)]
    for query, expected in (
        (DenialQuery(10, project="acme"), [denial(1), denial(0)]),
        (DenialQuery(10, principal="bob@example.com"), [bob]),
        (DenialQuery(10, repository="acme/0"), [denial(0)]),
        (DenialQuery(10, since=NOON + SECOND), [bob, denial(1)]),
        (DenialQuery(1), [bob]),
        (DenialQuery(10, beyond=(everything[0].last_at, everything[0].id)), [denial(1), denial(0)]),
    ):
        assert [each.denial for each in await database.denials.read(query)] == expected, query


async def test_the_oldest_go(database: Database) -> None:
    """Of a project that has too many, and of all; another project's stay as long as there is room."""
    await add(database, once(denial(0, "beta"), 0), once(denial(1, "beta"), 5))
    await add(database, *(once(denial(number), number) for number in range(5)), most_of_project=3, most=4)
    kept = [each.denial for each in await database.denials.read(DenialQuery(10))]
    assert kept == [denial(1, "beta"), denial(4), denial(3), denial(2)]


async def test_what_did_not_happen_since_is_forgotten(database: Database) -> None:
    """By its last time."""
    await add(database, once(denial(0), 0), Counted(denial(1), 2, NOON, NOON + SECOND))
    await database.denials.forget(NOON + SECOND)
    assert [each.denial for each in await database.denials.read(DenialQuery(10))] == [denial(1)]
