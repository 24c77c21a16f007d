"""What the front door and the surfaces tell each other of a request: where it comes from, and what came of it."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from sidecar.domain.actors import Asking


@dataclass(slots=True)
class Passage:
    """`address` is the client's, behind what proxies are trusted. The surfaces add the rest, for log and metrics alone.

    `route` is what was asked, where the path's pattern says too little: one of a fixed set. `principal` is the name of
    who was authenticated.
    """

    request_id: str
    address: str
    route: str | None = None
    principal: str | None = None


PASSAGE: Final = web.RequestKey("passage", Passage)
"""Set by the front door, once."""


def asking_of(request: web.Request, method: str) -> Asking:
    """The request as one that asks for this method."""
    passage = request[PASSAGE]
    return Asking(method, passage.address, passage.request_id)
