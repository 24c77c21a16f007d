"""Counts failed sign-ins, by who they claim to be from where, and by where they come from: when is it enough?

Only failures are counted, and only failures are told to wait: whoever has the right secret is let in whatever others
from the same address did, or did in the same name. So nobody locks anybody out.
"""

import hashlib
import ipaddress
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sidecar.domain.identity import Credentials
from sidecar.domain.newest import Newest

MOST: Final = 10_000
"""How many names and addresses are remembered of each kind; those that failed longest ago go first."""

_NAME: Final = 254
"""Characters of a name that count; longer ones are nobody's, and would fill the memory."""

POST: Final = "POST /token"
GET: Final = "GET /token"


@dataclass(frozen=True, slots=True)
class Limits:
    """Failures within `window` until others are told to wait; 0 is no limit."""

    of_one: int
    of_address: int
    window: timedelta


class _Failures:
    """Failures by key, each in a window that begins with its first."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self._limit = limit
        self._window = window
        self._known = Newest[Hashable, tuple[datetime, int]](MOST)

    def add(self, key: Hashable, number: int, now: datetime) -> float:
        """Seconds until it may be tried again; 0 where the limit isn't passed."""
        if not self._limit:
            return 0.0
        end, count = self._known.get(key) or (now, 0)
        if end <= now:
            end, count = now + self._window, 0
        self._known.put(key, (end, count + number))
        return (end - now).total_seconds() if count + number > self._limit else 0.0


class Throttle:
    """`salt` keeps what was wrongly tried from being found out by who reads memory: it may be right elsewhere.

    Who claims no name, as with a bearer or a refresh token, counts for the address alone: many share one.
    """

    def __init__(self, limits: Limits, salt: bytes) -> None:
        self._of_one = _Failures(limits.of_one, limits.window)
        self._of_address = _Failures(limits.of_address, limits.window)
        self._salt = salt
        self._posted = Newest[tuple[str, str], bytes](MOST)

    def failed(self, credentials: Credentials | None, method: str, address: str, now: datetime) -> int:
        """Counts a failure; whole seconds that its client is to wait, 0 where it need not."""
        place = network_of(address)
        pair = (credentials.user[:_NAME] if credentials else "", place)
        number = 0 if self._is_second(pair, credentials, method) else 1
        wait = self._of_address.add(place, number, now)
        if pair[0]:
            wait = max(wait, self._of_one.add(pair, number, now))
        return ceil(wait)

    def _is_second(self, pair: tuple[str, str], credentials: Credentials | None, method: str) -> bool:
        """containerd and BuildKit send each wrong secret twice, with POST and with GET, for one attempt (TS-39)."""
        if credentials is None:
            return False
        tried = self._posted.take(pair)
        shown = hashlib.blake2b(credentials.secret.encode("utf-8", "surrogatepass"), key=self._salt).digest()
        if method == GET:
            return tried == shown
        if method == POST:
            self._posted.put(pair, shown)
        return False


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one owner of IPv6 addresses has at least."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)).network_address)
