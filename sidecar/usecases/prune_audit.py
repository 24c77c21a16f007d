"""The audit log forgets what is old, in portions, so that no transaction holds up the others for long."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.ports import Clock
from sidecar.ports.auditing import AuditLog

PORTION: Final = 1000
MOST_GATHERED: Final = 100_000
"""Entries that whoever can reach the sidecar may cause, such as refused sign-ins: the oldest go first."""


@dataclass(frozen=True, slots=True)
class PruneAudit:
    log: AuditLog
    clock: Clock
    kept_for: timedelta

    async def __call__(self) -> int:
        """How many entries it forgot: with a whole portion or more, there may be others."""
        return await self.log.prune(self.clock.now() - self.kept_for, MOST_GATHERED, PORTION)
