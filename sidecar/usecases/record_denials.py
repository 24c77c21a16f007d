"""What was denied for lack of a permission: noted in memory on the way, written every few seconds, within bounds.

The token path pays for a denial alone, and but a few look-ups. The same question that is answered again within moments,
from what is kept of it, counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sidecar.domain.actors import Actor
from sidecar.domain.audit import AuditEntry, Outcome, Resource, gathered
from sidecar.domain.denials import Denial, denials_of
from sidecar.domain.errors import Invalid, NotFound
from sidecar.domain.identity import Principal
from sidecar.domain.names import EVERY_PROJECT, ProjectId
from sidecar.domain.ownership import addressed
from sidecar.domain.policy import Caller, Decision
from sidecar.domain.tally import Counted, Tally
from sidecar.ports import AccessReader, Clock
from sidecar.ports.auditing import AuditLog
from sidecar.ports.denials import Denials

OTHERS: Final = "…others"
MOST: Final = 10_000
"""Different denials per window, in all; then those that are kept, of one project and in all."""
MOST_OF_ONE: Final = 200
"""Of one principal in one project: whoever is anonymous counts as one."""
MOST_OF_PROJECT: Final = 2000
MOST_KEPT: Final = 100_000
KEPT_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method that lacked permissions."""

    actor: Actor
    method: str
    project: str | None
    missing: str


def _denials() -> Tally[Denial]:
    return Tally(MOST, MOST_OF_ONE, lambda denial: (denial.project, denial.principal), lambda _: None)


def _calls() -> Tally[Call]:
    return Tally(MOST, MOST_OF_ONE, lambda call: call.actor.name, _others)


def _others(call: Call) -> Call:
    return Call(Actor(OTHERS, call.actor.kind), OTHERS, None, "")


@dataclass(frozen=True, slots=True)
class RecordDenials:
    """`decision` and `call` only remember; `flush` writes."""

    log: AuditLog
    kept: Denials
    access: AccessReader
    clock: Clock
    _seen: Tally[Denial] = field(default_factory=_denials)
    _calls: Tally[Call] = field(default_factory=_calls)

    def decision(self, principal: Principal, decision: Decision) -> None:
        """Part of what a client asked for wasn't granted."""
        now = self.clock.now()
        for denial in denials_of(principal.name, decision):
            self._seen.note(denial, now)

    def call(self, caller: Caller, project: str | None, repository: str | None, missing: Sequence[str]) -> None:
        """A call of the management API was forbidden; `repository` as the caller named it."""
        now, text = self.clock.now(), ", ".join(missing)[:255]
        place = project if project not in (None, EVERY_PROJECT) and caller.access.knows(project) else None
        asking = caller.asking
        actor = Actor(caller.principal.name, caller.principal.kind, caller.principal.credential, asking.address)
        self._calls.note(Call(actor, asking.method, place, text), now)
        if place is not None and repository is not None:
            name = self._full_name(ProjectId(place), repository)
            if name is not None:
                because = f"{text} on {name} is missing in project {place}"
                self._seen.note(Denial(place, caller.principal.name, name, asking.method, because), now)

    async def flush(self) -> None:
        """Writes what was noted since the last time. Where that fails, it is kept for the next."""
        calls, seen = self._calls.take(), self._seen.take()
        try:
            if calls:
                await self.log.record([_entry(call) for call in calls])
            calls = ()
            if seen:
                await self.kept.add(seen, MOST_OF_PROJECT, MOST_KEPT)
        except BaseException:
            self._calls.give_back(calls)
            self._seen.give_back(seen)
            raise

    async def forget(self) -> None:
        """What is no longer recent."""
        await self.kept.forget(self.clock.now() - KEPT_FOR)

    def _full_name(self, project: ProjectId, named: str) -> str | None:
        try:
            return addressed(project, named, self.access.owner_of)
        except (NotFound, Invalid):
            return None


def _entry(counted: Counted[Call]) -> AuditEntry:
    call = counted.key
    entry = AuditEntry(
        at=counted.first,
        actor=call.actor,
        action=call.method,
        resource=Resource("permission", call.missing, call.project),
        outcome=Outcome.DENIED,
        count=counted.count,
        last_at=counted.last,
    )
    return gathered(entry, call.actor.name, call.actor.credential, call.actor.address, call.project, call.missing)
