"""The namespace `project`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from sidecar.domain.policy import Caller
from sidecar.domain.tenancy import Project
from sidecar.usecases.manage_projects import ManageProjects
from sidecar.web.api.bodies import Body, InProject, Nothing, Result
from sidecar.web.api.fields import OwnedField, ProjectField, Title
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import Listing, Orders

Owns = Annotated[tuple[OwnedField, ...], Field(max_length=1000)]


class CreateProject(Body):
    sid: ProjectField
    """The new project's short id; it will own every repository `<sid>/…`."""
    name: Title | None = None
    """What people call it; without it, the sid."""
    owns: Owns = ()
    """Names that it owns besides: `nginx`, or `library/*` for all below. Outside `<sid>/` for administrators only."""


class ListProjects(Listing):
    sort: Literal["sid", "-sid", "name", "-name", "createdAt", "-createdAt"] = "sid"
    """The order; `-` turns it round."""


class UpdateProject(InProject):
    name: Title | None = None
    """Its new name; without it, the old one stays."""
    owns: Owns | None = None
    """All that it owns besides `<sid>/…` from now on; without it, what it owns stays."""


class ProjectResult(Result):
    sid: str
    name: str
    owns: tuple[str, ...]
    """What it owns besides `<sid>/…`."""
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, project: Project) -> Self:
        return cls(
            sid=project.sid,
            name=project.name,
            owns=project.owns,
            created_at=project.created_at,
            created_by=project.created_by,
        )


class ProjectList(Result):
    items: list[ProjectResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


_ORDERS: Final[Orders[Project]] = Orders(
    name=lambda project: project.sid,
    also=lambda project: project.name,
    keys={
        "sid": lambda project: project.sid,
        "name": lambda project: project.name,
        "createdAt": lambda project: project.created_at.isoformat(timespec="microseconds"),
    },
)


@dataclass(frozen=True, slots=True)
class ProjectNamespace:
    projects: ManageProjects

    def methods(self) -> Sequence[AnyMethod]:
        return (
            Method(
                "project.create",
                None,
                CreateProject,
                ProjectResult,
                self.create,
                {"sid": "acme", "name": "Acme"},
                ("forbidden", "already_exists", "too_many_projects"),
            ),
            Method("project.list", None, ListProjects, ProjectList, self.list, {}),
            Method("project.get", "project.get", InProject, ProjectResult, self.get, {"project": "acme"}),
            Method(
                "project.update",
                "project.update",
                UpdateProject,
                ProjectResult,
                self.update,
                {"project": "acme", "name": "Acme Inc."},
            ),
            Method(
                "project.delete",
                "project.delete",
                InProject,
                Nothing,
                self.delete,
                {"project": "acme"},
                ("project_in_use", "registry_unavailable"),
            ),
        )

    async def create(self, caller: Caller, body: CreateProject) -> ProjectResult:
        """Makes a project, owned by the caller. For administrators, and for others if the configuration says so."""
        owns = tuple(dict.fromkeys(body.owns))
        return ProjectResult.of(await self.projects.create(caller, body.sid, body.name or body.sid, owns))

    async def list(self, caller: Caller, body: ListProjects) -> ProjectList:
        """The projects in which the caller has any binding. `filter` meets the sid or the name."""
        items, cursor = _ORDERS.page(await self.projects.visible_to(caller), body)
        return ProjectList(items=[ProjectResult.of(project) for project in items], next_cursor=cursor)

    async def get(self, _: Caller, body: InProject) -> ProjectResult:
        """One project."""
        return ProjectResult.of(await self.projects.get(body.project))

    async def update(self, caller: Caller, body: UpdateProject) -> ProjectResult:
        """Renames a project, or changes what it owns. A name that leaves `owns` is nobody's until it is claimed."""
        owns = None if body.owns is None else tuple(dict.fromkeys(body.owns))
        return ProjectResult.of(await self.projects.update(caller, body.project, body.name, owns))

    async def delete(self, caller: Caller, body: InProject) -> Nothing:
        """Deletes a project with its roles, bindings, service accounts and tokens. It must hold no repositories."""
        await self.projects.delete(caller, body.project)
        return Nothing()
