"""What was asked for and not granted: a client that may not pull gets an empty token, and hears of no reason.

A project's administrators can read it here: who lacked what, on which repository.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sidecar.domain.policy import Decision
from sidecar.domain.scopes import EVERYTHING, RepositoryScope


@dataclass(frozen=True, slots=True)
class Denial:
    """`project` owns the repository, or is empty where none does; `principal` is empty for whoever was anonymous.

    `action` is that of a client (`pull`, `push`, `delete`) or the name of a method. `missing` says why not.
    """

    project: str
    principal: str
    repository: str
    action: str
    missing: str


@dataclass(frozen=True, slots=True)
class Denied:
    """A denial as it is remembered: how often, and when the first and the last time. `id` is unique."""

    id: int
    denial: Denial
    count: int
    first_at: datetime
    last_at: datetime


def denials_of(principal: str, decision: Decision) -> Iterator[Denial]:
    """One for each action on a repository that was asked for and not granted."""
    scope = decision.scope
    if not isinstance(scope, RepositoryScope):
        return
    for reason in decision.reasons:
        if not reason.allowed and reason.action != EVERYTHING:
            yield Denial(decision.owner or "", principal, scope.repository, reason.action, reason.because)
