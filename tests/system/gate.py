"""What stands between a registry and its sidecar where a network is bad: events are lost, doubled, late and garbled."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestServer

_PAUSE = 0.05
_ATTEMPTS = 1200


@dataclass
class Gate:
    """Takes every event at once, and passes it on as chance will have it, unless it is `honest`, or `closed`. While it is
    `holding`, it keeps them until they are released; while it is `stalling`, it answers nothing, so that they wait in
    the registry's own queue.

    5 in 100 are dropped, 30 doubled, 30 held back for up to `slowest` seconds, so that others overtake them, and 1
    garbled.
    """

    target: str
    chance: random.Random
    honest: bool = False
    closed: bool = False
    holding: bool = False
    stalling: bool = False
    slowest: float = 1.0
    taken: int = 0
    dropped: int = 0
    refused: int = 0
    _held: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _awaited: dict[bytes, asyncio.Event] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        content, headers = await request.read(), dict(request.headers)
        while self.stalling:  # noqa: ASYNC110 - many wait, each cut off with its own connection
            await asyncio.sleep(_PAUSE)
        self.taken += 1
        for text, heard in self._awaited.items():
            if text in content:
                heard.set()
        if self.holding:
            self._held.append((content, headers))
            return web.Response()
        if self.closed or self._happens(0.05):
            self.dropped += 1
            return web.Response()
        if self._happens(0.01):
            content = self._garbled(content)
        for _ in range(2 if self._happens(0.3) else 1):
            pause = self.slowest * self.chance.random() if self._happens(0.3) else 0.0
            self._send_later(pause, content, headers)
        return web.Response()

    def release(self) -> None:
        """Passes on what was held, in its order."""
        self.holding, held = False, self._held
        self._held = []
        for content, headers in held:
            self._send_later(0.0, content, headers)

    async def drained(self) -> None:
        """Until nothing is under way, and the registry has sent nothing for a moment."""
        taken = -1
        while self._under_way or taken != self.taken:
            taken = self.taken
            await asyncio.gather(*self._under_way)
            await asyncio.sleep(0.5)

    @asynccontextmanager
    async def drained_of(self, text: str) -> AsyncIterator[None]:
        """What happens in the block makes an event with this text; at the end all that was sent before it has passed.

        A registry's queue keeps its order.
        """
        heard = self._awaited[text.encode()] = asyncio.Event()
        yield
        async with asyncio.timeout(60):
            await heard.wait()
            del self._awaited[text.encode()]
            while self._under_way:
                await asyncio.gather(*self._under_way)

    def _happens(self, share: float) -> bool:
        return not self.honest and self.chance.random() < share

    def _garbled(self, content: bytes) -> bytes:
        """One byte is another, anywhere: in the JSON, in a name, in a digest, in a time."""
        position = self.chance.randrange(len(content))
        return content[:position] + bytes((self.chance.randrange(256),)) + content[position + 1 :]

    def _send_later(self, pause: float, content: bytes, headers: dict[str, str]) -> None:
        task = asyncio.create_task(self._send(pause, content, headers))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, pause: float, content: bytes, headers: dict[str, str]) -> None:
        """Again and again while there is no sidecar, as a registry would."""
        await asyncio.sleep(pause)
        kept = {name: headers[name] for name in ("Authorization", "Content-Type")}
        for _ in range(_ATTEMPTS):
            try:
                async with self._session.post(self.target, data=content, headers=kept) as answer:
                    self.refused += answer.status != 200
                    return
            except ClientError:
                await asyncio.sleep(_PAUSE)
        raise AssertionError("there is no sidecar behind the gate")

    @asynccontextmanager
    async def running(self, port: int) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/events", self.take)
        async with ClientSession() as self._session, TestServer(app, host="127.0.0.1", port=port):
            yield
            for task in self._under_way:
                task.cancel()
