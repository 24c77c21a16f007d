"""What the caller holds in a project, as the caller may ask about itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from sidecar.domain.errors import found
from sidecar.domain.names import ProjectId
from sidecar.domain.policy import Caller, permissions_in
from sidecar.domain.roles import ADMIN, BUILT_IN, PERMISSIONS, PermissionPattern, expand
from sidecar.ports import Store


@dataclass(frozen=True, slots=True)
class InspectAccess:
    store: Store

    async def permissions(self, caller: Caller, project: ProjectId) -> list[str]:
        """What the caller holds on the project as a whole, in the vocabulary's order."""
        held = await self._held(caller, project)
        return [permission for permission in PERMISSIONS if permission in held]

    async def administers(self, caller: Caller, project: ProjectId) -> bool:
        """Whether the caller holds all that the role `admin` gives."""
        return await self.authorized(caller, project, BUILT_IN[ADMIN])

    async def authorized(self, caller: Caller, project: ProjectId, wanted: Iterable[PermissionPattern]) -> bool:
        """Whether the caller holds all of it on the project as a whole."""
        return expand(wanted) <= await self._held(caller, project)

    async def _held(self, caller: Caller, project: ProjectId) -> frozenset[str]:
        """NotFound where the project isn't there, or the caller has no binding in it (S8)."""
        async with self.store.reading() as tables:
            there = await tables.projects.get(project)
        found(there if caller.access.knows(project) else None, "project")
        return permissions_in(caller.access, project)
