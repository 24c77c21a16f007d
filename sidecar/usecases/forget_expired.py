"""What has expired is forgotten, but not at once: for a while its owner can still see why it doesn't work any more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.domain.outsiders import GROUPS_KEPT
from sidecar.ports import Clock, Store

KEPT_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ForgetExpired:
    store: Store
    clock: Clock

    async def __call__(self) -> None:
        """Removes keys and tokens of every kind that expired `KEPT_FOR` ago, and groups that no longer count."""
        now = self.clock.now()
        async with self.store.writing() as tables:
            await tables.secrets.remove_expired(now - KEPT_FOR)
            await tables.groups.remove_told_before(now - GROUPS_KEPT)
