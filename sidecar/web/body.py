"""Reading a request's body, within a size and a time (S30): aiohttp itself would wait for a dribbled one for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from aiohttp import web

from sidecar.web.server import Connection

_CHUNK: Final = 64 * 1024

_B = TypeVar("_B", bytes, bytearray)


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body. 413 above `limit` bytes, 408 when the connection's deadline for the whole request passes."""
    if not request.can_read_body:
        return b""
    if request.content_length is not None and request.content_length > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=request.content_length)
    if _has_arrived(request):
        return _bounded(request.content.read_nowait(), limit)
    async with _arriving(request):
        return await _read(request, limit)


async def read_head(request: web.Request, limit: int) -> tuple[bytes, bool]:
    """At most the first `limit` bytes, and whether that is all; 408 when the deadline passes.

    The rest is read and dropped, so that its sender gets to see the answer.
    """
    if _has_arrived(request):
        body = request.content.read_nowait()
        return body[:limit], len(body) <= limit
    head, whole = bytearray(), True
    async with _arriving(request):
        while chunk := await request.content.read(_CHUNK):
            room = limit - len(head)
            head += chunk[:room]
            whole = whole and len(chunk) <= room
    return bytes(head), whole


def _has_arrived(request: web.Request) -> bool:
    """Whether the whole body is here: it is for short ones, which come with their heads."""
    return request.content.is_eof() and request.content.exception() is None


@asynccontextmanager
async def _arriving(request: web.Request) -> AsyncIterator[None]:
    """What a sender does wrong while its body is read: too slow is 408, broken or broken off 400."""
    try:
        async with asyncio.timeout_at(_deadline(request)):
            yield
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ConnectionError, web.RequestPayloadError):
        raise web.HTTPBadRequest from None


async def _read(request: web.Request, limit: int) -> bytes:
    body = bytearray()
    while chunk := await request.content.read(_CHUNK):
        body += chunk
        _bounded(body, limit)
    return bytes(body)


def _bounded(body: _B, limit: int) -> _B:
    if len(body) > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    return body


def _deadline(request: web.Request) -> float | None:
    return request.protocol.deadline if isinstance(request.protocol, Connection) else None
