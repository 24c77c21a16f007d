"""Raw sockets against a running sidecar: what slow, broken and greedy clients get."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from sidecar.web.body import read_body
from sidecar.web.server import c_parser_is_loaded, listening
from tests.logged import Logged, logging_to_memory
from tests.running import Sidecar, running

PATIENCE = 0.3
"""Seconds for a whole request, in these tests."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One connection, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def dribble(self, data: bytes, seconds: float = 0.05) -> float:
        """A byte at a time until all is sent or the other side hangs up; how long it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for byte in data:
            if self.reader.at_eof():
                break
            try:
                await self.send(bytes((byte,)))
            except ConnectionError:
                break
            await asyncio.sleep(seconds)
        return loop.time() - began

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    async def closed_within(self, seconds: float) -> bool:
        """Whether the other side hangs up in that time; what it still sends is dropped."""
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True


Connect = Callable[[], Awaitable[Wire]]


@pytest.fixture
def warnings() -> Iterator[Logged]:
    """What is logged as a warning or worse."""
    with logging_to_memory("warning") as logged:
        yield logged


@pytest.fixture
async def sidecar(tmp_path: Path, warnings: Logged) -> AsyncIterator[Sidecar]:
    async with running(tmp_path, limits={"request_seconds": PATIENCE}) as started:
        yield started


@pytest.fixture
async def connect(sidecar: Sidecar) -> AsyncIterator[Connect]:
    writers = []

    async def connected() -> Wire:
        host, _, port = sidecar.addresses["public"].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writers.append(writer)
        return Wire(reader, writer)

    yield connected
    for writer in writers:
        writer.close()


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_connection_that_sends_nothing_is_closed(connect: Connect) -> None:
    """Within the time for a whole request; a rest is only granted between requests."""
    assert await (await connect()).closed_within(PATIENCE * 3)


async def test_a_dribbled_head_is_cut(connect: Connect) -> None:
    """A byte now and then doesn't buy more time (slowloris)."""
    wire = await connect()
    assert await wire.dribble(HEALTH * 10) < PATIENCE * 3


async def test_a_dribbled_head_is_cut_on_a_connection_that_was_used_before(connect: Connect) -> None:
    """The time counts anew from the first byte of each request."""
    wire = await connect()
    await wire.send(HEALTH)
    assert (await wire.answer())[0] == 200
    assert await wire.dribble(HEALTH * 10) < PATIENCE * 3


async def test_a_connection_may_rest_between_requests(connect: Connect) -> None:
    """Reverse proxies keep theirs open for longer than a request may take."""
    wire = await connect()
    for _ in range(2):
        await wire.send(HEALTH)
        assert (await wire.answer())[0] == 200
        await asyncio.sleep(PATIENCE * 2)


async def test_pipelined_requests_are_answered_in_order(connect: Connect) -> None:
    """All of them, though they came in one piece."""
    wire = await connect()
    await wire.send(HEALTH + b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + HEALTH)
    assert [(await wire.answer())[0] for _ in range(3)] == [200, 404, 200]


async def test_a_pipelined_body_has_its_own_time(connect: Connect) -> None:
    """It counts from when the request before it was answered."""
    wire = await connect()
    await wire.send(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
    await asyncio.sleep(PATIENCE * 0.8)
    await wire.send(b"aPOST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
    assert (await wire.answer())[0] == 400
    await asyncio.sleep(PATIENCE * 0.6)
    await wire.send(b"a")
    assert (await wire.answer())[0] == 400


@pytest.mark.parametrize("framing", [b"Content-Length: 500", b"Transfer-Encoding: chunked"])
async def test_a_dribbled_body_is_answered_408_and_cut(connect: Connect, framing: bytes) -> None:
    """With a length announced, or in chunks."""
    wire = await connect()
    await wire.send(b"POST /token HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n")
    sending = asyncio.create_task(wire.dribble(b"1\r\na\r\n" * 100))
    status, body = await wire.answer()
    assert (status, json.loads(body)["errors"][0]["code"]) == (408, "REQUEST_TIMEOUT")
    assert await wire.closed_within(3)
    await sending


CHUNKS = [b"zz\r\n", b"-1\r\n", b"5\r\nab\r\n0\r\n\r\n", b"1\r\nab\r\n", b"5;\0\r\n", b"f" * 40 + b"\r\n"]
CHUNKED = b"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunks", CHUNKS)
async def test_broken_chunks_are_400(connect: Connect, chunks: bytes) -> None:
    """Where they come with the head."""
    wire = await connect()
    await wire.send(CHUNKED + chunks)
    assert (await wire.answer())[0] == 400


@pytest.mark.parametrize("chunks", CHUNKS)
async def test_broken_chunks_are_not_waited_for(connect: Connect, chunks: bytes) -> None:
    """Where they come after the head, aiohttp tells nobody: the request's time ends, and it is 408."""
    wire = await connect()
    await wire.send(CHUNKED)
    await asyncio.sleep(PATIENCE / 4)
    await wire.send(chunks)
    assert (await wire.answer())[0] == 408
    assert await wire.closed_within(3)


async def test_a_client_that_leaves_in_mid_body_is_no_fault_of_ours(connect: Connect, warnings: Logged) -> None:
    """Neither an error in the log nor a trace."""
    wire = await connect()
    await wire.send(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\ngrant")
    await asyncio.sleep(PATIENCE / 4)
    wire.writer.close()
    await asyncio.sleep(PATIENCE / 4)
    assert warnings.text == ""


async def test_a_body_that_nobody_asked_for_is_not_waited_for(connect: Connect) -> None:
    """A GET that announces a body and never sends it is answered, and its connection closed."""
    wire = await connect()
    await wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
    assert (await wire.answer())[0] == 200
    assert await wire.closed_within(3)


@pytest.mark.parametrize(
    "head",
    [b"\r\n\r\nrubbish\r\n\r\n", b"BREW /token HTTP/1.1\r\n\r\n", b"GET /token HTTP/9.9\r\n\r\n", b"GET\r\n\r\n",
     b"GET /token HTTP/1.1\r\nno colon\r\n\r\n", b"GET /token HTTP/1.1\r\nContent-Length: x\r\n\r\n",
     b"GET /token HTTP/1.1\r\nHost: \0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
     b"GET /token HTTP/1.1\r\nExpect: \x80\r\nHost: x\r\n\r\n",
     b"POST /token HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
)  # fmt: skip
async def test_what_is_not_http_is_400_in_json(connect: Connect, head: bytes) -> None:
    """In our own shape, on a connection that then closes; aiohttp's own answer might be HTML, or 500."""
    wire = await connect()
    await wire.send(head)
    status, body = await wire.answer()
    assert (status, json.loads(body)["error"]["code"]) == (400, "bad_request")
    assert await wire.closed_within(3)


async def test_what_is_not_http_learns_nothing_of_the_server(connect: Connect) -> None:
    """Neither aiohttp's version nor Python's, though the answer never comes to the application."""
    wire = await connect()
    await wire.send(b"rubbish\r\n\r\n")
    head = (await wire.reader.readuntil(b"\r\n\r\n")).lower()
    assert b"\r\nserver: registry-sidecar\r\n" in head
    assert b"\r\nx-content-type-options: nosniff\r\n" in head


@pytest.mark.parametrize("length", [30_000, 32_000])
async def test_long_lines_and_fields_are_taken(connect: Connect, length: int) -> None:
    """TS-22: up to 32 KiB of each."""
    wire = await connect()
    await wire.send(
        b"GET /healthz?" + b"a" * length + b" HTTP/1.1\r\nHost: x\r\nX-Long: " + b"b" * length + b"\r\n\r\n"
    )
    assert (await wire.answer())[0] == 200


@pytest.mark.parametrize(
    "head", [b"GET /healthz?%s HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nX-Long: %s\r\n\r\n"]
)
async def test_longer_lines_and_fields_are_refused(connect: Connect, head: bytes) -> None:
    """They are 400, and hold no more memory than that."""
    wire = await connect()
    await wire.send(head % (b"a" * 33_000))
    assert (await wire.answer())[0] == 400


async def test_a_compressed_body_is_not_unpacked(connect: Connect) -> None:
    """A few bytes of it could stand for gigabytes; no client of ours sends one."""
    wire = await connect()
    form = b"\x1f\x8b\x08\x00"
    await wire.send(
        b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(form), form)
    )
    assert (await wire.answer())[0] == 400


def test_the_c_parser_is_loaded_here() -> None:
    """S35: these tests say nothing of aiohttp's other parser."""
    assert c_parser_is_loaded()


@pytest.fixture
async def slow() -> tuple[web.Application, asyncio.Event, asyncio.Event]:
    """An application whose one answer waits for an event, and says when it began to."""
    began, may_end = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        await read_body(request, 100)
        began.set()
        await may_end.wait()
        return web.Response(text="done")

    app = web.Application()
    app.add_routes([web.get("/", handle)])
    return app, began, may_end


async def test_a_request_under_way_is_finished_at_the_end(
    slow: tuple[web.Application, asyncio.Event, asyncio.Event],
) -> None:
    """While nobody new is let in."""
    app, began, may_end = slow
    async with listening(app, "127.0.0.1:0", request_seconds=5, shutdown_seconds=5) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await began.wait()
        asyncio.get_running_loop().call_later(0.2, may_end.set)
    assert (await reader.read()).endswith(b"done")
    writer.close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection(host, port)


async def test_a_request_that_takes_too_long_is_given_up_at_the_end(
    slow: tuple[web.Application, asyncio.Event, asyncio.Event],
) -> None:
    """One that hangs doesn't keep the process from ending."""
    app, began, _ = slow
    loop = asyncio.get_running_loop()
    async with listening(app, "127.0.0.1:0", request_seconds=5, shutdown_seconds=0.2) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await began.wait()
        ended_at = loop.time()
    assert loop.time() - ended_at < 2
    assert await reader.read() == b""
    writer.close()
