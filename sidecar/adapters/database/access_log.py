"""The log of access changes: which generation touched what, so that a memory of them re-reads only that.

A transaction collects what it touches and writes it at its end under one new generation. The log is pruned: whoever is
too far behind reads everything anew.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sidecar.adapters.database.driver import Session

KEPT_GENERATIONS: Final = 10_000
_PRUNED_EVERY: Final = 100

_ADVANCE: Final = """
   UPDATE access_generation
      SET generation = generation + 1
RETURNING generation
"""

_RECORD: Final = """
INSERT INTO access_change (generation, kind, subject)
VALUES ($1, $2, $3)
"""

_PRUNE: Final = """
DELETE FROM access_change
 WHERE generation <= $1
"""

_STATE: Final = """
SELECT generation,
       (SELECT min(generation) FROM access_change)
  FROM access_generation
"""

_COUNT_SINCE: Final = """
SELECT count(*)
  FROM access_change
 WHERE generation > $1
"""


class Touched(StrEnum):
    """What a change of access can touch; the subject says which one."""

    PROJECT = "project"
    """By sid: what it owns, or whether it is there."""
    ROLES = "roles"
    """By project: its own roles."""
    BINDINGS = "bindings"
    """By principal: its bindings, in all projects."""
    SECRET = "secret"  # noqa: S105 - a kind, not a secret
    """By the hexadecimal SHA-256."""
    GROUPS = "groups"
    """By e-mail: the groups that a sign-in told."""


class AccessChanges:
    """What one transaction touches of access, written to the log at its end."""

    def __init__(self) -> None:
        self._touched: set[tuple[Touched, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._touched)

    def touch(self, kind: Touched, *subjects: str) -> None:
        self._touched.update((kind, subject) for subject in subjects)

    async def record(self, session: Session) -> None:
        """Bumps the generation and logs what was touched under it; nothing where nothing was."""
        if not self._touched:
            return
        generation = await _advance(session)
        await session.execute_many(_RECORD, [(generation, kind, subject) for kind, subject in sorted(self._touched)])
        if generation % _PRUNED_EVERY == 0:
            await session.execute(_PRUNE, generation - KEPT_GENERATIONS)


async def _advance(session: Session) -> int:
    row = await session.fetch_one(_ADVANCE)
    if row is None:
        raise LookupError("the table access_generation has lost its row")
    return int(row[0])


@dataclass(frozen=True, slots=True)
class LogState:
    """The newest generation, and the oldest one that the log still holds."""

    newest: int
    oldest: int | None

    def reaches_back_to(self, generation: int) -> bool:
        """Whether the log holds all that came after this generation."""
        return generation <= self.newest and self.oldest is not None and self.oldest <= generation + 1


async def log_state(session: Session) -> LogState:
    row = await session.fetch_one(_STATE)
    if row is None:
        raise LookupError("the table access_generation has lost its row")
    return LogState(*row)


async def touched_since(session: Session, generation: int) -> int:
    """How many entries came after this generation: what re-reading them would cost."""
    row = await session.fetch_one(_COUNT_SINCE, generation)
    return 0 if row is None else int(row[0])
