"""What a project holds, as far as the caller may see it: repositories, tags, manifests, from the index alone."""

from dataclasses import dataclass

from sidecar.domain.errors import found
from sidecar.domain.names import ProjectId, RepositoryName
from sidecar.domain.ownership import addressed
from sidecar.domain.policy import Caller, require
from sidecar.ports import AccessReader
from sidecar.ports.browsing import (
    Browsing,
    Listed,
    ManifestSummary,
    RepositorySummary,
    Slice,
    TagSummary,
)

LIST = "registry.list"
GET = "registry.get"


@dataclass(frozen=True)
class Browse:
    """A repository is given as `web` or `acme/web`. One of another project is not found, as one that isn't there."""

    index: Browsing
    access: AccessReader

    async def repositories(self, caller: Caller, project: ProjectId, asked: Slice) -> Listed[RepositorySummary]:
        """Those on which the caller holds registry.list."""

        def visible(name: str) -> bool:
            return caller.access.granting(LIST, project, name) is not None

        self._check_there(project)
        sees_all = caller.access.granting(LIST, project) is not None
        return await self.index.repositories(project, None if sees_all else visible, asked)

    async def repository(self, caller: Caller, project: ProjectId, named: str) -> RepositorySummary:
        name = self._readable(caller, project, named)
        return found(await self.index.repository(name), "repository")

    async def tags(
        self, caller: Caller, project: ProjectId, named: str, asked: Slice
    ) -> tuple[RepositoryName, Listed[TagSummary]]:
        """The repository's full name, and the slice of its tags."""
        name = self._readable(caller, project, named)
        return name, found(await self.index.tags(name, asked), "repository")

    async def manifests(
        self, caller: Caller, project: ProjectId, named: str, asked: Slice
    ) -> tuple[RepositoryName, Listed[ManifestSummary]]:
        """The repository's full name, and the slice of its manifests."""
        name = self._readable(caller, project, named)
        return name, found(await self.index.manifests(name, asked), "repository")

    def _readable(self, caller: Caller, project: ProjectId, named: str) -> RepositoryName:
        """The full name of a repository that the caller may look into."""
        name = addressed(project, named, self.access.owner_of)
        require(caller.access, GET, project, name)
        return name

    def _check_there(self, project: ProjectId) -> None:
        """NotFound for who holds something on every project: one that is there owns what lies below its id."""
        found(self.access.owner_of(f"{project}/any"), "project")
