"""Where a request comes from. X-Forwarded-For and X-Request-ID are believed from trusted proxies alone."""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from aiohttp import web

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Proxies:
    """The networks whose word is taken (`trusted_proxies`)."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self._trusts = lru_cache(maxsize=1024)(self._contains)

    def remote_of(self, request: web.Request) -> str:
        """The nearest address that isn't a trusted proxy's, read from the right: what stands left of it is hearsay.

        One with a zone (`fe80::1%…`) means something on the proxy's machine alone, and the zone could be any text.
        """
        address = request.remote or ""
        if not self._trusts(address):
            return address
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        for hop in reversed([hop.strip() for hop in forwarded.split(",")]):
            if not _is_address(hop) or "%" in hop:
                break
            address = hop
            if not self._trusts(hop):
                break
        return address

    def request_id_of(self, request: web.Request) -> str | None:
        """The X-Request-ID that a trusted proxy gave the request, if it is one that a log can carry."""
        if not self._trusts(request.remote or ""):
            return None
        given = request.headers.get("X-Request-ID", "")
        return given if _REQUEST_ID.fullmatch(given) else None

    def _contains(self, address: str) -> bool:
        return _is_address(address) and any(ipaddress.ip_address(address) in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
