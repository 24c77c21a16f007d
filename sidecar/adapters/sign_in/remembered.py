"""Answers that are remembered for a while under a keyed hash of what was shown, so that no secret stays here.

The key is the process's own and random: what leaks of its memory can't be tried against a list of passwords.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Generic, TypeVar

from sidecar.domain.newest import Newest
from sidecar.ports import Clock, Randomness

_T = TypeVar("_T")


class Remembered(Generic[_T]):
    """At most `most` good answers and as many bad ones; the oldest goes first (S30), and no bad one for a good one."""

    def __init__(self, clock: Clock, randomness: Randomness, most: int = 4096) -> None:
        self._clock = clock
        self._key = randomness.bytes(32)
        self._most = most
        self.forget()

    def key_of(self, *shown: str) -> bytes:
        """The same for the same texts in the same order, and for no others."""
        parts = [text.encode("utf-8", "surrogatepass") for text in shown]
        framed = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self._key, framed, hashlib.sha256)

    def get(self, key: bytes) -> _T | None:
        answer = self._good.get(key) or self._bad.get(key)
        if answer is None or self._clock.now() >= answer[1]:
            return None
        return answer[0]

    def put(self, key: bytes, answer: _T, until: datetime, *, good: bool) -> None:
        """In place of what was answered before."""
        self._good.take(key)
        self._bad.take(key)
        (self._good if good else self._bad).put(key, (answer, until))

    def forget(self) -> None:
        self._good = Newest[bytes, tuple[_T, datetime]](self._most)
        self._bad = Newest[bytes, tuple[_T, datetime]](self._most)
