"""The keys of one OIDC provider: found by discovery, kept in memory, fetched anew from time to time (S34).

Unknown key ids cause one fetch in ten seconds, however many there are. Where a fetch fails, the old keys stay, for a
day at most: what the provider has withdrawn since is believed no longer than that.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from sidecar.adapters.sign_in.keys import VerifyingKey, choose, keys_of
from sidecar.adapters.sign_in.outbound import Outbound, OutboundError, origin_of
from sidecar.domain.errors import Unavailable
from sidecar.ports import Clock

LEAST_PAUSE: Final = timedelta(seconds=10)
"""Between two fetches, whatever asks for them."""
REFRESH: Final = timedelta(minutes=10)
KEPT: Final = timedelta(hours=24)
"""How old the keys may be that are believed while the provider doesn't answer."""


class ProviderError(Exception):
    """The provider's own documents can't be believed; the message says why."""


class Provider:
    """`jwks_url` is asked in place of what discovery names, where it is given."""

    def __init__(
        self, outbound: Outbound, clock: Clock, issuer: str, algorithms: Collection[str], jwks_url: str | None
    ) -> None:
        self.issuer = issuer
        self._outbound = outbound
        self._clock = clock
        self._algorithms = tuple(algorithms)
        self._jwks_url = jwks_url
        self._keys: tuple[VerifyingKey, ...] = ()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._trouble: str | None = "its keys were not fetched yet"
        self._fetching: asyncio.Task[None] | None = None

    def trouble(self) -> str | None:
        """What was wrong the last time, or None."""
        return self._trouble

    def age(self) -> float:
        """Seconds since the keys were fetched; infinite where they never were."""
        return float("inf") if self._fetched_at is None else (self._clock.now() - self._fetched_at).total_seconds()

    async def keys_for(self, kid: str | None, algorithm: str) -> tuple[VerifyingKey, ...]:
        """Those that may have signed a token with this header; none where the provider has no such key.

        Raises Unavailable where that can't be known: no keys are there, or the last fetch failed.
        """
        found = choose(self._believed(), kid, algorithm)
        if not found and self._due(LEAST_PAUSE):
            await self._fetch()
            found = choose(self._believed(), kid, algorithm)
        if not found and (self._trouble is not None or not self._believed()):
            raise Unavailable("the OIDC provider")
        return found

    async def refresh(self) -> None:
        """Fetches where that is due: every ten minutes, and soon after a failure. Never raises for the provider."""
        if self._due(LEAST_PAUSE if self._trouble else REFRESH):
            await self._fetch()

    async def fetch(self) -> int:
        """Fetches now; how many keys there are. Raises OutboundError or ProviderError and says why."""
        keys = keys_of(await self._outbound.get(self._jwks_url or await self._discover()), self._algorithms)
        if not keys:
            raise ProviderError(f"{self.issuer}: publishes no key for {', '.join(self._algorithms)}")
        self._keys, self._fetched_at = keys, self._clock.now()
        return len(keys)

    def _believed(self) -> tuple[VerifyingKey, ...]:
        return self._keys if self.age() < KEPT.total_seconds() else ()

    def _due(self, pause: timedelta) -> bool:
        """A clock that was set back doesn't stop fetching."""
        return self._tried_at is None or not timedelta(0) <= self._clock.now() - self._tried_at < pause

    async def _fetch(self) -> None:
        """One fetch at a time, in which all who need it take part; that one of them goes away doesn't end it."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._try())
        await asyncio.shield(self._fetching)

    async def _try(self) -> None:
        try:
            await self.fetch()
        except (OutboundError, ProviderError) as error:
            if self._trouble != str(error):
                structlog.get_logger().warning("keys of a provider not fetched", issuer=self.issuer, why=str(error))
            self._trouble = str(error)
        else:
            self._trouble = None
        finally:
            self._tried_at = self._clock.now()

    async def _discover(self) -> str:
        """The URL of the keys. It is the issuer's own document that names them, and on the issuer's own origin."""
        document: dict[str, Any] = await self._outbound.get(
            f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        )
        if document.get("issuer") != self.issuer:
            raise ProviderError(f"{self.issuer}: its discovery document names another issuer")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not _is_on(self.issuer, url):
            raise ProviderError(f"{self.issuer}: its jwks_uri is on another host; set jwks_url")
        return url


def _is_on(issuer: str, url: str) -> bool:
    try:
        return origin_of(url) == origin_of(issuer)
    except ValueError:
        return False
