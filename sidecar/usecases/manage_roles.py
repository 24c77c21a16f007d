"""A project's own roles. Nobody makes, changes or removes a role that gives more than they hold."""

from dataclasses import dataclass, replace

from sidecar.domain.audit import done
from sidecar.domain.bounds import ROLES
from sidecar.domain.errors import Invalid, Refused, found
from sidecar.domain.names import ProjectId, RoleName
from sidecar.domain.policy import Caller, Grant, require_all
from sidecar.domain.roles import BUILT_IN, PermissionPattern, expand
from sidecar.domain.tenancy import Role
from sidecar.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class KnownRole:
    """A role as it is shown: `own` is None for a built-in one."""

    name: RoleName
    permissions: tuple[PermissionPattern, ...]
    own: Role | None = None


@dataclass(frozen=True, slots=True)
class ManageRoles:
    store: Store
    clock: Clock

    async def create(
        self, caller: Caller, project: ProjectId, name: RoleName, title: str, patterns: tuple[PermissionPattern, ...]
    ) -> Role:
        """The role, new or in place of the one of that name; the caller must hold what either gives."""
        if name in BUILT_IN:
            raise Invalid(f"role: {name} is built in and can't be changed")
        async with self.store.writing() as tables:
            found(await tables.projects.get(project), "project")
            replaced = await tables.roles.get(project, name)
            if replaced is None:
                ROLES.check(project, len(await tables.roles.list(project)))
            made = replaced or Role(project, name, patterns, self.clock.now(), caller.principal.name)
            role = replace(made, permissions=patterns, title=title)
            require_all(caller.access, [_grant(role), _grant(made)])
            await tables.roles.put(role)
            await tables.audit.record(done(caller, self.clock.now(), replaced, role))
        return role

    async def all_of(self, project: ProjectId) -> list[KnownRole]:
        """The built-in roles, then the project's own by name."""
        async with self.store.reading() as tables:
            found(await tables.projects.get(project), "project")
            own = await tables.roles.list(project)
        built_in = [KnownRole(RoleName(name), patterns) for name, patterns in BUILT_IN.items()]
        return built_in + [KnownRole(role.name, role.permissions, role) for role in own]

    async def get(self, project: ProjectId, name: RoleName) -> KnownRole:
        known = {role.name: role for role in await self.all_of(project)}
        return found(known.get(name), "role")

    async def delete(self, caller: Caller, project: ProjectId, name: RoleName) -> None:
        """Refused while anybody is bound to it; `items` names them."""
        if name in BUILT_IN:
            raise Invalid(f"role: {name} is built in and can't be deleted")
        async with self.store.writing() as tables:
            found(await tables.projects.get(project), "project")
            role = found(await tables.roles.get(project, name), "role")
            require_all(caller.access, [_grant(role)])
            holders = [binding.principal for binding in await tables.bindings.list(project) if name in binding.roles]
            if holders:
                raise Refused("role_in_use", "api: role is in use", holders[:100])
            await tables.roles.remove(project, name)
            await tables.audit.record(done(caller, self.clock.now(), role, None))


def _grant(role: Role) -> Grant:
    return Grant(role.project, expand(role.permissions), None, "", role.name)
