"""When each credential was last used: noted in memory on every request, written every few seconds, never on the way."""

from dataclasses import dataclass, field
from datetime import datetime

from sidecar.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class RecordUse:
    store: Store
    clock: Clock
    _noted: dict[str, datetime] = field(default_factory=dict)

    def note(self, credential_id: str) -> None:
        self._noted[credential_id] = self.clock.now()

    async def flush(self) -> None:
        """Writes what was noted since the last time. Where that fails, it is kept for the next."""
        noted = dict(self._noted)
        if not noted:
            return
        async with self.store.writing() as tables:
            await tables.secrets.mark_used(noted)
        for credential_id, used_at in noted.items():
            if self._noted.get(credential_id) == used_at:
                del self._noted[credential_id]
