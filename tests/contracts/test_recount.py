"""Decision 7: sizes and numbers that are kept step by step are those that a count from scratch finds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.adapters.database import Database, open_database
from sidecar.adapters.database.index import recount
from sidecar.domain.actors import ITSELF
from sidecar.domain.audit import AuditEntry, Resource
from sidecar.domain.digests import Tag
from sidecar.domain.events import DigestDeleted, TagDeleted
from sidecar.domain.manifests import MAX_CLAIMED_BYTES, OCI_INDEX, OCI_MANIFEST
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.ownership import OwnedName
from sidecar.domain.targets import Target
from sidecar.domain.tenancy import Project
from sidecar.ports.auditing import AuditQuery
from sidecar.ports.index import Miscount, Suspect
from tests.contracts.test_index import digest, image, index_of, origin, push, read_in
from tests.fakes import HeldClock

IMAGES = (image(1, (7, 1000)), image(2, (7, 1000), (8, 30)), image(3, (9, 5)))
INDEXES = (index_of(IMAGES[0], IMAGES[1]), index_of(IMAGES[1], IMAGES[2]))
CONTENTS = (*IMAGES, *INDEXES, index_of(*INDEXES))
TYPES = {content: OCI_MANIFEST if content in IMAGES else OCI_INDEX for content in CONTENTS}
REPOSITORIES = tuple(RepositoryName(name) for name in ("acme/web", "acme/api", "nginx"))
TAGS = ("v1", "v2", f"sha256-{'0' * 64}")
OWNS: tuple[tuple[OwnedName, ...], ...] = ((), (OwnedName("nginx"),))

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("push", "push", "untagged", "read", "read", "delete", "untag", "gone", "moved", "own", "disown")
        ),
        st.sampled_from(REPOSITORIES),
        st.sampled_from(CONTENTS),
        st.sampled_from(TAGS),
        st.integers(1, 100),
    ),
    max_size=30,
)


class Steps:
    """What can happen to an index, by name."""

    def __init__(self, database: Database, clock: HeldClock) -> None:
        self.database = database
        self.clock = clock

    async def push(self, repository: RepositoryName, content: bytes, tag: str, time: int) -> None:
        await push(self.database, content, tag, time, repository=repository)

    async def untagged(self, repository: RepositoryName, content: bytes, _: str, time: int) -> None:
        await push(self.database, content, None, time, repository=repository)

    async def read(self, _: RepositoryName, content: bytes, __: str, ___: int) -> None:
        await read_in(self.database, content, TYPES[content])

    async def delete(self, repository: RepositoryName, content: bytes, _: str, time: int) -> None:
        async with self.database.index.applying() as tables:
            await tables.delete_digest(DigestDeleted(repository, digest(content), origin(time)))

    async def untag(self, repository: RepositoryName, _: bytes, tag: str, time: int) -> None:
        async with self.database.index.applying() as tables:
            await tables.delete_tag(TagDeleted(repository, Tag(tag), origin(time)))

    async def gone(self, repository: RepositoryName, content: bytes, _: str, __: int) -> None:
        key = digest(content)
        async with self.database.index.applying() as tables:
            await tables.gone(Suspect(repository, Target.MANIFEST, key, key, self.clock.now()), self.clock.now())

    async def moved(self, repository: RepositoryName, content: bytes, tag: str, _: int) -> None:
        believed = (await self.database.index.tags(repository)).get(Tag(tag))
        suspect = Suspect(repository, Target.TAG, tag, believed, self.clock.now())
        async with self.database.index.applying() as tables:
            await tables.moved(suspect, digest(content), TYPES[content], self.clock.now())

    async def own(self, _: RepositoryName, __: bytes, ___: str, time: int) -> None:
        project = Project(ProjectId("acme"), "Acme", OWNS[time % 2], self.clock.now(), "admin@localhost")
        async with self.database.store.writing() as tables:
            await (tables.projects.replace if await tables.projects.get(project.sid) else tables.projects.add)(project)
        await self.assign()

    async def disown(self, _: RepositoryName, __: bytes, ___: str, ____: int) -> None:
        async with self.database.store.writing() as tables:
            await tables.projects.remove(ProjectId("acme"))
        await self.assign()

    async def assign(self) -> None:
        async with self.database.index.applying() as tables:
            await tables.assign_projects()


@settings(max_examples=100, deadline=None)
@given(STEPS)
async def test_a_count_from_scratch_finds_no_difference(steps: list[tuple[str, Any, Any, Any, int]]) -> None:
    """Whatever happens in whatever order: shared layers, nested indexes, revivals, removals, projects that move."""
    clock = HeldClock()
    with TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "sidecar.db", clock) as database:
            does = Steps(database, clock)
            for name, *arguments in steps:
                step: Callable[..., Awaitable[None]] = getattr(does, name)
                await step(*arguments)
            assert await database.index.recount() == []


@pytest.fixture
async def counted(tmp_path: Path) -> Any:
    clock = HeldClock()
    async with open_database(tmp_path / "sidecar.db", clock) as database:
        does = Steps(database, clock)
        await does.own(REPOSITORIES[0], b"", "", 0)
        for content in (*IMAGES, INDEXES[0]):
            await does.push(REPOSITORIES[0], content, "v1", 1)
            await does.read(REPOSITORIES[0], content, "", 0)
        yield database


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE repository SET size = size + 1",
        "UPDATE repository SET tags = 7",
        "UPDATE manifest SET total = 1",
        "DELETE FROM repository_blob",
        "UPDATE repository_blob SET uses = uses + 1",
        "DELETE FROM project_blob",
        "UPDATE project_size SET size = 0",
        "INSERT INTO repository_blob VALUES (1, 'sha256:none', 5, 1)",
    ],
)
async def test_what_differs_is_told_and_mended(counted: Database, fault: str) -> None:
    """A fault of ours is found wherever it is, and once it is mended nothing is left to find."""
    async with counted.index.applying() as tables:
        await tables._session.execute(fault)
    assert await counted.index.recount() != []
    assert await counted.index.recount() == []


async def test_a_large_repository_is_counted_in_portions(counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every manifest of it, whichever portion it falls into; the progress says how many repositories are done."""
    monkeypatch.setattr(recount, "_PORTION", 2)
    async with counted.index.applying() as tables:
        await tables._session.execute("UPDATE manifest SET total = total + 1")
    progress: list[tuple[int, int]] = []
    found = await counted.index.recount(progress=lambda done, total: progress.append((done, total)))
    assert len(found) == len(IMAGES) + 1
    assert progress == [(0, 2), (1, 2), (2, 2)]
    assert await counted.index.recount() == []


async def test_what_is_mended_before_the_end_is_audited(counted: Database) -> None:
    """A recount that is broken off, as by the end of the process, has mended what it had come to."""
    async with counted.index.applying() as tables:
        await tables._session.execute("UPDATE repository SET size = size + 1")

    def audited(found: Sequence[Miscount]) -> AuditEntry:
        return AuditEntry(HeldClock().now(), ITSELF, "recount", Resource("index", ""), after={"mended": len(found)})

    def breaks_off(done: int, _: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await counted.index.recount(audited, breaks_off)
    assert [entry.after for entry in await counted.audit.read(AuditQuery(10))] == [{"mended": 1}]


async def test_others_write_while_it_counts(counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two portions whoever waits has a turn."""
    monkeypatch.setattr(recount, "_PORTION", 1)
    writes = 0

    async def write() -> None:
        nonlocal writes
        while True:
            async with counted.index.applying() as tables:
                await tables.assign_projects()
            writes += 1

    writer = asyncio.create_task(write())
    await counted.index.recount()
    writer.cancel()
    assert writes >= len(IMAGES)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_blob_of_which_two_sizes_are_claimed_goes_as_it_came(
    database: Database, clock: HeldClock, order: tuple[int, int]
) -> None:
    """Registries take whatever size a manifest claims of a layer; nobody makes a project smaller than it is by that."""
    does = Steps(database, clock)
    await does.own(REPOSITORIES[0], b"", "", 0)
    held = ((REPOSITORIES[0], image(1, (7, 1000))), (REPOSITORIES[1], image(2, (7, 900_000))))
    for repository, content in held:
        await push(database, content, "v1", 1, repository=repository)
        await read_in(database, content)
    for number in order:
        await does.delete(*held[number], "", 2)
    assert await database.index.recount() == []


async def test_a_size_that_nothing_claims_any_more_is_told_as_bytes(database: Database, clock: HeldClock) -> None:
    """The count tells what differs: not the uses, which are right, but what the manifest that is left says."""
    does, contents = Steps(database, clock), (image(1, (7, 1000)), image(2, (7, 900_000)))
    for content in contents:
        await push(database, content, "v1", 1)
        await read_in(database, content)
    await does.delete(REPOSITORIES[0], contents[0], "", 2)
    told = Miscount(f"bytes of sha256:{7:064x} in repository acme/web", 1000, 900_000)
    assert told in await database.index.recount()
    assert await database.index.recount() == []


async def test_no_claim_stops_a_count(database: Database, clock: HeldClock) -> None:
    """Sums of the largest sizes that are believed are numbers still: bytes of others move and are counted as ever."""
    does = Steps(database, clock)
    await does.own(REPOSITORIES[0], b"", "", 0)
    for number in range(20):
        content = image(number, (100 + number, MAX_CLAIMED_BYTES - 50))
        await push(database, content, f"v{number}", 1)
        await read_in(database, content)
    await does.disown(REPOSITORIES[0], b"", "", 0)
    assert await database.index.recount() == []
