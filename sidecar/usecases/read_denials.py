"""Who lacked what in a project lately, for those who read its audit log."""

from dataclasses import dataclass, replace

from sidecar.domain.denials import Denied
from sidecar.domain.errors import found
from sidecar.domain.names import ProjectId
from sidecar.ports import Store
from sidecar.ports.denials import DenialQuery, Denials


@dataclass(frozen=True, slots=True)
class ReadDenials:
    denials: Denials
    store: Store

    async def __call__(self, query: DenialQuery) -> list[Denied]:
        """The latest first. What was denied in an earlier project of the same sid belongs to nobody any more."""
        if query.project is None:
            return await self.denials.read(query)
        async with self.store.reading() as tables:
            project = found(await tables.projects.get(ProjectId(query.project)), "project")
        return await self.denials.read(replace(query, since=project.created_at))
