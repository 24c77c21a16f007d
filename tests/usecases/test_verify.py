"""What is asked of the registry after an event, and what its answers do. No answer never takes anything away."""

from datetime import timedelta

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import ManifestPushed, Origin
from sidecar.domain.manifests import OCI_MANIFEST
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target
from sidecar.ports.registry import Answer, Checked
from sidecar.usecases.verify import Verify
from tests.fakes import HeldClock, ScriptedReader, digest_of

WEB = RepositoryName("acme/web")
V1 = b"one"
V2 = b"two"


@pytest.fixture
def verify(database: Database, registry: ScriptedReader, clock: HeldClock) -> Verify:
    return Verify(database.index, registry, clock, timedelta(seconds=5), database.sweeps)


@pytest.fixture(autouse=True)
async def believed(database: Database, registry: ScriptedReader, clock: HeldClock) -> None:
    """The index believes that v1 points at V1, and is about to verify it. The registry knows the repository."""
    registry.known.add(WEB)
    origin = Origin("e1", 10, "ci@acme.example", "10.0.0.1", "crane", "r", "i1")
    async with database.index.applying() as tables:
        await tables.push(ManifestPushed(WEB, digest_of(V1), Tag("v1"), OCI_MANIFEST, 3, origin))
        await tables.suspect(WEB, Target.TAG, "v1", clock.now())


async def tags(database: Database) -> dict[Tag, Digest]:
    return dict(await database.index.tags(WEB))


async def test_what_the_registry_confirms_is_done(verify: Verify, registry: ScriptedReader, clock: HeldClock) -> None:
    """One question, and no more until something touches the key again."""
    registry.hold(WEB, V1, "v1")
    assert await verify.run_once() == 1
    clock.advance(hours=1)
    assert await verify.run_once() == 0


async def test_the_index_follows_what_the_registry_shows(
    verify: Verify, database: Database, registry: ScriptedReader
) -> None:
    """A lost event of a push ends in the registry's own truth."""
    registry.hold(WEB, V2, "v1")
    await verify.run_once()
    assert await tags(database) == {"v1": digest_of(V2)}


async def test_gone_takes_two_answers_a_settling_time_apart(
    verify: Verify, database: Database, clock: HeldClock
) -> None:
    """S28: the first says nothing yet, and the second isn't asked for early."""
    await verify.run_once()
    clock.advance(seconds=4)
    assert await verify.run_once() == 0
    assert await tags(database) == {"v1": digest_of(V1)}
    clock.advance(seconds=1)
    await verify.run_once()
    assert await tags(database) == {}


async def test_one_missing_answer_between_two_others_takes_nothing(
    verify: Verify, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """Absent, then there, then absent: the second absence is a first one again."""
    for present in (False, True, False):
        if present:
            registry.hold(WEB, V1, "v1")
        elif registry.tagged:
            registry.lose(WEB, V1)
        async with database.index.applying() as tables:
            await tables.doubt(WEB, Target.TAG, "v1", clock.now())
        await verify.run_once()
        clock.advance(seconds=5)
    assert await tags(database) == {"v1": digest_of(V1)}


async def test_silence_takes_nothing_however_long(
    verify: Verify, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """A registry that is down for a day is asked again and again, and nothing disappears."""
    registry.silent = True
    for _ in range(100):
        await verify.run_once()
        clock.advance(minutes=15)
    assert await tags(database) == {"v1": digest_of(V1)}
    assert len(registry.asked) == 100


async def test_silence_forgets_a_first_absence(
    verify: Verify, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """Two absences count only in a row."""
    await verify.run_once()
    registry.silent = True
    clock.advance(seconds=5)
    await verify.run_once()
    registry.silent = False
    clock.advance(seconds=15)
    await verify.run_once()
    assert await tags(database) == {"v1": digest_of(V1)}


async def test_a_manifest_with_another_digest_is_no_answer(
    verify: Verify, database: Database, registry: ScriptedReader, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a proxy serves under a digest that it isn't changes nothing."""

    async def another(*_: object) -> Checked:
        return Checked(Answer.OTHER, digest_of(V2), OCI_MANIFEST)

    monkeypatch.setattr(registry, "check", another)
    async with database.index.applying() as tables:
        await tables.confirmed((await database.index.due(1, clock.now()))[0])
        await tables.suspect(WEB, Target.MANIFEST, digest_of(V1), clock.now())
    await verify.run_once()
    assert (await database.index.manifests(WEB)).keys() == {digest_of(V1)}


async def test_a_tag_that_came_back_without_an_event_is_listed(
    verify: Verify, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """A tag that the index holds for gone, and the registry shows."""
    for _ in range(2):
        await verify.run_once()
        clock.advance(seconds=5)
    registry.hold(WEB, V1, "v1")
    async with database.index.applying() as tables:
        await tables.suspect(WEB, Target.TAG, "v1", clock.now())
    await verify.run_once()
    assert await tags(database) == {"v1": digest_of(V1)}
