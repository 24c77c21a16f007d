"""ports.Inbox and ports.Index: what every database of ours promises of the index."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.adapters.database import Database, open_database
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import DigestDeleted, ManifestPushed, Origin, TagDeleted
from sidecar.domain.manifests import OCI_INDEX, OCI_MANIFEST, parse_manifest
from sidecar.domain.names import RepositoryName
from sidecar.domain.pulls import Pulls
from sidecar.domain.targets import Target
from sidecar.ports.inbox import InboxEvent, Quarantined
from sidecar.ports.index import Suspect
from tests import samples
from tests.fakes import HeldClock

WEB = RepositoryName("acme/web")
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(content: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")


def origin(time: int, event: str | None = None) -> Origin:
    return Origin(event or f"e{time}", time, "ci@acme.example", "10.0.0.1", "crane", "r", "i1")


def pushed(of: Digest, tag: str | None = "v1", time: int = 10, repository: RepositoryName = WEB) -> ManifestPushed:
    return ManifestPushed(repository, of, None if tag is None else Tag(tag), OCI_MANIFEST, 100, origin(time))


def image(config: int, *layers: tuple[int, int]) -> bytes:
    """An image whose config is 50 bytes and whose layers are given as (number, bytes)."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "config": {"mediaType": CONFIG_TYPE, "digest": f"sha256:{config:064x}", "size": 50},
            "layers": [
                {"mediaType": LAYER_TYPE, "digest": f"sha256:{number:064x}", "size": size} for number, size in layers
            ],
        }
    ).encode()


def index_of(*children: bytes) -> bytes:
    listed = [{"mediaType": OCI_MANIFEST, "digest": digest(child), "size": len(child)} for child in children]
    return json.dumps({"schemaVersion": 2, "manifests": listed}).encode()


async def push(database: Database, content: bytes, tag: str | None = "v1", time: int = 10, **more: Any) -> None:
    async with database.index.applying() as tables:
        await tables.push(pushed(digest(content), tag, time, **more))


async def read_in(database: Database, content: bytes, media_type: str = OCI_MANIFEST) -> None:
    async with database.index.applying() as tables:
        await tables.document(digest(content), content, media_type, parse_manifest(content, media_type), None)


def inbox_event(event: str, clock: HeldClock) -> InboxEvent:
    return InboxEvent(event, WEB, "i1", clock.now(), b"{}")


async def test_an_event_seen_twice_is_stored_once(database: Database, clock: HeldClock) -> None:
    """Registry fact 2: a slow answer brings the same event again, and it is free."""
    await database.inbox.put([inbox_event("e1", clock)])
    await database.inbox.put([inbox_event("e1", clock), inbox_event("e2", clock)])
    assert [event.event for event in await database.inbox.claim(10)] == ["e1", "e2"]


async def test_concurrent_deliveries_are_all_durable(database: Database, clock: HeldClock) -> None:
    """Deliveries that share a commit are all there when each returns."""
    await asyncio.gather(*(database.inbox.put([inbox_event(f"e{number}", clock)]) for number in range(200)))
    assert (await database.inbox.state()).depth == 200


async def test_a_claimed_event_stays_until_it_is_applied(database: Database, clock: HeldClock) -> None:
    """The claim commits with what it changed, or not at all."""
    await database.inbox.put([inbox_event("e1", clock)])
    (claimed,) = await database.inbox.claim(10)
    with pytest.raises(ZeroDivisionError):
        await _break_off_after_done(database, claimed)
    assert len(await database.inbox.claim(10)) == 1


async def _break_off_after_done(database: Database, claimed: InboxEvent) -> None:
    async with database.index.applying() as tables:
        await tables.done([claimed.sequence])
        raise ZeroDivisionError


async def test_quarantine_keeps_what_could_not_be_read(database: Database, clock: HeldClock) -> None:
    """Nothing unreadable is lost, and a person can drop it."""
    await database.inbox.quarantine([Quarantined("not JSON", "text/plain", "10.0.0.9", clock.now(), b"\xff")], 10_000)
    (item,) = await database.inbox.quarantined(10)
    assert (item.reason, item.content) == ("not JSON", b"\xff")
    assert await database.inbox.drop(item.id, samples.audit_entry())
    assert not await database.inbox.drop(item.id, samples.audit_entry())


async def test_the_last_event_of_each_instance_is_known(database: Database, clock: HeldClock) -> None:
    """A new instance means that the queue of the old one is gone (registry fact 2)."""
    await database.inbox.put([inbox_event("e1", clock)])
    assert (await database.inbox.state()).last_event == {"i1": clock.now()}


async def test_a_first_push_creates_repository_manifest_and_tag(database: Database) -> None:
    """One event is enough for all three."""
    await push(database, image(1))
    assert await database.index.repositories() == [WEB]
    assert await database.index.tags(WEB) == {"v1": digest(image(1))}
    assert await database.index.manifests(WEB) == {digest(image(1)): OCI_MANIFEST}


TAGS = st.sampled_from(["v1", "v2"])
CONTENTS = st.sampled_from([image(1), image(2), image(3)])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), TAGS, CONTENTS), min_size=1, max_size=8).flatmap(
        lambda steps: st.tuples(st.just(steps), st.permutations(range(len(steps))))
    )
)
async def test_the_order_of_tag_events_does_not_matter(steps: tuple[list[tuple[bool, str, bytes]], list[int]]) -> None:
    """Decision 1: the newest (time, id) wins, whatever the order of arrival, and history holds each fact once."""
    events, order = steps
    results = [await _tags_after(events, range(len(events))), await _tags_after(events, order)]
    assert results[0] == results[1]


async def _tags_after(events: list[tuple[bool, str, bytes]], order: Any) -> dict[Tag, Digest]:
    async with _fresh() as database:
        await push(database, image(9), "other", 1)
        async with database.index.applying() as tables:
            for number in order:
                is_push, tag, content = events[number]
                event = pushed(digest(content), tag, 10 + number)
                await tables.push(event) if is_push else await tables.delete_tag(
                    TagDeleted(WEB, Tag(tag), event.origin)
                )
        return dict(await database.index.tags(WEB))


@asynccontextmanager
async def _fresh() -> AsyncIterator[Database]:
    with TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "sidecar.db", HeldClock()) as database:
            yield database


async def test_a_deleted_digest_takes_its_tags_along(database: Database) -> None:
    """The registry drops every tag of a manifest with it (registry fact 4)."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.delete_digest(DigestDeleted(WEB, digest(image(1)), origin(20)))
    assert await database.index.tags(WEB) == {}
    assert await database.index.manifests(WEB) == {}


async def test_a_push_after_the_delete_stands(database: Database) -> None:
    """A late delete doesn't take what was pushed after it."""
    await push(database, image(1), time=30)
    async with database.index.applying() as tables:
        await tables.delete_digest(DigestDeleted(WEB, digest(image(1)), origin(20)))
    assert await database.index.tags(WEB) == {"v1": digest(image(1))}


async def test_a_manifest_waits_to_be_fetched_once(database: Database, clock: HeldClock) -> None:
    """Bytes that are known are never asked for again, in whatever repository."""
    await push(database, image(1))
    assert [item.digest for item in await database.index.pending(10, clock.now())] == [digest(image(1))]
    await read_in(database, image(1))
    await push(database, image(1), repository=RepositoryName("acme/api"))
    assert await database.index.pending(10, clock.now()) == []


async def test_a_failed_fetch_comes_back_later(database: Database, clock: HeldClock) -> None:
    """A manifest that can't be had now is asked for again after a pause."""
    await push(database, image(1))
    (pending,) = await database.index.pending(10, clock.now())
    async with database.index.applying() as tables:
        await tables.fetch_failed(pending, clock.now() + timedelta(seconds=5), "no answer")
    assert await database.index.pending(10, clock.now()) == []
    clock.advance(seconds=5)
    assert [item.attempts for item in await database.index.pending(10, clock.now())] == [1]


async def test_children_are_learnt_from_their_index(database: Database, clock: HeldClock) -> None:
    """A child whose event was lost is known by its index (registry fact 10), and waits to be read."""
    children = (image(1), image(2))
    await push(database, index_of(*children))
    await read_in(database, index_of(*children), OCI_INDEX)
    assert (await database.index.manifests(WEB)).keys() == {digest(item) for item in (*children, index_of(*children))}
    assert len(await database.index.pending(10, clock.now())) == 2


async def test_pulls_are_added_up(database: Database) -> None:
    """Merged pulls of several flushes count together; the newest says when and by whom."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.count_pulls([Pulls(WEB, Target.TAG, "v1", 2, 50, "b"), Pulls(WEB, Target.TAG, "v1", 3, 40, "a")])
        assert await _pulls(tables) == (5, 50, "b")


async def _pulls(tables: Any) -> Any:
    return await tables._session.fetch_one("SELECT pulls, pulled_at, pulled_by FROM tag WHERE name = 'v1'")


def suspect(database_clock: HeldClock, of: Digest | None, target: Target = Target.TAG, key: str = "v1") -> Suspect:
    return Suspect(WEB, target, key, of, database_clock.now())


async def test_what_was_touched_is_due_when_it_has_settled(database: Database, clock: HeldClock) -> None:
    """A suspect comes up at its time, with what the index believes of it."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.suspect(WEB, Target.TAG, "v1", clock.now() + timedelta(seconds=5))
    assert await database.index.due(10, clock.now()) == []
    clock.advance(seconds=5)
    assert await database.index.due(10, clock.now()) == [suspect(clock, digest(image(1)))]


async def test_a_confirmed_key_is_not_asked_about_again(database: Database, clock: HeldClock) -> None:
    """Confirmed is done; but a wish that came in meanwhile stays."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.suspect(WEB, Target.TAG, "v1", clock.now())
    (due,) = await database.index.due(10, clock.now())
    async with database.index.applying() as tables:
        await tables.suspect(WEB, Target.TAG, "v1", clock.now() + timedelta(seconds=1))
        await tables.confirmed(due)
    clock.advance(seconds=1)
    (again,) = await database.index.due(10, clock.now())
    async with database.index.applying() as tables:
        await tables.confirmed(again)
    assert await database.index.due(10, clock.now()) == []


async def test_the_index_follows_the_registry(database: Database, clock: HeldClock) -> None:
    """A tag that the registry shows elsewhere moves, and its manifest becomes known."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.moved(suspect(clock, digest(image(1))), digest(image(2)), OCI_MANIFEST, clock.now())
    assert await database.index.tags(WEB) == {"v1": digest(image(2))}
    assert digest(image(2)) in await database.index.manifests(WEB)


async def test_an_answer_that_an_event_overtook_changes_nothing(database: Database, clock: HeldClock) -> None:
    """The tag moved by an event while the registry was asked: the old question's answer is void."""
    await push(database, image(1))
    await push(database, image(2), time=20)
    async with database.index.applying() as tables:
        await tables.gone(suspect(clock, digest(image(1))), clock.now())
    assert await database.index.tags(WEB) == {"v1": digest(image(2))}


async def test_a_tag_that_is_gone_leaves_its_manifest(database: Database, clock: HeldClock) -> None:
    """A tag is a pointer: without it the manifest stays."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.gone(suspect(clock, digest(image(1))), clock.now())
    assert await database.index.tags(WEB) == {}
    assert digest(image(1)) in await database.index.manifests(WEB)


async def test_a_manifest_that_is_gone_takes_its_tags(database: Database, clock: HeldClock) -> None:
    """What the registry no longer serves by digest can't be had by tag either."""
    await push(database, image(1))
    missing = suspect(clock, digest(image(1)), Target.MANIFEST, digest(image(1)))
    async with database.index.applying() as tables:
        await tables.gone(missing, clock.now())
    assert await database.index.tags(WEB) == {}
    assert await database.index.manifests(WEB) == {}


async def sizes(database: Database) -> tuple[int, int, int, int]:
    """Bytes, manifests and tags of acme/web, and bytes of the project."""
    async with database.index.applying() as tables:
        row = await tables._session.fetch_one("SELECT size, manifests, tags FROM repository WHERE name = 'acme/web'")
        project = await tables._session.fetch_one("SELECT size FROM project_size WHERE project = 'acme'")
    assert row is not None
    return (*row, 0 if project is None else project[0])


async def test_a_shared_layer_counts_once(database: Database) -> None:
    """Decision 7: the size of a set of manifests is that of the distinct blobs it reaches, documents included."""
    first, second = image(1, (7, 1000)), image(2, (7, 1000), (8, 30))
    for tag, content in (("v1", first), ("v2", second)):
        await push(database, content, tag)
        await read_in(database, content)
    assert await sizes(database) == (len(first) + len(second) + 50 + 50 + 1000 + 30, 2, 2, 0)


async def test_what_leaves_takes_only_its_own_bytes(database: Database) -> None:
    """Bytes that another manifest still holds stay."""
    first, second = image(1, (7, 1000)), image(2, (7, 1000), (8, 30))
    for tag, content in (("v1", first), ("v2", second)):
        await push(database, content, tag)
        await read_in(database, content)
    async with database.index.applying() as tables:
        await tables.delete_digest(DigestDeleted(WEB, digest(second), origin(20)))
    assert await sizes(database) == (len(first) + 50 + 1000, 1, 1, 0)


async def test_an_index_reaches_its_children(database: Database) -> None:
    """The total of an index is that of all it reaches, whichever was read first."""
    children = (image(1, (7, 1000)), image(2, (7, 1000)))
    parent = index_of(*children)
    await push(database, parent)
    await read_in(database, parent, OCI_INDEX)
    for child in children:
        await read_in(database, child)
    async with database.index.applying() as tables:
        row = await tables._session.fetch_one("SELECT total FROM manifest WHERE digest = $1", digest(parent))
    assert row == (len(parent) + sum(len(child) for child in children) + 50 + 50 + 1000,)


async def test_children_are_known_wherever_their_index_is(database: Database) -> None:
    """A second repository whose events for the children were lost knows them by the index, bytes included."""
    api, child = RepositoryName("acme/api"), image(1, (7, 1000))
    parent = index_of(child)
    for content, media_type in ((parent, OCI_INDEX), (child, OCI_MANIFEST)):
        await push(database, content)
        await read_in(database, content, media_type)
    await push(database, parent, repository=api)
    assert (await database.index.manifests(api)).keys() == {digest(parent), digest(child)}


async def test_a_child_thought_gone_is_asked_about(database: Database, clock: HeldClock) -> None:
    """An index can't be pushed without its children: one that was deleted before may have come back unheard."""
    child = image(1)
    parent = index_of(child)
    await push(database, child, None)
    async with database.index.applying() as tables:
        await tables.delete_digest(DigestDeleted(WEB, digest(child), origin(20)))
    await push(database, parent, time=30)
    await read_in(database, parent, OCI_INDEX)
    assert [item.key for item in await database.index.due(10, clock.now())] == [digest(child)]


async def test_a_tag_that_comes_back_has_its_author(database: Database, clock: HeldClock) -> None:
    """A delete that never was true takes nobody's name away: the history knows who pushed."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.delete_tag(TagDeleted(WEB, Tag("v1"), origin(20)))
        await tables.moved(suspect(clock, None), digest(image(1)), OCI_MANIFEST, clock.now())
        row = await tables._session.fetch_one("SELECT moved_at, pushed_by FROM tag WHERE name = 'v1'")
    assert row == (10, "ci@acme.example")


async def test_what_a_sweep_found_first_has_its_author(database: Database, clock: HeldClock) -> None:
    """A sweep may meet a manifest before the event of its push comes: whoever pushed it is known from then on."""
    content = image(1)
    async with database.index.applying() as tables:
        await tables.moved(suspect(clock, None), digest(content), OCI_MANIFEST, clock.now())
    await push(database, content, time=20)
    async with database.index.applying() as tables:
        row = await tables._session.fetch_one("SELECT pushed_by FROM manifest WHERE digest = $1", digest(content))
    assert row == ("ci@acme.example",)


async def test_a_manifest_that_a_tag_left_unheard_is_asked_about(database: Database, clock: HeldClock) -> None:
    """Where a tag went without an event, its manifest may have gone with it."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.gone(suspect(clock, digest(image(1))), clock.now())
    assert [item.key for item in await database.index.due(10, clock.now())] == [digest(image(1))]


async def test_a_doubt_disturbs_no_verification(database: Database, clock: HeldClock) -> None:
    """What failed to be fetched again and again must not put off for ever the answer that it is gone."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.doubt(WEB, Target.TAG, "v1", clock.now())
    (due,) = await database.index.due(10, clock.now())
    async with database.index.applying() as tables:
        await tables.missing(due, clock.now(), clock.now() + timedelta(seconds=5))
        await tables.doubt(WEB, Target.TAG, "v1", clock.now() + timedelta(minutes=1))
    clock.advance(seconds=5)
    assert [item.missing_since is None for item in await database.index.due(10, clock.now())] == [False]


async def test_an_old_answer_settles_no_new_doubt(database: Database, clock: HeldClock) -> None:
    """While the registry is asked for a manifest of which only its delete was heard, an index that lists it is read: that
    it isn't there is what was believed then, and not what is believed now.
    """
    child = image(1)
    parent = index_of(child)
    await push(database, child, None, repository=RepositoryName("acme/api"))
    await read_in(database, child)
    await push(database, parent)
    async with database.index.applying() as tables:
        await tables.delete_digest(DigestDeleted(WEB, digest(child), origin(20)))
        await tables.suspect(WEB, Target.MANIFEST, digest(child), clock.now())
    (asked,) = await database.index.due(10, clock.now())
    await read_in(database, parent, OCI_INDEX)
    async with database.index.applying() as tables:
        await tables.confirmed(asked)
    assert [(item.key, item.digest) for item in await database.index.due(10, clock.now())] == [
        (digest(child), digest(child))
    ]


async def test_an_event_seen_again_brings_nothing_back(database: Database, clock: HeldClock) -> None:
    """What the registry said is gone stays gone when the old event arrives a second time (registry fact 2)."""
    await push(database, image(1))
    async with database.index.applying() as tables:
        await tables.gone(suspect(clock, digest(image(1)), Target.MANIFEST, digest(image(1))), clock.now())
    await push(database, image(1))
    assert (await database.index.tags(WEB), await database.index.manifests(WEB)) == ({}, {})


async def test_a_large_repository_is_read_by_the_page(database: Database, clock: HeldClock) -> None:
    """Page by page the same tags, and the same manifests that no tag vouches for, as in one go; in their order."""
    for number in range(5):
        await push(database, image(number), f"v{number}", number + 1)
        await push(database, image(10 + number), None, number + 1)
    since = clock.now()
    tags: list[Tag] = []
    while page := await database.index.tags(WEB, tags[-1] if tags else "", 2):
        tags += page
    doubtful: list[Digest] = []
    while more := await database.index.doubtful(WEB, since, doubtful[-1] if doubtful else "", 2):
        doubtful += more
    assert tags == sorted(await database.index.tags(WEB))
    assert doubtful == sorted(digest(image(10 + number)) for number in range(5))
