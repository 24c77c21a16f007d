"""Recent denials, as they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sidecar.domain.denials import Denial, Denied
from sidecar.domain.tally import Counted


@dataclass(frozen=True, slots=True)
class DenialQuery:
    """At most `limit` of them that fit all that is given. `beyond` is the time and id of the last one before.

    Without a project, those of all projects and of what no project owns.
    """

    limit: int
    project: str | None = None
    principal: str | None = None
    repository: str | None = None
    since: datetime | None = None
    beyond: tuple[datetime, int] | None = None


class Denials(Protocol):
    async def add(self, counted: Sequence[Counted[Denial]], most_of_project: int, most: int) -> None:
        """Adds them to those of the same principal, repository and action.

        Of each project's that were touched, and of all, the oldest beyond these numbers are forgotten.
        """
        ...

    async def read(self, query: DenialQuery) -> list[Denied]:
        """The latest first."""
        ...

    async def forget(self, before: datetime) -> None:
        """Those that did not happen since."""
        ...
