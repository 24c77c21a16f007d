"""Who holds which roles. Nobody gives or takes what they don't hold, and a project keeps an owner."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sidecar.domain.audit import done
from sidecar.domain.bindings import check_headed, check_roles, grants_of, permissions_by_role
from sidecar.domain.bounds import BINDINGS
from sidecar.domain.errors import NotFound, found
from sidecar.domain.names import EVERY_PROJECT, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import check_reach, own_slice
from sidecar.domain.policy import Caller, require_all
from sidecar.domain.tenancy import Binding, Project
from sidecar.ports import Clock, Store, Tables


@dataclass(frozen=True, slots=True)
class ManageBindings:
    """`project` is a project's id or `*`, every project; bindings on `*` have built-in roles only."""

    store: Store
    clock: Clock

    async def bind(
        self,
        caller: Caller,
        project: str,
        principal: PrincipalName,
        roles: tuple[RoleName, ...],
        repositories: tuple[Glob, ...] | None,
    ) -> None:
        """Exactly these roles, narrowed to these repositories or not, whatever the principal held here before."""
        async with self.store.writing() as tables:
            _check_reach(await _project(tables, project), repositories)
            old = await tables.bindings.get(project, principal)
            new = Binding(project, principal, roles, repositories, self.clock.now(), caller.principal.name)
            await _give(tables, caller, old, new, self.clock.now())

    async def grant(self, caller: Caller, project: str, principal: PrincipalName, role: RoleName) -> None:
        """One role more. A binding that is narrowed stays so, for the new role too."""
        async with self.store.writing() as tables:
            await _project(tables, project)
            old = await tables.bindings.get(project, principal)
            held = old or Binding(project, principal, (), None, self.clock.now(), caller.principal.name)
            new = replace(held, roles=tuple(dict.fromkeys((*held.roles, role))))
            await _give(tables, caller, old, new, self.clock.now())

    async def revoke(self, caller: Caller, project: str, principal: PrincipalName, role: RoleName) -> None:
        """One role less; NotFound where the principal doesn't hold it, so that a typo isn't taken for a success."""
        async with self.store.writing() as tables:
            await _project(tables, project)
            old = found(await tables.bindings.get(project, principal), "binding")
            if role not in old.roles:
                raise NotFound("binding")
            left = tuple(name for name in old.roles if name != role)
            permissions = await _permissions(tables, project)
            await _change(tables, caller, old, replace(old, roles=left), permissions, self.clock.now())

    async def users(self, project: str) -> list[Binding]:
        """The bindings on this very project, by principal; those on `*` are listed for `*` alone."""
        async with self.store.reading() as tables:
            await _project(tables, project)
            return await tables.bindings.list(project)


async def _project(tables: Tables, project: str) -> Project | None:
    """The project, or None for every project."""
    return None if project == EVERY_PROJECT else found(await tables.projects.get(ProjectId(project)), "project")


def _called(project: str) -> str:
    return "every project" if project == EVERY_PROJECT else project


def _check_reach(project: Project | None, repositories: tuple[Glob, ...] | None) -> None:
    """A glob that fits nothing the project owns would be a binding that silently gives nothing."""
    if project is not None:
        check_reach(repositories or (), (own_slice(project.sid), *project.owns))


async def _give(tables: Tables, caller: Caller, old: Binding | None, new: Binding, at: datetime) -> None:
    permissions = await _permissions(tables, new.project)
    check_roles(new, permissions)
    await _change(tables, caller, old, new, permissions, at)


async def _change(
    tables: Tables,
    caller: Caller,
    old: Binding | None,
    new: Binding,
    permissions: Mapping[str, frozenset[str]],
    at: datetime,
) -> None:
    """Writes `new` over `old` if the caller holds what either gives; without roles the binding is removed."""
    require_all(caller.access, [grant for each in (old, new) if each for grant in grants_of(each, permissions)])
    known = await tables.bindings.list(new.project)
    check_headed(caller.access, old, new, known)
    if old is None:
        BINDINGS.check(_called(new.project), len(known))
    if new.roles:
        await tables.bindings.put(new)
    else:
        await tables.bindings.remove(new.project, new.principal)
    await tables.audit.record(done(caller, at, old, new if new.roles else None))


async def _permissions(tables: Tables, project: str) -> Mapping[str, frozenset[str]]:
    own = () if project == EVERY_PROJECT else await tables.roles.list(ProjectId(project))
    return permissions_by_role(project, own)
