"""A real registry, a gate for its events, and a sidecar in this process behind it, so that tests see into its index."""

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from sidecar.bootstrap import Application, Core, application, index, serving
from sidecar.cli import distribution
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.config import Config, read_yaml
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.ports.sweeps import Sweep, SweepOrder, SweepReason, SweepStage
from sidecar.usecases import fetch_manifests, verify
from tests.parts import Part
from tests.ports import free_port
from tests.system import truth
from tests.system.gate import Gate
from tests.system.stage import running_registry
from tests.system.traffic import Traffic

SOON_SETTLED: Final = {"settle_seconds": 0.3}


@dataclass
class Scene:
    """A registry, the gate, and the sidecar behind it."""

    installation: Installation
    part: Part
    config: Config
    core: Core
    gate: Gate
    traffic: Traffic
    shown: truth.Registry
    registry: AsyncExitStack
    sidecar: AsyncExitStack

    async def settled(self) -> None:
        """Until all that events asked for is applied, read and verified."""
        await self.gate.drained()
        await self.at_rest()

    async def at_rest(self) -> None:
        """Until that is so of all that the gate has passed on."""
        for _ in range(1200):
            if not await self.unsettled():
                return
            await asyncio.sleep(0.05)
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
            self.traffic.forget_uploads()
        await start_registry(self.registry, self.installation, self.part)

    async def restart_sidecar(self) -> None:
        """The same database, another process in all but name."""
        await self.sidecar.aclose()
        await self.start_sidecar()

    async def start_sidecar(self) -> None:
        running, address = await _start_sidecar(self.sidecar, self.config)
        self.core, self.gate.target = running.core, f"http://{address}/events"

    def _collect_garbage(self) -> None:
        configuration = self.installation.registry_yaml(_line(self.part))
        command = [str(self.part.program), "garbage-collect", str(configuration)]
        ran = subprocess.run(
            command, env=distribution.environment(), check=False, capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 0, ran.stderr[-2000:]

    async def sweep(self, project: ProjectId | None = None) -> Sweep:
        """One sweep, its confirmations, and what they leave to be verified or fetched."""
        return await self.end_of(await self.begin_sweep(project))

    async def begin_sweep(self, project: ProjectId | None = None, reason: SweepReason = SweepReason.PERSON) -> Sweep:
        return await self.core.sweeps.request(SweepOrder(reason, project, accepted=True), self.core.clock.now())

    async def end_of(self, sweep: Sweep) -> Sweep:
        """Until nothing is left to do: where verifications would remove much they leave it to another sweep.

        A person accepts what stops.
        """
        for _ in range(1800):
            await asyncio.sleep(0.05)
            if await self.core.sweeps.stopped() is not None:
                await self.begin_sweep()
            elif not await self.unsettled() and await self._is_swept(sweep) and not await self.unsettled():
                return sweep
        raise AssertionError(f"not settled: {await self.unsettled()}")

    async def _is_swept(self, sweep: Sweep) -> bool:
        found = await self.core.sweeps.get(sweep.id)
        return found is not None and found.stage is SweepStage.DONE and await self.core.sweeps.current() is None

    async def unsettled(self) -> list[object]:
        async with self.core.index.applying() as tables:
            session = tables._session  # type: ignore[attr-defined]  # no port tells what is left to do as a whole
            return [
                *map(tuple, await session.fetch("SELECT * FROM verification LIMIT 5")),
                *map(tuple, await session.fetch("SELECT * FROM manifest WHERE fetch_after IS NOT NULL LIMIT 5")),
                *map(tuple, await session.fetch("SELECT sequence FROM inbox LIMIT 5")),
            ]

    async def differences(self, beside: Iterable[str] = ()) -> list[str]:
        """Where the index isn't the registry's truth, in words: its own repositories, and those named `beside`."""
        names = {*await self.core.index.repositories(), *map(RepositoryName, beside)}
        return [text for name in sorted(names) for text in await self.differences_in(name)]

    async def differences_in(self, name: RepositoryName) -> list[str]:
        believed = await truth.of_index(self.core.index, name)
        true = await self.shown.contents(name, await truth.known(self.core.index, name))
        return [f"{name}: {words}" for words in believed.differences(true)]


def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for again is asked for soon, and what is due is noticed at once."""
    for seconds in ("_INDEX_SECONDS", "_VERIFY_SECONDS", "_SWEEP_SECONDS"):
        monkeypatch.setattr(index, seconds, 0.05)
    monkeypatch.setattr(fetch_manifests, "FIRST_PAUSE", fetch_manifests.FIRST_PAUSE / 20)
    monkeypatch.setattr(verify, "RETRY", verify.RETRY / 20)


@asynccontextmanager
async def staged(
    folder: Path,
    part: Part,
    seed: int,
    honest: bool = False,
    requests_per_second: int = 5000,
    slowest: float = 1.0,
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
    _allow_foreign_layers(installation.registry_yaml(_line(part)))
    config = Config.of(installation.sidecar_yaml, _document(installation, requests_per_second))
    async with AsyncExitStack() as stack:
        sidecar = await stack.enter_async_context(AsyncExitStack())
        running, address = await _start_sidecar(sidecar, config)
        gate = Gate(f"http://{address}/events", random.Random(seed), honest, slowest=slowest)
        await stack.enter_async_context(gate.running(gate_port))
        registry = await stack.enter_async_context(AsyncExitStack())
        await start_registry(registry, installation, part)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = (installation.registry_url, running.core.signer, session)
        traffic, told = Traffic(*client), truth.Registry(*client)
        yield Scene(installation, part, config, running.core, gate, traffic, told, registry, sidecar)


def _allow_foreign_layers(configuration: Path) -> None:
    """Registries refuse layers with URLs of their own unless they are told which."""
    with configuration.open("a") as file:
        file.write('validation: {manifests: {urls: {allow: ["^https://"]}}}\n')


async def _start_sidecar(stack: AsyncExitStack, config: Config) -> tuple[Application, str]:
    """It, and where it listens."""
    running = await stack.enter_async_context(application(config))
    addresses = await stack.enter_async_context(serving(running))
    return running, addresses["public"]


def _document(installation: Installation, requests_per_second: int = 5000) -> dict[str, Any]:
    document = read_yaml(installation.sidecar_yaml)
    reconcile = {"interval_seconds": 0, "requests_per_second": requests_per_second, "concurrency": 16}
    return document | {"events": document["events"] | SOON_SETTLED, "reconcile": reconcile}


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
