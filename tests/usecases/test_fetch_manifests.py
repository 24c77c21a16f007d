"""Manifests are read by digest once, however the registry behaves meanwhile."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from sidecar.adapters.database import Database
from sidecar.adapters.database.index.manifests import ManifestTable
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.echoes import ALLOWED, Echoes
from sidecar.domain.errors import Unavailable
from sidecar.domain.events import ManifestPushed, Origin
from sidecar.domain.manifests import OCI_INDEX, OCI_MANIFEST
from sidecar.domain.names import RepositoryName
from sidecar.domain.targets import Target
from sidecar.ports.registry import Served
from sidecar.usecases.fetch_manifests import FetchManifests
from sidecar.usecases.verify import Verify
from tests.fakes import HeldClock, ScriptedReader, digest_of

WEB = RepositoryName("acme/web")
CONFIG = b'{"architecture":"arm64","os":"linux","created":"2026-01-02T03:04:05Z"}'


@pytest.fixture
def fetch(database: Database, registry: ScriptedReader, clock: HeldClock) -> FetchManifests:
    return FetchManifests(database.index, registry, clock)


def image(name: str = "one") -> bytes:
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest_of(CONFIG),
        "size": len(CONFIG),
    }
    return json.dumps({"schemaVersion": 2, "config": config, "layers": [], "annotations": {"name": name}}).encode()


async def told_of(database: Database, digest: Digest, tag: str | None = "v1", repository: str = WEB) -> None:
    """An event told of this manifest."""
    origin = Origin("e1", 10, "ci@acme.example", "10.0.0.1", "crane", "r", "i1")
    name = None if tag is None else Tag(tag)
    async with database.index.applying() as tables:
        await tables.push(ManifestPushed(RepositoryName(repository), digest, name, OCI_MANIFEST, 100, origin))


async def column(database: Database, sql: str) -> Any:
    async with database.index.applying() as tables:
        row = await tables._session.fetch_one(sql)
    return None if row is None else row[0]


async def test_a_manifest_is_read_once(fetch: FetchManifests, database: Database, registry: ScriptedReader) -> None:
    """What is known by its digest is never asked for again."""
    registry.blobs[digest_of(CONFIG)] = CONFIG
    await told_of(database, registry.hold(WEB, image()))
    assert [await fetch.run_once(), await fetch.run_once()] == [1, 0]
    assert await column(database, "SELECT platform FROM manifest_document") == "linux/arm64"


async def test_a_config_that_is_not_served_leaves_the_platform_open(
    fetch: FetchManifests, database: Database, registry: ScriptedReader
) -> None:
    """The manifest counts without it."""
    await told_of(database, registry.hold(WEB, image()))
    await fetch.run_once()
    assert await database.index.pending(10, HeldClock().now()) == []
    assert await column(database, "SELECT platform FROM manifest_document") is None


async def test_what_cannot_be_parsed_is_kept_as_bytes(
    fetch: FetchManifests, database: Database, registry: ScriptedReader
) -> None:
    """Never guessed: the reason stands beside the bytes."""
    content = b'{"schemaVersion":2,"config":{},"manifests":[]}'
    await told_of(database, registry.hold(WEB, content))
    await fetch.run_once()
    assert await column(database, "SELECT content FROM manifest_document") == content
    assert await column(database, "SELECT unparsed FROM manifest_document")


async def test_no_answer_is_tried_again_with_growing_pauses(
    fetch: FetchManifests, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """5 s, 10 s, 20 s: and then it is there."""
    await told_of(database, registry.hold(WEB, image()))
    registry.silent = True
    tried = []
    for _ in range(31):
        tried.append(await fetch.run_once())
        clock.advance(seconds=1)
    assert [second for second, count in enumerate(tried) if count] == [0, 5, 15]
    registry.silent = False
    clock.advance(seconds=20)
    assert await fetch.run_once() == 1
    assert await database.index.pending(10, clock.now()) == []


async def test_no_answer_says_nothing_about_the_manifest(
    fetch: FetchManifests, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """A registry that is down makes no suspects."""
    await told_of(database, registry.hold(WEB, image()))
    registry.silent = True
    await fetch.run_once()
    assert await database.index.due(10, clock.now() + timedelta(days=1)) == []


async def test_a_manifest_that_is_not_served_ends_as_gone(
    fetch: FetchManifests, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """Fetching goes on beside, and must not put the verification off for ever: two answers, and it is gone."""
    verify = Verify(database.index, registry, clock, timedelta(seconds=5), database.sweeps)
    await told_of(database, digest_of(image()))
    registry.known.add(WEB)
    for _ in range(16):
        await fetch.run_once()
        await verify.run_once()
        clock.advance(seconds=1)
    assert await database.index.manifests(WEB) == {}
    assert registry.asked.count(f"check {WEB} {digest_of(image())}") == 2


async def test_one_that_cannot_be_kept_does_not_hold_up_the_others(
    fetch: FetchManifests,
    database: Database,
    registry: ScriptedReader,
    clock: HeldClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The culprit is put off with its reason; the one beside it is known."""
    culprit, other = image("culprit"), image("other")
    for content in (culprit, other):
        await told_of(database, registry.hold(WEB, content), None)
    keep = ManifestTable.document

    async def break_on_culprit(table: ManifestTable, digest: Digest, *rest: Any) -> None:
        if digest == digest_of(culprit):
            raise ZeroDivisionError
        await keep(table, digest, *rest)

    monkeypatch.setattr(ManifestTable, "document", break_on_culprit)
    await fetch.run_once()
    clock.advance(seconds=5)
    assert [item.digest for item in await database.index.pending(10, clock.now())] == [digest_of(culprit)]
    assert await column(database, "SELECT fetch_failure FROM manifest WHERE attempts = 1") == (
        "could not be kept: ZeroDivisionError"
    )


async def test_one_that_cannot_be_read_does_not_hold_up_the_others(
    fetch: FetchManifests,
    database: Database,
    registry: ScriptedReader,
    clock: HeldClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever breaks at it: it is put off with its reason, and the one beside it is known."""
    culprit, other = registry.hold(WEB, image("culprit")), registry.hold(WEB, image("other"))
    for digest in (culprit, other):
        await told_of(database, digest, None)
    ask = registry.manifest

    async def break_on_culprit(repository: RepositoryName, digest: Digest) -> Served | None:
        if digest == culprit:
            raise ZeroDivisionError
        return await ask(repository, digest)

    monkeypatch.setattr(registry, "manifest", break_on_culprit)
    assert await fetch.run_once() == 2
    clock.advance(seconds=5)
    assert [item.digest for item in await database.index.pending(10, clock.now())] == [culprit]
    assert await column(database, "SELECT fetch_failure FROM manifest WHERE attempts = 1") == (
        "could not be read: ZeroDivisionError"
    )


async def test_nothing_is_asked_for_any_more_where_nothing_can_be_stored(
    database: Database, registry: ScriptedReader, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails is told of as it is, and the reads under way end with it."""
    for number in range(120):
        await told_of(database, registry.hold(WEB, image(str(number))), None)

    async def fail(*_: object) -> None:
        raise Unavailable("the database")

    monkeypatch.setattr(database.index, "apply", fail)
    with pytest.raises(Unavailable):
        await FetchManifests(database.index, registry, clock).run_once()
    await asyncio.sleep(0)
    asked = len(registry.asked)
    await asyncio.sleep(0.1)
    assert len(registry.asked) == asked
    assert len(asyncio.all_tasks()) == 1


async def test_one_that_is_slow_holds_up_few(
    database: Database, registry: ScriptedReader, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come is stored while others are still asked for."""
    contents = [image(str(number)) for number in range(60)]
    for content in contents:
        await told_of(database, registry.hold(WEB, content), None)
    slow = (await database.index.pending(1, clock.now()))[0].digest
    ask, kept = registry.manifest, 0

    async def wait_for_the_others(repository: RepositoryName, digest: Digest) -> Served | None:
        nonlocal kept
        while digest == slow and not kept:
            await asyncio.sleep(0.01)
            kept = await column(database, "SELECT count(*) FROM manifest_document")
        return await ask(repository, digest)

    monkeypatch.setattr(registry, "manifest", wait_for_the_others)
    async with asyncio.timeout(60):
        assert await FetchManifests(database.index, registry, clock).run_once() == len(contents)
    assert 0 < kept < len(contents)
    assert await column(database, "SELECT count(*) FROM manifest_document") == len(contents)


async def test_reading_waits_where_the_registrys_queue_is_behind(
    database: Database, registry: ScriptedReader, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only before a portion: each read makes an event, and pushes wait behind those (registry fact 3)."""
    echoes = Echoes()
    for number in range(120):
        await told_of(database, registry.hold(WEB, image(str(number))), None)
    ask = registry.manifest

    async def echo(repository: RepositoryName, digest: Digest) -> Served | None:
        echoes.asked(clock.now())
        return await ask(repository, digest)

    monkeypatch.setattr(registry, "manifest", echo)
    fetch = FetchManifests(database.index, registry, clock, echoes)
    tried = await fetch.run_once()
    assert ALLOWED <= tried < 120
    assert await fetch.run_once() == 0
    echoes.heard(tried, clock.now())
    assert await fetch.run_once() == 120 - tried


async def test_children_of_a_known_index_are_known_in_each_repository(
    fetch: FetchManifests, database: Database, registry: ScriptedReader
) -> None:
    """An index whose bytes are known already brings its children to the next repository, too."""
    child = image()
    listed = [{"mediaType": OCI_MANIFEST, "digest": digest_of(child), "size": len(child)}]
    index = json.dumps({"schemaVersion": 2, "manifests": listed}).encode()
    for name in ("acme/web", "acme/copy"):
        registry.hold(name, child)
        await told_of(database, registry.hold(name, index, media_type=OCI_INDEX), repository=name)
        while await fetch.run_once():
            pass
    known = await database.index.manifests(RepositoryName("acme/copy"))
    assert known.keys() == {digest_of(child), digest_of(index)}


async def test_a_suspect_is_a_manifest(
    fetch: FetchManifests, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """What the registry doesn't serve by digest is doubted as a manifest, after a pause."""
    await told_of(database, digest_of(image()))
    await fetch.run_once()
    clock.advance(seconds=5)
    assert [(due.target, due.key) for due in await database.index.due(10, clock.now())] == [
        (Target.MANIFEST, digest_of(image()))
    ]


async def test_a_child_that_another_repository_had_is_asked_about(
    fetch: FetchManifests, database: Database, registry: ScriptedReader, clock: HeldClock
) -> None:
    """What it says is known, so nobody reads it here; whether it is here is another question."""
    verify = Verify(database.index, registry, clock, timedelta(seconds=5), database.sweeps)
    child = {"mediaType": OCI_MANIFEST, "digest": digest_of(image()), "size": len(image())}
    parent = json.dumps({"schemaVersion": 2, "manifests": [child]}).encode()
    await told_of(database, registry.hold("acme/api", image()), repository="acme/api")
    await fetch.run_once()
    await told_of(database, registry.hold(WEB, parent, "v1", OCI_INDEX))
    for _ in range(16):
        await fetch.run_once()
        await verify.run_once()
        clock.advance(seconds=1)
    assert list(await database.index.manifests(WEB)) == [digest_of(parent)]
    assert list(await database.index.manifests(RepositoryName("acme/api"))) == [digest_of(image())]
    assert await database.index.recount() == []
