"""What becomes of a sign-in that is refused: it is remembered, within bounds, and whoever fails too often is to wait.

Names that were claimed are untrusted text, and may hold what was meant to be the secret.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sidecar.domain.actors import Actor, Asking
from sidecar.domain.audit import AuditEntry, Outcome, Resource, gathered
from sidecar.domain.errors import SignInFault, TooManyAttempts
from sidecar.domain.identity import Credentials, PrincipalKind
from sidecar.domain.secrets import without_secrets
from sidecar.domain.tally import Counted, Tally
from sidecar.domain.throttle import Throttle, network_of
from sidecar.ports import Clock
from sidecar.ports.auditing import AuditLog

ACTION: Final = "signIn"
OTHERS: Final = "…others"
"""In place of a name or an address, where there were too many to name each."""
MOST: Final = 10_000
MOST_OF_ADDRESS: Final = 1000
LONGEST_NAME: Final = 254
_READ: Final = 4096
"""Characters of a claimed name that are looked at."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`name` is who the client claims to be, if anybody."""

    name: str
    address: str
    fault: SignInFault


def _others(refusal: Refusal) -> Refusal:
    return Refusal(OTHERS, OTHERS, refusal.fault)


def _tally() -> Tally[Refusal]:
    return Tally(MOST, MOST_OF_ADDRESS, lambda refusal: network_of(refusal.address), _others)


@dataclass(frozen=True, slots=True)
class RefuseSignIn:
    """`told` hears what was wrong, and whether the client is to wait."""

    log: AuditLog
    throttle: Throttle
    clock: Clock
    told: Callable[[SignInFault, bool], None]
    _refusals: Tally[Refusal] = field(default_factory=_tally)

    def __call__(self, credentials: Credentials | None, asking: Asking, fault: SignInFault) -> None:
        """Raises TooManyAttempts in place of the refusal where it is one too many; the audit log tells of both."""
        now = self.clock.now()
        self._refusals.note(Refusal(claimed(credentials), asking.address, fault), now)
        wait = self.throttle.failed(credentials, asking.method, asking.address, now)
        self.told(fault, wait > 0)
        if wait:
            raise TooManyAttempts(wait)

    async def flush(self) -> None:
        """Writes what was noted since the last time. Where that fails, it is kept for the next."""
        refusals = self._refusals.take()
        if not refusals:
            return
        try:
            await self.log.record([_entry(refusal) for refusal in refusals])
        except BaseException:
            self._refusals.give_back(refusals)
            raise


def claimed(credentials: Credentials | None) -> str:
    """The name that stands beside the secret, fit to be shown."""
    if credentials is None:
        return ""
    printable = "".join(character for character in credentials.user[:_READ] if character.isprintable())
    return without_secrets(printable)[:LONGEST_NAME]


def _entry(refused: Counted[Refusal]) -> AuditEntry:
    refusal = refused.key
    entry = AuditEntry(
        at=refused.first,
        actor=Actor(refusal.name, PrincipalKind.ANONYMOUS, address=refusal.address),
        action=ACTION,
        resource=Resource("signIn", ""),
        outcome=Outcome.REFUSED,
        after={"reason": str(refusal.fault)},
        count=refused.count,
        last_at=refused.last,
    )
    return gathered(entry, refusal.name, refusal.address, refusal.fault)
