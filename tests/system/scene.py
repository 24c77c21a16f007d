"""A real registry, a gate for its events, and a sidecar in this process behind it, so that tests see into its index."""

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from sidecar.bootstrap import Application, Core, application, serving
from sidecar.cli import distribution
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.config import Config, read_yaml
from sidecar.domain.names import RepositoryName
from sidecar.ports.sweeps import Sweep, SweepOrder, SweepReason, SweepStage
from sidecar.usecases import fetch_manifests, verify
from tests.parts import Part
from tests.ports import free_port
from tests.system import truth
from tests.system.gate import Gate
from tests.system.stage import running_registry
from tests.system.traffic import Traffic

_SETTLE: Final = {"settle_seconds": 0.3}


@dataclass
class Scene:
    """A registry, the gate, and the sidecar behind it."""

    installation: Installation
    part: Part
    core: Core
    gate: Gate
    traffic: Traffic
    registry: AsyncExitStack

    async def settled(self) -> None:
        """Until all that events asked for is applied, read and verified."""
        await self.gate.drained()
        for _ in range(300):
            if not await self.unsettled():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not settled: {await self.unsettled()}")

    async def contents(self) -> dict[str, truth.Contents]:
        """All that the index holds, by repository; those without a tag are left out."""
        held = {str(name): await truth.of_index(self.core.index, name) for name in await self.core.index.repositories()}
        return {name: contents for name, contents in held.items() if contents.tags}

    async def restart_registry(self, collect_garbage: bool = False) -> None:
        """What waits in its queue is lost."""
        await self.registry.aclose()
        if collect_garbage:
            await asyncio.to_thread(self._collect_garbage)
        await start_registry(self.registry, self.installation, self.part)

    def _collect_garbage(self) -> None:
        configuration = self.installation.registry_yaml(_line(self.part))
        command = [str(self.part.program), "garbage-collect", str(configuration)]
        subprocess.run(command, env=distribution.environment(), check=True, capture_output=True, timeout=60)

    async def sweep(self) -> Sweep:
        """One sweep, its confirmations, and what they leave to be verified or fetched."""
        return await self.end_of(await self.begin_sweep())

    async def begin_sweep(self) -> Sweep:
        order = SweepOrder(SweepReason.PERSON, accepted=True)
        return await self.core.sweeps.request(order, self.core.clock.now())

    async def end_of(self, sweep: Sweep) -> Sweep:
        for _ in range(600):
            await asyncio.sleep(0.1)
            found = await self.core.sweeps.get(sweep.id)
            if found is not None and found.stage is SweepStage.DONE and not await self.unsettled():
                return found
        raise AssertionError(f"not settled: {await self.unsettled()}")

    async def unsettled(self) -> list[object]:
        async with self.core.index.applying() as tables:
            session = tables._session  # type: ignore[attr-defined]  # no port tells what is left to do as a whole
            return [
                *map(tuple, await session.fetch("SELECT * FROM verification LIMIT 5")),
                *map(tuple, await session.fetch("SELECT * FROM manifest WHERE fetch_after IS NOT NULL LIMIT 5")),
                *map(tuple, await session.fetch("SELECT sequence FROM inbox LIMIT 5")),
            ]

    async def differences(self) -> list[str]:
        """Where the index isn't the registry's truth, in words."""
        names = {*await self.core.index.repositories(), *map(RepositoryName, self.traffic.pushed)}
        return [text for name in sorted(names) for text in await self._differences(name)]

    async def _differences(self, name: RepositoryName) -> list[str]:
        kept = await truth.of_index(self.core.index, name)
        told = await truth.of_registry(self.core.registry, name, kept.manifests)
        checks = {
            "tags": (kept.tags, told.tags),
            "manifests": (kept.manifests, told.manifests),
            "bytes reached": (kept.reached, told.reached),
            "bytes": (kept.size, told.size),
        }
        return [f"{name}: {what}: {kept} is not {told}" for what, (kept, told) in checks.items() if kept != told]


def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for again is asked for soon."""
    monkeypatch.setattr(fetch_manifests, "FIRST_PAUSE", fetch_manifests.FIRST_PAUSE / 20)
    monkeypatch.setattr(verify, "RETRY", verify.RETRY / 20)


@asynccontextmanager
async def staged(
    folder: Path, part: Part, seed: int, honest: bool = False, requests_per_second: int = 5000
) -> AsyncIterator[Scene]:
    """No sweep begins by itself; those that are asked for go as fast as this."""
    registry_port, gate_port = free_port(), free_port()
    installation = Installation(
        folder=folder / "installation",
        registry_url=f"http://127.0.0.1:{registry_port}",
        registry_host=f"127.0.0.1:{registry_port}",
        public_url="http://127.0.0.1:9",
        listen="127.0.0.1:0",
        events_url=f"http://127.0.0.1:{gate_port}/events",
    )
    initialise(installation)
    config = Config.of(installation.sidecar_yaml, _document(installation, requests_per_second))
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        running: Application = await stack.enter_async_context(application(config))
        addresses = await stack.enter_async_context(serving(running))
        gate = Gate(f"http://{addresses['public']}/events", chance, honest)
        await stack.enter_async_context(gate.running(gate_port))
        registry = await stack.enter_async_context(AsyncExitStack())
        await start_registry(registry, installation, part)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        traffic = Traffic(installation.registry_url, running.core.signer, chance, session, _line(part) == "3")
        yield Scene(installation, part, running.core, gate, traffic, registry)


def _document(installation: Installation, requests_per_second: int = 5000) -> dict[str, Any]:
    document = read_yaml(installation.sidecar_yaml)
    reconcile = {"interval_seconds": 0, "requests_per_second": requests_per_second, "concurrency": 16}
    return document | {"events": document["events"] | _SETTLE, "reconcile": reconcile}


def _line(part: Part) -> distribution.Line:
    program = distribution.identify(part.program)
    assert program is not None
    return program.line


async def start_registry(stack: AsyncExitStack, installation: Installation, part: Part) -> None:
    """On a thread: the registry sends to this very loop while it starts and ends."""
    context = running_registry(installation, part)
    await asyncio.to_thread(context.__enter__)
    stack.push_async_callback(asyncio.to_thread, context.__exit__, None, None, None)


@asynccontextmanager
async def adopting(scene: Scene) -> AsyncIterator[Scene]:
    """The same registry with a second sidecar, whose database is empty and who hears no event."""
    document = _document(scene.installation) | {"database": {"path": "adopting.db"}}
    async with application(Config.of(scene.installation.sidecar_yaml, document)) as running:
        yield replace(scene, core=running.core)
