"""Taking away: one thing and nothing else, on either line, and whatever happens half-way the index tells no lie."""

import contextlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.adapters.database import Database
from sidecar.adapters.database.sqlite.driver import look_up
from sidecar.domain.actors import Asking
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import Forbidden, NotFound, RegistryUnavailable, SidecarError, Unavailable
from sidecar.domain.events import ManifestPushed, Origin
from sidecar.domain.identity import Principal, PrincipalKind
from sidecar.domain.intents import Change, Intent
from sidecar.domain.manifests import OCI_INDEX, OCI_MANIFEST, parse_manifest
from sidecar.domain.names import Glob, ProjectId, RepositoryName
from sidecar.domain.policy import Access, Caller, Grant
from sidecar.domain.targets import Target
from sidecar.ports.auditing import AuditQuery
from sidecar.ports.browsing import Slice
from sidecar.ports.inbox import InboxEvent
from sidecar.ports.index import Suspect
from sidecar.ports.registry import Checked
from sidecar.usecases import empty_repository
from sidecar.usecases.empty_repository import EmptyRepository
from sidecar.usecases.index_events import IndexEvents
from sidecar.usecases.remove import Remove
from tests.fakes import HeldClock, RepeatableRandomness, digest_of
from tests.notifications import envelope, event
from tests.samples import project
from tests.usecases.registry_lines import BreakingChanges, Killed, ScriptedWriter, Steps, unanswered
from tests.web.api.pushing import image, index_of

ACME = ProjectId("acme")
WEB = RepositoryName("acme/web")
MANY = 30
"""More steps than any change here takes."""


def holder(permission: str = "registry.delete", only: tuple[Glob, ...] | None = None) -> Caller:
    grant = Grant("acme", frozenset((permission,)), only, "ann@example.com", "role")
    asking = Asking("registry.untag", "192.0.2.1", "r-1")
    return Caller(Principal("ann@example.com", PrincipalKind.PERSON, "c-1"), Access((grant,)), asking)


ANN = holder()


@dataclass
class Removed:
    """ports.changing.RemovalObserver that counts."""

    tags: int = 0
    manifests: int = 0
    repositories: list[str] = field(default_factory=list)

    def removed(self, repository: RepositoryName, tags: int, manifests: int) -> None:
        self.tags += tags
        self.manifests += manifests

    def ended(self, repository: RepositoryName) -> None:
        self.repositories.append(repository)


@dataclass
class Scene:
    """The registry and the index, which agree when a test begins, and a use case that may be broken off."""

    database: Database
    registry: ScriptedWriter
    clock: HeldClock
    randomness: RepeatableRandomness = field(default_factory=RepeatableRandomness)
    pushes: int = 0
    removed: Removed = field(default_factory=Removed)

    def remove(self, steps: Steps | None = None) -> Remove:
        self.registry.steps = steps or Steps()
        changes = BreakingChanges(self.database.changes, self.registry.steps)
        empty = EmptyRepository(changes, self.registry, self.clock, self.removed)
        return Remove(changes, self.registry, empty, self.database.access, self.clock, self.randomness)

    async def push(self, content: bytes, *tags: str, read: bool = True) -> Digest:
        """Pushed to the registry, told to the index and, unless told otherwise, read by it."""
        media_type = OCI_INDEX if b'"manifests"' in content else OCI_MANIFEST
        digest = digest_of(content)
        async with self.database.index.applying() as tables:
            for tag in tags or (None,):
                self.pushes += 1
                self.registry.hold(WEB, content, tag, media_type)
                origin = Origin(f"e{self.pushes}", self.pushes, "ci@acme.example", "", "", "", "i1")
                await tables.push(ManifestPushed(WEB, digest, Tag(tag) if tag else None, media_type, 9, origin))
            if read:
                await tables.document(digest, content, media_type, parse_manifest(content, media_type), None)
        return digest

    async def tags(self) -> dict[str, str]:
        return {str(tag): digest for tag, digest in (await self.database.index.tags(WEB)).items()}

    async def manifests(self) -> set[str]:
        return set(await self.database.index.manifests(WEB))

    async def check_agreement(self) -> None:
        """The index says what the registry shows; no intent is open, and no throw-away was left."""
        assert await self.tags() == self.registry.tags_of(WEB)
        assert await self.manifests() == self.registry.manifests_of(WEB)
        assert await self.database.changes.open() == []


@pytest.fixture(params=[True, False], ids=["3.x", "2.8"])
async def scene(request: pytest.FixtureRequest, database: Database, clock: HeldClock) -> Scene:
    """A registry of each line, and the project `acme`."""
    async with database.store.writing() as tables:
        await tables.projects.add(project())
    return Scene(database, ScriptedWriter(deletes_tags=request.param), clock)


async def refusal(coroutine: object) -> SidecarError:
    with pytest.raises(SidecarError) as raised:
        await coroutine  # type: ignore[misc]  # whatever a use case returns
    return raised.value


async def test_untag_takes_one_tag_and_nothing_else(scene: Scene) -> None:
    """The manifest and its other tags stay, at the registry and in the index, on either line."""
    digest = await scene.push(image(1), "old", "new")
    await scene.push(image(2), "other")
    await scene.remove().untag(ANN, ACME, "web", Tag("old"))
    assert scene.registry.tags_of(WEB) == {"new": digest, "other": digest_of(image(2))}
    await scene.check_agreement()


async def test_a_throwaway_is_like_no_other(scene: Scene) -> None:
    """Fact 5: deleting it must not delete what somebody else has pushed."""
    await scene.push(image(1), "a", "b")
    remove = scene.remove()
    for tag in ("a", "b"):
        await remove.untag(ANN, ACME, "web", Tag(tag))
    assert len(set(scene.registry.ever_tagged)) == len(scene.registry.ever_tagged)


async def test_the_history_says_who_untagged(scene: Scene, tmp_path: Path) -> None:
    """A fact of the history: what was taken away, when and by whom; the sidecar's own name isn't in it."""
    digest = await scene.push(image(1), "old")
    await scene.remove().untag(ANN, ACME, "web", Tag("old"))
    rows = await look_up(
        tmp_path / "sidecar.db", "SELECT action, replaced, by FROM tag_history WHERE action = 'delete'"
    )
    assert [tuple(row) for row in rows] == [("delete", digest, "ann@example.com")]


@pytest.mark.parametrize(("named", "tag", "kind"), [("web", "none", "tag"), ("none", "old", "repository")])
async def test_what_is_not_there_is_not_found(scene: Scene, named: str, tag: str, kind: str) -> None:
    """Nothing is asked of the registry for a tag or repository that isn't there."""
    await scene.push(image(1), "old")
    error = await refusal(scene.remove().untag(ANN, ACME, named, Tag(tag)))
    assert (error.code, error.message) == (f"{kind}_not_found", f"{kind} not found")
    assert scene.registry.steps.taken == 0


async def test_deleting_needs_the_right_on_that_repository(scene: Scene) -> None:
    """Neither pushing nor a binding on other repositories lets anybody delete."""
    await scene.push(image(1), "old")
    for caller in (holder("registry.push"), holder(only=(Glob("acme/api"),))):
        with pytest.raises(Forbidden):
            await scene.remove().untag(caller, ACME, "web", Tag("old"))
    await scene.check_agreement()


async def test_a_registry_that_does_not_delete_changes_nothing(scene: Scene) -> None:
    """Where deleting is switched off no throw-away is put: it could not be taken back."""
    await scene.push(image(1), "old")
    scene.registry.deletes = False
    with pytest.raises(RegistryUnavailable):
        await scene.remove().untag(ANN, ACME, "web", Tag("old"))
    assert scene.registry.ever_tagged == []
    await scene.check_agreement()


async def test_a_verification_half_way_does_not_see_the_throwaway(scene: Scene) -> None:
    """Whoever asks the registry between the two steps of 2.8 is shown a manifest that the index must not learn."""
    digest = await scene.push(image(1), "old")
    intent = Intent("i", Change.UNTAG, WEB, "ann@example.com", scene.clock.now(), Tag("old"), digest)
    async with scene.database.changes.changing() as tables:
        await tables.begin(intent)
    suspect = Suspect(WEB, Target.TAG, "old", digest, scene.clock.now())
    async with scene.database.index.applying() as index:
        await index.moved(suspect, intent.throwaway_digest, OCI_INDEX, scene.clock.now())
    assert await scene.tags() == {"old": digest}
    assert await scene.manifests() == {digest}


async def test_a_push_while_the_tag_goes_stands(scene: Scene) -> None:
    """What was pushed under the tag meanwhile isn't taken out of the index."""
    digest = await scene.push(image(1), "old")
    intent = Intent("i", Change.UNTAG, WEB, "ann@example.com", scene.clock.now(), Tag("old"), digest)
    async with scene.database.changes.changing() as tables:
        await tables.begin(intent)
    pushed = await scene.push(image(2), "old")
    async with scene.database.changes.changing() as tables:
        await tables.untag(intent, scene.clock.now())
    assert await scene.tags() == {"old": pushed}


@dataclass
class Untagged:
    """An untag of `old`, and what others did about that time: its throw-away stood from second 10 to 12 after noon."""

    scene: Scene
    remove: Remove
    path: Path

    async def push(self, content: bytes, *, second: int, stands: bool) -> None:
        """Somebody's push of `old`, told by its event; the registry kept the tag, or lost it with the throw-away."""
        self.scene.registry.hold(WEB, content, "old" if stands else None)
        await self._tell(event(f"p{second}", second=second, tag="old", digest=digest_of(content)))

    async def delete(self, *, second: int) -> None:
        """Somebody's deletion of `old` at the registry."""
        await self._tell(event(f"d{second}", "delete", second=second, tag="old", digest=""))

    async def marked(self) -> None:
        await self._tell(event("marker", second=10, digest=await self._throwaway(), actor="sidecar"))

    async def unmade(self) -> None:
        await self._tell(event("end", "delete", second=12, digest=await self._throwaway(), actor="sidecar"))

    async def put_back(self) -> str | None:
        """What the registry shows under the tag after some looks."""
        for _ in range(3):
            await self.remove.put_back()
        return self.scene.registry.tags_of(WEB).get("old")

    async def _throwaway(self) -> str:
        ((throwaway,),) = await look_up(self.path, "SELECT throwaway FROM intent")
        return str(throwaway)

    async def _tell(self, told: dict[str, object]) -> None:
        database, clock = self.scene.database, self.scene.clock
        await database.inbox.put([InboxEvent(str(told["id"]), WEB, "i1", clock.now(), envelope(told))])
        await IndexEvents(database.inbox, database.index, clock, timedelta(seconds=5)).run_once()


async def untagged(scene: Scene, tmp_path: Path) -> Untagged:
    """`old` was taken away, and the beginning was told."""
    remove = scene.remove()
    await remove.untag(ANN, ACME, "web", Tag("old"))
    made = Untagged(scene, remove, tmp_path / "sidecar.db")
    await made.marked()
    return made


@pytest.fixture
async def after(scene: Scene, tmp_path: Path) -> Untagged:
    """When the untag had been asked for, the registry still showed what the index did."""
    await scene.push(image(1), "old", "new")
    made = await untagged(scene, tmp_path)
    await made.unmade()
    return made


@pytest.fixture
async def behind(scene: Scene, tmp_path: Path) -> Untagged:
    """By then the registry showed a push whose event had not come yet."""
    await scene.push(image(1), "old", "new")
    scene.registry.hold(WEB, image(2), "old")
    made = await untagged(scene, tmp_path)
    await made.unmade()
    return made


async def test_a_push_that_went_with_the_tag_is_put_back(after: Untagged) -> None:
    """Fact 5: 2.8 can lose a push that comes between the two steps; its manifest is still there."""
    await after.push(image(2), second=11, stands=False)
    assert await after.put_back() == digest_of(image(2))


async def test_a_push_that_was_under_way_is_put_back(after: Untagged) -> None:
    """Its event came first, yet the registry, asked after the untag, didn't show it: it was written later."""
    await after.push(image(2), second=9, stands=False)
    assert await after.put_back() == digest_of(image(2))


async def test_a_push_of_the_same_moment_is_put_back(behind: Untagged) -> None:
    """Nobody knows which came first, and the index hadn't shown it to whoever asked."""
    await behind.push(image(2), second=10, stands=False)
    assert await behind.put_back() == digest_of(image(2))


async def test_a_push_that_came_before_stays_away(behind: Untagged) -> None:
    """The registry's own clock says so, and the registry showed it."""
    await behind.push(image(2), second=8, stands=False)
    assert await behind.put_back() is None


@pytest.mark.parametrize("second", [9, 10])
async def test_the_state_that_was_to_go_stays_away(after: Untagged, second: int) -> None:
    """A push of the very manifest that the tag pointed at is put back only if it came after the untag for certain."""
    await after.push(image(1), second=second, stands=False)
    assert await after.put_back() is None


async def test_what_the_index_showed_stays_away(scene: Scene, tmp_path: Path) -> None:
    """A push that the index knew when the untag was asked for is what was asked for, however little before it came."""
    await scene.push(image(1), "old")
    told = event("p10", second=10, tag="old", digest=digest_of(image(2)))
    scene.registry.hold(WEB, image(2), "old")
    await scene.database.inbox.put([InboxEvent("p10", WEB, "i1", scene.clock.now(), envelope(told))])
    await IndexEvents(scene.database.inbox, scene.database.index, scene.clock, timedelta(seconds=5)).run_once()
    made = await untagged(scene, tmp_path)
    await made.unmade()
    assert await made.put_back() is None


async def test_a_later_push_is_left_as_it_is(after: Untagged) -> None:
    """The registry shows something under the tag: nothing is written over it."""
    await after.push(image(2), second=11, stands=True)
    await after.push(image(3), second=12, stands=True)
    assert await after.put_back() == digest_of(image(3))


async def test_a_push_after_the_end_is_not_looked_at(after: Untagged) -> None:
    """It can't have gone with the throw-away; a deletion of it that is yet to be told of must not be undone."""
    await after.push(image(2), second=14, stands=False)
    assert await after.put_back() is None


async def test_the_end_is_awaited_before_anything_is_put_back(scene: Scene, tmp_path: Path) -> None:
    """A registry tells of things in their order, so what the end is told after is complete; it may have lost its queue."""
    await scene.push(image(1), "old")
    made = await untagged(scene, tmp_path)
    await made.push(image(2), second=11, stands=False)
    assert await made.put_back() is None
    scene.clock.advance(seconds=6)
    assert await made.put_back() == digest_of(image(2))


async def test_what_was_put_back_is_told_of(after: Untagged) -> None:
    """Once, when it stands, as the sidecar's own act; beside it stands who took the tag away."""
    await after.push(image(2), second=11, stands=False)
    for _ in range(3):
        await after.put_back()
    entries = await after.scene.database.audit.read(AuditQuery(MANY))
    assert [(entry.actor.name, entry.action, entry.resource.id, entry.after) for entry in entries] == [
        ("sidecar", "sidecar.putBack", "acme/web:old", {"digest": digest_of(image(2))}),
        ("ann@example.com", "registry.untag", "acme/web:old", None),
    ]


async def test_what_was_put_back_gives_way_to_a_newer_push(after: Untagged) -> None:
    """It may have been written over a push that the registry took a moment before."""
    await after.push(image(2), second=11, stands=False)
    assert await after.put_back() == digest_of(image(2))
    await after.push(image(3), second=14, stands=False)
    assert await after.put_back() == digest_of(image(3))


async def test_a_push_whose_manifest_is_gone_is_let_go(after: Untagged) -> None:
    """There is nothing to put back, and nothing is asked for ever."""
    await after.push(image(2), second=11, stands=False)
    after.scene.registry.lose(WEB, image(2))
    await after.put_back()
    asked = len(after.scene.registry.asked)
    assert await after.put_back() is None
    assert len(after.scene.registry.asked) == asked


async def test_what_somebody_deleted_since_stays_away(after: Untagged) -> None:
    """The last fact of the tag's history counts."""
    await after.push(image(2), second=11, stands=False)
    await after.delete(second=12)
    assert await after.put_back() is None


async def test_what_was_untagged_again_stays_away(after: Untagged) -> None:
    """The second untag ends what the first one looks after."""
    await after.push(image(2), second=11, stands=True)
    after.scene.clock.advance(seconds=1)
    await after.remove.untag(ANN, ACME, "web", Tag("old"))
    assert await after.put_back() is None
    assert len(await look_up(after.path, "SELECT id FROM intent")) == 1


async def test_overlaps_are_looked_for_for_a_while(after: Untagged) -> None:
    """Then the intent is forgotten: nothing grows."""
    after.scene.clock.advance(seconds=21)
    await after.put_back()
    assert await look_up(after.path, "SELECT id FROM intent") == []


async def test_what_is_yet_to_be_put_back_is_not_forgotten(after: Untagged) -> None:
    """However long the registry was away."""
    await after.push(image(2), second=11, stands=False)
    after.scene.registry.silent = True
    after.scene.clock.advance(hours=2)
    with pytest.raises(RegistryUnavailable):
        await after.remove.put_back()
    after.scene.registry.silent = False
    assert await after.put_back() == digest_of(image(2))


async def test_what_can_not_be_put_back_holds_up_nothing_else(after: Untagged, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that has lost the blobs refuses the manifest for ever; other intents are forgotten in their time."""

    async def refuses(*_: object) -> None:
        raise RegistryUnavailable

    await after.push(image(2), second=11, stands=False)
    await after.remove.untag(ANN, ACME, "web", Tag("new"))
    after.scene.clock.advance(hours=2)
    monkeypatch.setattr(after.scene.registry, "put_manifest", refuses)
    with pytest.raises(RegistryUnavailable):
        await after.remove.put_back()
    assert await look_up(after.path, "SELECT tag FROM intent") == [("old",)]


async def test_a_registry_that_tells_late_is_waited_for(scene: Scene, tmp_path: Path) -> None:
    """While the end isn't told, more may come that went with the tag; for an hour, because queues can be lost."""
    await scene.push(image(1), "old")
    made = await untagged(scene, tmp_path)
    scene.clock.advance(minutes=59)
    await made.push(image(2), second=11, stands=False)
    assert await made.put_back() == digest_of(image(2))
    scene.clock.advance(minutes=2)
    await made.put_back()
    assert await look_up(made.path, "SELECT id FROM intent") == []


async def test_a_tagged_manifest_is_refused(scene: Scene) -> None:
    """`items` are its tags, fallback tags among them."""
    fallback = f"sha256-{'0' * 64}"
    digest = await scene.push(image(1), "v2", "v1", fallback)
    error = await refusal(scene.remove().manifest(ANN, ACME, "web", digest))
    assert (error.code, error.message, error.items) == ("manifest_tagged", "manifest is tagged", (fallback, "v1", "v2"))
    await scene.check_agreement()


async def test_a_child_of_a_living_index_is_refused(scene: Scene) -> None:
    """Decision 8: `items` are the indexes; when they have gone, so may the child."""
    child = await scene.push(image(1))
    parent = await scene.push(index_of(image(1)))
    error = await refusal(scene.remove().manifest(ANN, ACME, "web", child))
    assert (error.code, error.message, error.items) == ("manifest_in_use", "manifest is in use", (parent,))
    await scene.remove().manifest(ANN, ACME, "web", parent)
    await scene.remove().manifest(ANN, ACME, "web", child)
    assert await scene.manifests() == set()
    await scene.check_agreement()


async def test_a_subject_with_referrers_is_refused(scene: Scene) -> None:
    """Decision 8: `items` are the referrers."""
    subject = await scene.push(image(1))
    referrer = await scene.push(image(2, subject=image(1)))
    error = await refusal(scene.remove().manifest(ANN, ACME, "web", subject))
    assert (error.code, error.items) == ("manifest_in_use", (referrer,))


@pytest.mark.parametrize("suffix", ["", ".sig", ".att"])
async def test_a_fallback_tag_keeps_what_it_is_named_after(scene: Scene, suffix: str) -> None:
    """Fact 9: signatures know their image by such a tag alone."""
    subject = await scene.push(image(1))
    tag = subject.replace(":", "-") + suffix
    await scene.push(image(2), tag)
    error = await refusal(scene.remove().manifest(ANN, ACME, "web", subject))
    assert (error.code, error.items) == ("manifest_in_use", (tag,))


async def test_what_nobody_has_read_may_be_an_index(scene: Scene) -> None:
    """An index that was pushed a moment ago already keeps its children."""
    child = await scene.push(image(1))
    unread = await scene.push(index_of(image(1)), read=False)
    error = await refusal(scene.remove().manifest(ANN, ACME, "web", child))
    assert (error.code, error.items) == ("manifest_in_use", (unread,))


async def test_an_unknown_manifest_is_not_found(scene: Scene) -> None:
    """By digest, in a repository that is there."""
    await scene.push(image(1), "v1")
    with pytest.raises(NotFound, match=r"^manifest not found"):
        await scene.remove().manifest(ANN, ACME, "web", digest_of(b"none"))


async def test_delete_takes_every_tag_and_manifest(scene: Scene) -> None:
    """What the index knows, what the registry alone lists, and the repository itself; others stay."""
    for number in range(70):
        await scene.push(image(number), f"v{number}")
    await scene.push(index_of(image(1), image(2)), "index")
    await scene.push(image(100))
    scene.registry.hold(WEB, image(101), "untold")
    await scene.remove().repository(ANN, ACME, "web")
    assert (await scene.tags(), await scene.manifests()) == ({}, set())
    assert await scene.database.browsing.repository(WEB) is None
    await scene.check_agreement()


async def test_a_large_repository_takes_few_looks_at_its_tags(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry looks at every tag to delete a manifest: no manifest is deleted while many tags are there."""
    monkeypatch.setattr(empty_repository, "TAGS", 10)
    for number in range(25):
        await scene.push(image(number), f"v{number:02}")
    await scene.remove().repository(ANN, ACME, "web")
    looks = sum(scene.registry.tags_at_deletion)
    assert looks <= 25 + 15 + 5 + 1
    assert (scene.removed.tags, scene.removed.manifests, scene.removed.repositories) == (25, 25, ["acme/web"])
    await scene.check_agreement()


async def test_nothing_is_verified_while_its_repository_goes(scene: Scene) -> None:
    """What the registry hasn't any more and the index still has is no reason to stop and ask a person."""
    await scene.push(image(1), "v1")
    async with scene.database.index.applying() as index:
        await index.suspect(WEB, Target.TAG, "v1", scene.clock.now())
    intent = Intent("i", Change.DELETE_REPOSITORY, WEB, "ann@example.com", scene.clock.now())
    async with scene.database.changes.changing() as tables:
        await tables.begin(intent)
    assert await scene.database.index.due(10, scene.clock.now()) == []
    async with scene.database.changes.changing() as tables:
        await tables.forget(intent)
    assert len(await scene.database.index.due(10, scene.clock.now())) == 1


@pytest.mark.parametrize("change", Change)
async def test_what_is_being_taken_away_is_no_drift(scene: Scene, change: Change) -> None:
    """A sweep that meets a change of ours, or asked before it and notes after it, has found nothing."""
    digest = await scene.push(image(1), "old")
    key, target = (digest, Target.MANIFEST) if change is Change.DELETE_MANIFEST else ("old", Target.TAG)
    suspect = Suspect(WEB, target, key, digest, scene.clock.now())
    tag, named = {
        Change.UNTAG: (Tag("old"), digest),
        Change.DELETE_MANIFEST: (None, digest),
        Change.DELETE_REPOSITORY: (None, None),
    }[change]
    async with scene.database.index.applying() as index:
        assert await index.is_at_rest(suspect)
    async with scene.database.changes.changing() as tables:
        await tables.begin(Intent("i", change, WEB, "ann@example.com", scene.clock.now(), tag, named))
    async with scene.database.index.applying() as index:
        assert not await index.is_at_rest(suspect)
    await scene.remove().conclude()
    if await scene.manifests():
        await scene.remove().repository(ANN, ACME, "web")
    async with scene.database.index.applying() as index:
        assert not await index.is_at_rest(suspect)


async def test_a_deleted_repository_stays_away(scene: Scene) -> None:
    """The catalogue names it for ever; a verification that finds nothing there does not bring it back."""
    digest = await scene.push(image(1), "v1")
    assert await _listed(scene) == [WEB]
    await scene.remove().repository(ANN, ACME, "web")
    async with scene.database.index.applying() as index:
        await index.confirmed(Suspect(WEB, Target.TAG, "v1", None, scene.clock.now()))
        await index.gone(Suspect(WEB, Target.MANIFEST, digest, digest, scene.clock.now()), scene.clock.now())
    assert await _listed(scene) == []


async def test_a_push_brings_a_deleted_repository_back(scene: Scene) -> None:
    """With what was pushed and nothing of what was there."""
    await scene.push(image(1), "v1")
    await scene.remove().repository(ANN, ACME, "web")
    await scene.push(image(2), "v2")
    assert await scene.tags() == {"v2": digest_of(image(2))}
    assert await scene.database.browsing.repository(WEB) is not None


async def test_a_deleted_repository_is_not_found(scene: Scene) -> None:
    """The second deletion finds nothing."""
    await scene.push(image(1), "v1")
    remove = scene.remove()
    await remove.repository(ANN, ACME, "web")
    with pytest.raises(NotFound):
        await remove.repository(ANN, ACME, "web")


async def _listed(scene: Scene) -> list[str]:
    page = await scene.database.browsing.repositories(ACME, lambda _: True, Slice("name", False, 10))
    return [item.name for item in page.items]


@pytest.mark.parametrize("change", Change)
async def test_a_kill_at_any_step_leaves_no_lie(scene: Scene, change: Change) -> None:
    """After the next start the index says what the registry shows, and no throw-away is left, wherever it was cut."""
    cut = 0
    for step in range(1, MANY):
        digest = await scene.push(image(1), "old", "new")
        loose = await scene.push(image(2))
        remove = scene.remove(Steps(step))
        try:
            await _change(remove, change, loose)
        except Killed:
            cut += 1
        await scene.remove().conclude()
        await scene.check_agreement()
        if change is Change.UNTAG:
            assert scene.registry.tags_of(WEB).get("new") == digest
    assert 4 <= cut < MANY - 1


@pytest.mark.parametrize("change", Change)
async def test_a_lost_answer_is_found_out(scene: Scene, change: Change) -> None:
    """Where nobody knows whether the registry did it, the caller is told so, and soon the index tells the truth."""
    unknown = 0
    for step in range(1, MANY):
        await scene.push(image(1), "old", "new")
        loose = await scene.push(image(2))
        remove = scene.remove(unanswered(step))
        try:
            await _change(remove, change, loose)
        except (Unavailable, RegistryUnavailable):
            unknown += 1
        remove.registry.steps.last = None  # type: ignore[attr-defined]  # it is the scripted one
        await remove.conclude()
        await scene.check_agreement()
    assert unknown >= 2


@pytest.mark.parametrize("change", Change)
async def test_a_change_is_told_of_once_with_who_asked(scene: Scene, change: Change) -> None:
    """Wherever it was cut off, and whoever concludes it: one audit row where it was made, none where it was not."""
    told = 0
    for step in range(1, MANY):
        await scene.push(image(1), "old", "new")
        loose = await scene.push(image(2))
        before = {*(await scene.tags()), *(await scene.manifests())}
        with contextlib.suppress(Killed):
            await _change(scene.remove(Steps(step)), change, loose)
        await scene.remove().conclude()
        made = before != {*(await scene.tags()), *(await scene.manifests())}
        entries = await scene.database.audit.read(AuditQuery(MANY))
        assert len(entries) == told + made
        told += made
    assert 4 <= told < MANY
    assert {entry.actor for entry in entries} == {ANN.actor}
    assert "" not in (ANN.actor.address, ANN.actor.request)


async def test_an_untag_that_a_push_overtook_is_told_of(scene: Scene) -> None:
    """Where its caller hears that it was made, the audit log says so, too, and what stands there since."""
    overtaken = 0
    for step in range(1, MANY):
        old = await scene.push(image(1), "old")
        remove = scene.remove(unanswered(step))
        remove = replace(remove, registry=Overtaking(scene.registry, image(3)))  # type: ignore[arg-type]  # it passes on what it lacks
        before = len(await scene.database.audit.read(AuditQuery(MANY)))
        with contextlib.suppress(SidecarError):
            await remove.untag(ANN, ACME, "web", Tag("old"))
            entry, *others = await scene.database.audit.read(AuditQuery(MANY))
            assert len(others) == before
            assert (entry.resource.id, entry.before) == ("acme/web:old", {"digest": old})
            overtaken += entry.after == {"digest": digest_of(image(3))}
        scene.registry.steps.last = None
        await scene.remove().conclude()
    assert overtaken >= 1


@dataclass
class Overtaking:
    """The registry, where somebody pushes `old` just before it is asked what it shows."""

    registry: ScriptedWriter
    content: bytes

    def __getattr__(self, name: str) -> object:
        return getattr(self.registry, name)

    async def check(self, repository: RepositoryName, reference: str, digest: Digest | None) -> Checked:
        self.registry.hold(WEB, self.content, "old")
        return await self.registry.check(repository, reference, digest)


async def _change(remove: Remove, change: Change, loose: Digest) -> None:
    if change is Change.UNTAG:
        await remove.untag(ANN, ACME, "web", Tag("old"))
    elif change is Change.DELETE_MANIFEST:
        await remove.manifest(ANN, ACME, "web", loose)
    else:
        await remove.repository(ANN, ACME, "web")


async def test_what_is_under_way_is_left_alone(scene: Scene) -> None:
    """Finding out what was cut off doesn't take a change for cut off that isn't."""
    await scene.push(image(1), "old")
    remove = scene.remove()
    async with remove._alone(WEB):
        digest = digest_of(image(1))
        intent = Intent("i", Change.UNTAG, WEB, "ann@example.com", scene.clock.now(), Tag("old"), digest)
        async with scene.database.changes.changing() as tables:
            await tables.begin(intent)
        await remove.conclude()
    assert await scene.database.changes.open() == [intent]
