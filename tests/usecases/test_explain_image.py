"""Why an image is listed or isn't: each cause is told, and the registry is asked each time."""

from datetime import timedelta
from typing import Any

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.references import ImageReference
from sidecar.ports.inbox import InboxEvent, Quarantined
from sidecar.ports.registry import Answer
from sidecar.usecases.explain_image import ExplainImage, ImageExplanation
from sidecar.usecases.fetch_manifests import FetchManifests
from sidecar.usecases.index_events import IndexEvents
from sidecar.usecases.verify import Verify
from tests.fakes import HeldClock, ScriptedReader, digest_of
from tests.notifications import envelope, event

V1 = b'{"schemaVersion":2}'
SETTLE = timedelta(seconds=5)


def owner_of(repository: str) -> ProjectId | None:
    return ProjectId("acme") if repository.startswith("acme/") else None


class Scene:
    """What happened before somebody asks."""

    def __init__(self, database: Database, registry: ScriptedReader, clock: HeldClock) -> None:
        self.database = database
        self.registry = registry
        self.clock = clock
        self.index_events = IndexEvents(database.inbox, database.index, clock, SETTLE)
        self.verify = Verify(database.index, registry, clock, SETTLE, database.sweeps)

    async def received(self, written: dict[str, Any]) -> None:
        repository = written["target"]["repository"]
        await self.database.inbox.put(
            [InboxEvent(written["id"], repository, "i1", self.clock.now(), envelope(written))]
        )

    async def applied(self, written: dict[str, Any]) -> None:
        await self.received(written)
        await self.index_events.run_once()

    async def explain(self, image: str = "acme/web:v1") -> ImageExplanation:
        explain = ExplainImage(self.database.explanations, self.registry, owner_of)
        return await explain(ImageReference.read(image))


@pytest.fixture
def scene(database: Database, registry: ScriptedReader, clock: HeldClock) -> Scene:
    return Scene(database, registry, clock)


def push(identifier: str = "e1", second: int = 0, **target: Any) -> dict[str, Any]:
    return event(identifier, second=second, **({"tag": "v1", "digest": digest_of(V1)} | target))


async def test_what_is_listed_names_who_pushed_it(scene: Scene) -> None:
    """Listed, by whom, and that the registry agrees now."""
    scene.registry.hold("acme/web", V1, "v1")
    await scene.applied(push())
    explained = await scene.explain()
    assert explained.digest == digest_of(V1)
    assert explained.because[0] == "pushed by ci@acme.example"
    assert explained.because[-1] == "the registry agrees"
    assert explained.facts.last_event is not None
    assert explained.facts.last_event.by == "ci@acme.example"


async def test_an_unknown_repository(scene: Scene) -> None:
    """Nothing was heard of it, and the registry has nothing either."""
    explained = await scene.explain()
    assert explained.because == (
        "no event ever told of a push to acme/web",
        "the registry agrees: it has no such image",
    )


async def test_a_lost_event(scene: Scene) -> None:
    """The registry shows what no event told of: the cure is named."""
    scene.registry.hold("acme/web", V1, "v1")
    await scene.applied(push(tag="other"))
    explained = await scene.explain()
    assert explained.because[0] == "no event ever told of this tag"
    assert "sidecar reconcile" in explained.because[-1]


async def test_a_deleted_tag_names_who_deleted_it(scene: Scene) -> None:
    """By the event that told of it."""
    await scene.applied(push())
    await scene.applied(event("e2", "delete", second=1, actor="ann@acme.example", tag="v1", digest=""))
    explained = await scene.explain()
    assert explained.digest is None
    assert explained.because[0] == "deleted by ann@acme.example"


async def test_a_tag_that_vanished(scene: Scene) -> None:
    """No event told of it: the registry said so twice."""
    await scene.applied(push())
    scene.registry.known.add(RepositoryName("acme/web"))
    for _ in range(2):
        scene.clock.advance(seconds=5)
        await scene.verify.run_once()
    explained = await scene.explain()
    assert explained.because[0] == "the registry said twice that it is not there"


async def test_an_event_in_the_inbox_tells_its_position(scene: Scene) -> None:
    """Received, and not applied yet, behind those of others."""
    await scene.received(push("e1", repository="beta/x"))
    await scene.received(push("e2"))
    explained = await scene.explain()
    waiting = explained.facts.waiting
    assert waiting is not None
    assert (waiting.count, waiting.position, waiting.since) == (1, 2, scene.clock.now())


async def test_a_manifest_that_cannot_be_fetched_tells_why(scene: Scene) -> None:
    """The tag is listed without its size, and the failure is shown."""
    await scene.applied(push())
    scene.registry.silent = True
    await FetchManifests(scene.database.index, scene.registry, scene.clock).run_once()
    explained = await scene.explain()
    assert explained.facts.manifest is not None
    assert explained.facts.manifest.failure == "the registry did not answer"
    assert any("is not read yet" in sentence for sentence in explained.because)


async def test_a_verification_that_waits_is_told(scene: Scene) -> None:
    """When it is due, and whether the registry has missed it once."""
    await scene.applied(push())
    scene.clock.advance(seconds=5)
    missed_at = scene.clock.now()
    await scene.verify.run_once()
    verification = (await scene.explain()).facts.verification
    assert verification is not None
    assert (verification.missing_since, verification.due) == (missed_at, missed_at + SETTLE)


async def test_quarantine_that_names_the_repository_is_told(scene: Scene) -> None:
    """By id, so that it can be shown and retried."""
    for content in (b'{"repository":"acme/web"', b'{"repository":"acme/api"'):
        item = Quarantined("not JSON", "", "", scene.clock.now(), content)
        await scene.database.inbox.quarantine([item], 10_000)
    explained = await scene.explain()
    assert len(explained.facts.mentions) == 1


async def test_a_registry_that_does_not_answer_is_a_finding(scene: Scene) -> None:
    """The explanation comes all the same."""
    scene.registry.silent = True
    explained = await scene.explain()
    assert explained.answer is None
    assert explained.because[-1] == "the registry gives no clear answer now"


async def test_a_repository_of_nobody_is_told(scene: Scene) -> None:
    """It is indexed, and only administrators see it."""
    await scene.applied(push(repository="stray"))
    explained = await scene.explain("stray:v1")
    assert explained.owner is None
    assert any(sentence.startswith("no project owns") for sentence in explained.because)


async def test_a_manifest_is_explained_by_its_digest(scene: Scene) -> None:
    """Tagged or not."""
    scene.registry.hold("acme/web", V1)
    await scene.applied(push(tag=""))
    explained = await scene.explain(f"acme/web@{digest_of(V1)}")
    assert explained.digest == digest_of(V1)
    assert explained.answer is not None
    assert explained.answer.answer is Answer.SAME


async def test_a_manifest_that_is_not_understood_says_so(
    scene: Scene, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """Its listing has a size that is only its own, and here is why."""
    registry.hold("acme/web", V1, tag="v1")
    await scene.applied(push())
    await FetchManifests(database.index, registry, clock).run_once()
    explained = await scene.explain()
    assert any("can't be understood" in sentence and "descriptor" in sentence for sentence in explained.because)
