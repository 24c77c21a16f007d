"""HTTP to the one configured registry, bounded in time and size. Knows nothing of what is asked.

Credentials go to that origin alone (S27): a redirect is an answer like any other and never followed, and a URL that the
registry hands out is refused where it leads elsewhere.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
import yarl

from sidecar.domain.errors import OutcomeUnknown, RegistryUnavailable

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, sock_connect=5)
_CONNECTIONS: Final = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What the registry answered, whole. `headers` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_the_registrys(self) -> bool:
        """Whether the registry itself answered, and not a proxy in between, whose 404 says nothing."""
        return self.headers.get("Docker-Distribution-Api-Version") == "registry/2.0"


class AnswerTooLarge(RegistryUnavailable):
    """To a question: more bytes than the asker takes."""


class _TooLarge(aiohttp.ClientPayloadError):
    """While it is read, whatever was asked."""


class RegistryTransport:
    """Requests to one origin, which `url` names; `url` may end in a path that stands before every /v2/."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._base = yarl.URL(url.rstrip("/") + "/")

    def url(self, path: str) -> yarl.URL:
        """The URL of a path below the base, such as `v2/_catalog`. `path` must be escaped already."""
        return self._base.join(yarl.URL(path, encoded=True))

    def follow(self, reference: str) -> yarl.URL:
        """The URL that a Link or Location of the registry means; RegistryUnavailable where it leaves the origin."""
        try:
            url = self._base.join(yarl.URL(reference, encoded=True))
        except ValueError:
            raise RegistryUnavailable from None
        if url.origin() != self._base.origin():
            raise RegistryUnavailable
        return url

    async def send(
        self, method: str, url: yarl.URL, *, headers: Mapping[str, str], limit: int, body: bytes | None = None
    ) -> Answer:
        """The answer, whatever its status. RegistryUnavailable for none in time, AnswerTooLarge above `limit` bytes.

        Both are OutcomeUnknown where the request may have changed something.
        """
        if url.origin() != self._base.origin():
            raise RegistryUnavailable
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                return Answer(response.status, response.headers, await _read(response, limit))
        except aiohttp.ClientConnectorError:
            raise RegistryUnavailable from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unanswered(method, error) from None


def _unanswered(method: str, error: Exception) -> RegistryUnavailable:
    """A connection that fails before the request is sent changes nothing, nor does reading."""
    if method not in ("GET", "HEAD"):
        return OutcomeUnknown()
    return AnswerTooLarge() if isinstance(error, _TooLarge) else RegistryUnavailable()


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts = bytearray()
    async for chunk in response.content.iter_any():
        parts += chunk
        if len(parts) > limit:
            raise _TooLarge
    return bytes(parts)


@asynccontextmanager
async def registry_transport(url: str) -> AsyncIterator[RegistryTransport]:
    """A transport to the registry at `url`, with connections of its own."""
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield RegistryTransport(session, url)
