"""Whether a password fits a bcrypt hash: asked on threads, bounded, each question once, answers remembered for a while.

A name that isn't there costs what one costs that is, so that time tells nothing of the names that exist (TS-31).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import bcrypt

from sidecar.adapters.sign_in.remembered import Remembered
from sidecar.adapters.sign_in.turns import Asker, Turns
from sidecar.domain.identity import Credentials
from sidecar.ports import Clock, Randomness

_RIGHT_KEPT: Final = timedelta(minutes=5)
_WRONG_KEPT: Final = timedelta(seconds=10)
_LONGEST: Final = 72
"""What bcrypt reads of a password, here as in the registry."""
_THREADS: Final = 2
_MOST_WAITING: Final = 64
_MOST_OF_ONE: Final = 4
Check = Callable[[bytes, bytes], bool]


def fits(password: bytes, hashed: bytes) -> bool:
    """Whether this is the password of this hash; a hash that can't be one has none."""
    try:
        return bcrypt.checkpw(password, hashed)
    except ValueError:
        return False


class Passwords:
    """Remembers right answers for five minutes, wrong ones for ten seconds, under keyed hashes."""

    def __init__(self, clock: Clock, randomness: Randomness, executor: ThreadPoolExecutor, check: Check = fits) -> None:
        self._clock = clock
        self._executor = executor
        self._check = check
        self._answers = Remembered[bool](clock, randomness)
        self._turns = Turns[bool](_THREADS, _MOST_WAITING, _MOST_OF_ONE)

    def forget(self) -> None:
        """The file has changed: what was right may be wrong now."""
        self._answers.forget()

    async def right(self, shown: Credentials, hashed: bytes | None, cost: int) -> bool:
        """Whether the password is right; with no hash it never is, and takes as long at this cost. Raises Busy."""
        against, password = hashed or _dummy(cost), shown.secret
        key = self._answers.key_of(shown.user, password, against.decode())
        known = self._answers.get(key)
        if known is not None:
            return known
        asker = Asker.of(shown)
        answer = await self._turns.ask(key, asker, lambda: self._asked(password, against)) and hashed is not None
        self._answers.put(key, answer, self._clock.now() + (_RIGHT_KEPT if answer else _WRONG_KEPT), good=answer)
        return answer

    async def _asked(self, password: str, hashed: bytes) -> bool:
        shown = password.encode("utf-8", "surrogatepass")[:_LONGEST]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._check, shown, hashed)


def _dummy(cost: int) -> bytes:
    """A hash of this cost, of no password that anybody knows."""
    return b"$2b$%02d$" % cost + b"." * 53


def pool() -> ThreadPoolExecutor:
    """The threads that passwords are checked on. The library lets go of the interpreter's lock meanwhile."""
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="bcrypt")
