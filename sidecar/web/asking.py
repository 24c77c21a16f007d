"""Where a request comes from and what its id is, as use cases are told. The front door sets both, once."""

from typing import Final

from aiohttp import web

from sidecar.domain.actors import Asking

REQUEST_ID: Final = web.RequestKey("request_id", str)
REMOTE: Final = web.RequestKey("remote", str)
"""The address of the client, behind what proxies are trusted."""


def asking_of(request: web.Request, method: str) -> Asking:
    """The request as one that asks for this method."""
    return Asking(method, request[REMOTE], request[REQUEST_ID])
