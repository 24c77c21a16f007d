"""Projects: who may create one, which names it may own, and what must be gone before it goes."""

from dataclasses import dataclass, replace

from sidecar.domain.audit import done
from sidecar.domain.bounds import PROJECTS
from sidecar.domain.errors import AlreadyExists, Forbidden, Invalid, Refused, found
from sidecar.domain.identity import PrincipalKind
from sidecar.domain.names import PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName, Ownership, own_slice
from sidecar.domain.policy import Caller, administers
from sidecar.domain.roles import OWNER, PROJECT_CREATE
from sidecar.domain.tenancy import Binding, Project
from sidecar.ports import Clock, RepositoryCatalog, Store, Tables


@dataclass(frozen=True, slots=True)
class ManageProjects:
    """`everyone_creates`: whether each authenticated person may create projects, or administrators alone."""

    store: Store
    catalog: RepositoryCatalog
    clock: Clock
    everyone_creates: bool

    async def create(self, caller: Caller, sid: ProjectId, name: str, owns: tuple[OwnedName, ...]) -> Project:
        """The new project, owned by its creator. Names outside `<sid>/` are for administrators to give."""
        self._require_creator(caller)
        project = Project(sid, name, owns, self.clock.now(), caller.principal.name)
        _check_claims(caller, sid, owns)
        async with self.store.writing() as tables:
            if await tables.projects.get(sid) is not None:
                raise AlreadyExists("project")
            await _check_room(tables, caller)
            await _check_free(tables, sid, {"sid": (own_slice(sid),), "owns": owns})
            await tables.projects.add(project)
            await tables.bindings.put(_first_owner(project))
            await tables.audit.record(done(caller, project.created_at, None, project))
        return project

    async def visible_to(self, caller: Caller) -> list[Project]:
        """The projects in which the caller has any binding, by sid."""
        async with self.store.reading() as tables:
            projects = await tables.projects.list()
        return [project for project in projects if caller.access.knows(project.sid)]

    async def get(self, sid: ProjectId) -> Project:
        async with self.store.reading() as tables:
            return found(await tables.projects.get(sid), "project")

    async def update(
        self, caller: Caller, sid: ProjectId, name: str | None, owns: tuple[OwnedName, ...] | None
    ) -> Project:
        """The project with a new name, or owning other names; None leaves as it is.

        What leaves `owns` is nobody's until a project claims it.
        """
        async with self.store.writing() as tables:
            project = found(await tables.projects.get(sid), "project")
            claimed = () if owns is None else tuple(name for name in owns if name not in project.owns)
            _check_claims(caller, sid, claimed)
            await _check_free(tables, sid, {"owns": claimed})
            changed = replace(
                project,
                name=project.name if name is None else name,
                owns=project.owns if owns is None else owns,
            )
            await tables.projects.replace(changed)
            await tables.audit.record(done(caller, self.clock.now(), project, changed))
        return changed

    async def delete(self, caller: Caller, sid: ProjectId) -> None:
        """Refused while the registry holds a tag in it; RegistryUnavailable if the registry doesn't say."""
        project = await self.get(sid)
        left = await self.catalog.repositories_with_tags((own_slice(sid), *project.owns))
        if left:
            raise Refused("project_in_use", "api: project still holds repositories", sorted(left)[:100])
        async with self.store.writing() as tables:
            last = found(await tables.projects.get(sid), "project")
            await tables.projects.remove(sid)
            await tables.audit.record(done(caller, self.clock.now(), last, None))

    def _require_creator(self, caller: Caller) -> None:
        person = caller.principal.kind is PrincipalKind.PERSON and caller.principal.limit is None
        if not (administers(caller.access) or (self.everyone_creates and person)):
            raise Forbidden((PROJECT_CREATE,))


def _first_owner(project: Project) -> Binding:
    principal = PrincipalName(project.created_by)
    return Binding(project.sid, principal, (RoleName(OWNER),), None, project.created_at, project.created_by)


def _check_claims(caller: Caller, sid: ProjectId, names: tuple[OwnedName, ...]) -> None:
    """Who isn't an administrator could otherwise claim `library/*`, and with it what everybody pulls."""
    foreign = [name for name in names if not name.startswith(f"{sid}/")]
    if foreign and not administers(caller.access):
        raise Invalid(*(f"owns: only an administrator may claim {name}, which is outside {sid}/" for name in foreign))


async def _check_room(tables: Tables, caller: Caller) -> None:
    """Where everyone creates, nobody creates without end; administrators may."""
    if not administers(caller.access):
        name = caller.principal.name
        PROJECTS.check(name, sum(project.created_by == name for project in await tables.projects.list()))


async def _check_free(tables: Tables, sid: ProjectId, claims: dict[str, tuple[OwnedName, ...]]) -> None:
    """Invalid for each claimed name, by its field, that overlaps another project's; whose it is isn't told (S8)."""
    others = Ownership.of({project.sid: project.owns for project in await tables.projects.list() if project.sid != sid})
    taken = [
        f"{field}: {name} overlaps what another project owns"
        for field, names in claims.items()
        for name in names
        if others.overlaps(name)
    ]
    if taken:
        raise Invalid(*taken)
