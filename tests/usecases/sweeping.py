"""Sweeps of a registry that a test holds, over a real database, with a clock that is held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sidecar.adapters.database import Database, open_database
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import ManifestPushed, Origin
from sidecar.domain.manifests import OCI_MANIFEST
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.push_tokens import PushTokens
from sidecar.domain.targets import Target
from sidecar.domain.tenancy import Project
from sidecar.ports.sweeps import Drift, Sweep, SweepOrder, SweepReason, SweepStage
from sidecar.usecases.reconcile import Reconcile
from sidecar.usecases.verify import Verify
from tests.fakes import HeldClock
from tests.faulty_registry import FaultyRegistry, reading

SETTLE = timedelta(seconds=5)


@dataclass
class Noted:
    """ports.sweeps.SweepObserver that keeps what it was told."""

    drift: list[Drift] = field(default_factory=list)
    missing: int | None = None
    last: Sweep | None = None

    def found(self, drift: Drift) -> None:
        self.drift.append(drift)

    def stopped(self, sweep: Sweep, missing: int) -> None:
        self.missing = missing

    def settled(self, last: Sweep | None) -> None:
        self.missing, self.last = None, last


@dataclass
class World:
    registry: FaultyRegistry
    database: Database
    clock: HeldClock
    verify: Verify
    reconcile: Reconcile
    pushes: PushTokens
    noted: Noted

    async def sweep(self, reason: SweepReason = SweepReason.PERSON, **order: Any) -> Sweep:
        """One sweep to its end, with its confirmations and the verifications that follow."""
        asked = await self.database.sweeps.request(SweepOrder(reason, **order), self.clock.now())
        for _ in range(1000):
            if await self.reconcile.run_once() == 0:
                if await self.database.sweeps.current() is None:
                    break
                self.clock.advance(seconds=5)
        await self.settle()
        ended = await self.database.sweeps.get(asked.id)
        assert ended is not None
        assert ended.stage in (SweepStage.DONE, SweepStage.STOPPED)
        return ended

    async def sweeps_under_fault(self, count: int) -> None:
        """So many sweeps and verifications of everything, each as far as it comes in some minutes."""
        for _ in range(count):
            await self.suspect_everything()
            await self.database.sweeps.request(SweepOrder(SweepReason.PERSON), self.clock.now())
            for _ in range(10):
                await self.reconcile.run_once()
                await self.verify.run_once()
                self.clock.advance(seconds=20)

    async def suspect_everything(self) -> None:
        """As if an event had told of each tag and each manifest that the index knows."""
        for repository in await self.database.index.repositories():
            tags, manifests = await self.tags(repository), await self.manifests(repository)
            async with self.database.index.applying() as tables:
                for tag in tags:
                    await tables.suspect(repository, Target.TAG, tag, self.clock.now())
                for digest in manifests:
                    await tables.suspect(repository, Target.MANIFEST, digest, self.clock.now())

    async def verified(self) -> None:
        """What was denied is asked for again, and what a sweep is asked for is swept."""
        for _ in range(12):
            while await self.verify.run_once() or await self.reconcile.run_once():
                pass
            self.clock.advance(seconds=5)

    async def add_project(self, sid: str) -> None:
        async with self.database.store.writing() as tables:
            await tables.projects.add(Project(ProjectId(sid), sid, (), self.clock.now(), "admin@localhost"))

    def again(self) -> Reconcile:
        """As after a restart: nothing is remembered but what is kept."""
        return replace(self.reconcile, _work=None, _not_before=None)

    async def settle(self) -> None:
        """What is due for verification is verified, until nothing is."""
        for _ in range(6):
            while await self.verify.run_once():
                pass
            self.clock.advance(seconds=5)

    async def push(self, repository: str, tag: str, number: int) -> Digest:
        """Pushed to the registry, its event heard."""
        digest = digest_of(number)
        self.registry.push(repository, tag, digest)
        origin = Origin(f"e{repository}{tag}{number}", number, "ci@acme.example", "10.0.0.1", "crane", "r", "i1")
        async with self.database.index.applying() as tables:
            await tables.push(ManifestPushed(RepositoryName(repository), digest, Tag(tag), OCI_MANIFEST, 100, origin))
        return digest

    async def tags(self, repository: str = "acme/web") -> dict[Tag, Digest]:
        return dict(await self.database.index.tags(RepositoryName(repository)))

    async def manifests(self, repository: str = "acme/web") -> set[Digest]:
        return set(await self.database.index.manifests(RepositoryName(repository)))


def digest_of(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    clock, registry, pushes, noted = HeldClock(), FaultyRegistry(), PushTokens(), Noted()
    async with open_database(folder / "sidecar.db", clock) as database, reading(registry) as reader:
        verify = Verify(database.index, reader, clock, SETTLE, database.sweeps)
        reconcile = Reconcile(
            index=database.index,
            registry=reader,
            sweeps=database.sweeps,
            clock=clock,
            ask=verify.ask,
            pace=_at_once,
            owner_of=database.access.owner_of,
            pushes=pushes,
            observer=noted,
            settle=SETTLE,
            concurrency=8,
        )
        yield World(registry, database, clock, verify, reconcile, pushes, noted)


async def _at_once() -> None:
    """No pace."""
