"""Pulls from memory into the index, each once."""

from typing import Any

import pytest

from sidecar.adapters.database import Database
from sidecar.adapters.database.index.store import IndexSession
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import Unavailable
from sidecar.domain.events import ManifestPulled, ManifestPushed, Origin
from sidecar.domain.manifests import OCI_MANIFEST
from sidecar.domain.names import RepositoryName
from sidecar.domain.pulls import PullLedger
from sidecar.usecases.flush_pulls import FlushPulls
from tests.notifications import DIGEST

WEB = RepositoryName("acme/web")


def origin(time: int, actor: str = "ann@acme.example") -> Origin:
    return Origin(f"e{time}", time, actor, "10.0.0.1", "docker", "r", "i1")


def pull(time: int, by_head: bool = False, tag: str | None = None) -> ManifestPulled:
    return ManifestPulled(WEB, Digest(DIGEST), None if tag is None else Tag(tag), by_head, origin(time))


@pytest.fixture
def pulls() -> PullLedger:
    return PullLedger()


@pytest.fixture
async def flush(database: Database, pulls: PullLedger) -> FlushPulls:
    async with database.index.applying() as tables:
        await tables.push(ManifestPushed(WEB, Digest(DIGEST), Tag("v1"), OCI_MANIFEST, 7, origin(1)))
    return FlushPulls(pulls, database.index)


async def counted(database: Database) -> tuple[Any, Any]:
    """Pulls of the tag and of the manifest."""
    async with database.index.applying() as tables:
        tag = await tables._session.fetch_one("SELECT pulls FROM tag")
        manifest = await tables._session.fetch_one("SELECT pulls FROM manifest")
    assert tag is not None
    assert manifest is not None
    return tag[0], manifest[0]


async def test_docker_counts_once_for_the_tag_and_once_for_the_manifest(
    flush: FlushPulls, pulls: PullLedger, database: Database
) -> None:
    """docker pull asks HEAD by tag and GET by digest (registry fact 3)."""
    pulls.add(pull(10, by_head=True, tag="v1"))
    pulls.add(pull(11))
    await flush()
    assert await counted(database) == (1, 1)


async def test_what_was_flushed_is_not_flushed_again(flush: FlushPulls, pulls: PullLedger, database: Database) -> None:
    """A second flush with nothing new adds nothing."""
    pulls.add(pull(10, tag="v1"))
    await flush()
    await flush()
    assert await counted(database) == (1, 1)


async def test_what_could_not_be_flushed_is_flushed_later(
    flush: FlushPulls, pulls: PullLedger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed flush loses nothing, not even what came in after it."""

    async def full_disk(*_: object) -> None:
        raise Unavailable("the database")

    pulls.add(pull(10, tag="v1"))
    with monkeypatch.context() as broken:
        broken.setattr(IndexSession, "count_pulls", full_disk)
        with pytest.raises(Unavailable):
            await flush()
    pulls.add(pull(12, tag="v1"))
    await flush()
    assert await counted(database) == (2, 2)
