"""Gives each repository of the index to the project that owns its name, whenever projects came, went or own others."""

from dataclasses import dataclass

from sidecar.ports import AccessReader
from sidecar.ports.index import Index


@dataclass
class AssignProjects:
    access: AccessReader
    index: Index
    _assigned: int = -1

    async def run_once(self) -> None:
        """Costs nothing while no project changed; the first time it looks in any case."""
        current = self.access.ownership_generation
        if current != self._assigned:
            async with self.index.applying() as tables:
                await tables.assign_projects()
            self._assigned = current
