"""What has expired is forgotten, but not at once: for a while its owner can still see why it doesn't work any more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.ports import Clock, Store

KEPT_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ForgetExpired:
    store: Store
    clock: Clock

    async def __call__(self) -> None:
        """Removes keys and tokens of every kind that expired `KEPT_FOR` ago."""
        async with self.store.writing() as tables:
            await tables.secrets.remove_expired(self.clock.now() - KEPT_FOR)
