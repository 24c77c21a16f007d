"""HTTP to the servers that vouch for people, bounded in time and size (S6). Knows nothing of what is asked.

Only origins that the configuration names are asked; redirects are not followed, proxies of the environment not used,
and no body is ever part of an error. Without TLS only this machine is reached.
"""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5, sock_connect=3)
_CONNECTIONS: Final = 8
MOST_BYTES: Final = 256 * 1024


class OutboundError(Exception):
    """No usable answer. The message names the URL's host and what was wrong, and nothing that was sent or answered."""


class Outbound:
    """Requests to these origins alone."""

    def __init__(self, session: aiohttp.ClientSession, urls: Collection[str]) -> None:
        self._session = session
        self._origins = frozenset(origin_of(url) for url in urls)

    async def get(self, url: str) -> dict[str, Any]:
        """The JSON object at this URL."""
        return await self._ask("GET", url, None, {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that answers this form."""
        return await self._ask("POST", url, form, headers)

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        if origin_of(url) not in self._origins:
            raise OutboundError(f"{_host(url)}: is no configured origin")
        plain = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        try:
            async with self._session.request(
                method, yarl.URL(url, encoded=True), data=form, headers=plain, allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                if response.status != 200:
                    raise OutboundError(f"{_host(url)}: answered {response.status}")
                return _object(url, await _read(url, response))
        except TimeoutError:
            raise OutboundError(f"{_host(url)}: did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise OutboundError(f"{_host(url)}: {type(error).__name__}") from None


async def _read(url: str, response: aiohttp.ClientResponse) -> bytes:
    parts = bytearray()
    async for chunk in response.content.iter_any():
        parts += chunk
        if len(parts) > MOST_BYTES:
            raise OutboundError(f"{_host(url)}: answered more than {MOST_BYTES} bytes")
    return bytes(parts)


def _object(url: str, body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise OutboundError(f"{_host(url)}: answered no JSON object") from None
    return document


def origin_of(url: str) -> str:
    return str(yarl.URL(url).origin())


def _host(url: str) -> str:
    return yarl.URL(url).host or "?"


class _GuardedResolver(AbstractResolver):
    """Looks names up, and refuses addresses that no such server has, on each connection (S6).

    `localhost` must be this machine, because it is asked without TLS; and no name may lead to link-local addresses,
    where clouds keep their metadata.
    """

    def __init__(self) -> None:
        self._inner = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(_may_be_asked(host, result["host"]) for result in found):
            raise OSError(f"{host} leads to an address that is not asked")
        return found

    async def close(self) -> None:
        await self._inner.close()


def _may_be_asked(host: str, address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    if host == "localhost":
        return number.is_loopback
    return not (number.is_link_local or number.is_multicast or number.is_unspecified)


@asynccontextmanager
async def outbound(urls: Collection[str], ca_certificate: Path | None = None) -> AsyncIterator[Outbound]:
    """Requests to the origins of these URLs. `ca_certificate` is believed in place of the system's authorities.

    Raises OSError where that file can't be used.
    """
    trust = ssl.create_default_context(cafile=None if ca_certificate is None else str(ca_certificate))
    connector = aiohttp.TCPConnector(
        limit=_CONNECTIONS, resolver=_GuardedResolver(), ssl=trust, force_close=True, use_dns_cache=False
    )
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
    ) as session:
        yield Outbound(session, urls)
