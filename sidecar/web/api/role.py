"""The namespace `role`: roles, and who is bound to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from sidecar.domain.policy import Caller
from sidecar.domain.roles import PERMISSIONS
from sidecar.domain.tenancy import Binding
from sidecar.usecases.manage_bindings import ManageBindings
from sidecar.usecases.manage_roles import KnownRole, ManageRoles
from sidecar.web.api.bodies import Body, InPlace, InProject, Nothing, Result
from sidecar.web.api.fields import Globs, Permissions, PrincipalField, RoleField, Title
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import Listing, Orders


class CreateRole(InProject):
    role: RoleField
    """The role's name in bindings."""
    name: Title | None = None
    """What people call it; without it, the role's name in bindings."""
    permissions: Permissions
    """Permissions, `<resource>.*` or `*`; see role.permissions."""


class NamedRole(InProject):
    role: RoleField
    """The role's name in bindings."""


class ListRoles(InProject, Listing):
    sort: Literal["role", "-role"] = "role"
    """The order; `-` turns it round."""


class OneRole(InPlace):
    """One role of one principal."""

    email: PrincipalField
    """A person's or a service account's e-mail, `group:<name>`, `allUsers` or `allAuthenticatedUsers`."""
    role: RoleField
    """The role's name."""


class Bind(InPlace):
    email: PrincipalField
    """A person's or a service account's e-mail, `group:<name>`, `allUsers` or `allAuthenticatedUsers`."""
    roles: Annotated[tuple[RoleField, ...], Field(min_length=1, max_length=100)]
    """Exactly these from now on. To take roles away, name those that stay, or use role.revoke."""
    repositories: Globs | None = None
    """Full names, `*` for any run of characters: the roles then count for these repositories alone."""


class ListUsers(InPlace, Listing):
    sort: Literal["email", "-email"] = "email"
    """The order; `-` turns it round."""


class RoleResult(Result):
    role: str
    name: str
    permissions: tuple[str, ...]
    built_in: bool
    """Built-in roles are in every project and can't be changed."""
    created_at: datetime | None = None
    created_by: str | None = None

    @classmethod
    def of(cls, role: KnownRole) -> Self:
        return cls(
            role=role.name,
            name=role.own.title if role.own else role.name,
            permissions=role.permissions,
            built_in=role.own is None,
            created_at=role.own.created_at if role.own else None,
            created_by=role.own.created_by if role.own else None,
        )


class RoleList(Result):
    items: list[RoleResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


class UserResult(Result):
    email: str
    roles: tuple[str, ...]
    repositories: tuple[str, ...] | None = None
    """What the roles are narrowed to; absent where they count for the whole project."""

    @classmethod
    def of(cls, binding: Binding) -> Self:
        return cls(email=binding.principal, roles=binding.roles, repositories=binding.repositories)


class UserList(Result):
    items: list[UserResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


class PermissionList(Result):
    items: tuple[str, ...]


_ROLE_ORDERS: Final[Orders[KnownRole]] = Orders(
    name=lambda role: role.name,
    also=lambda role: role.own.title if role.own else role.name,
    keys={"role": lambda role: role.name},
)
_USER_ORDERS: Final[Orders[Binding]] = Orders(
    name=lambda binding: binding.principal, keys={"email": lambda binding: binding.principal}
)
_BIND_EXAMPLE: Final = {"project": "acme", "email": "ann@example.com", "roles": ["developer"]}
_ROLE_EXAMPLE: Final = {"project": "acme", "role": "cleaner"}
_CREATE_EXAMPLE: Final = {"project": "acme", "role": "cleaner", "permissions": ["registry.list", "registry.delete"]}
_GRANT_EXAMPLE: Final = {"project": "acme", "email": "ann@example.com", "role": "developer"}


@dataclass(frozen=True, slots=True)
class RoleNamespace:
    roles: ManageRoles
    bindings: ManageBindings

    def methods(self) -> Sequence[AnyMethod]:
        project = {"project": "acme"}
        return (
            Method(
                "role.create",
                "role.create",
                CreateRole,
                RoleResult,
                self.create,
                _CREATE_EXAMPLE,
                ("too_many_roles",),
            ),
            Method("role.list", "role.list", ListRoles, RoleList, self.list, project),
            Method("role.get", "role.get", NamedRole, RoleResult, self.get, _ROLE_EXAMPLE, ("role_not_found",)),
            Method(
                "role.delete",
                "role.delete",
                NamedRole,
                Nothing,
                self.delete,
                _ROLE_EXAMPLE,
                ("role_not_found", "role_in_use"),
            ),
            Method(
                "role.grant",
                "role.bind",
                OneRole,
                Nothing,
                self.grant,
                _GRANT_EXAMPLE,
                ("role_not_found", "too_many_bindings"),
            ),
            Method(
                "role.revoke",
                "role.bind",
                OneRole,
                Nothing,
                self.revoke,
                _GRANT_EXAMPLE,
                ("binding_not_found", "last_owner"),
            ),
            Method(
                "role.bind",
                "role.bind",
                Bind,
                Nothing,
                self.bind,
                _BIND_EXAMPLE,
                ("role_not_found", "last_owner", "too_many_bindings"),
            ),
            Method("role.users", "role.list", ListUsers, UserList, self.users, project),
            Method("role.permissions", None, Body, PermissionList, self.permissions, {}),
        )

    async def create(self, caller: Caller, body: CreateRole) -> RoleResult:
        """Makes a role, or replaces the one of that name. The caller must hold all that either version gives."""
        patterns = tuple(dict.fromkeys(body.permissions))
        role = await self.roles.create(caller, body.project, body.role, body.name or body.role, patterns)
        return RoleResult.of(KnownRole(role.name, role.permissions, role))

    async def list(self, _: Caller, body: ListRoles) -> RoleList:
        """The roles that can be bound in a project, built-in ones among them. `filter` meets the role or the name."""
        items, cursor = _ROLE_ORDERS.page(await self.roles.all_of(body.project), body)
        return RoleList(items=[RoleResult.of(role) for role in items], next_cursor=cursor)

    async def get(self, _: Caller, body: NamedRole) -> RoleResult:
        """One role."""
        return RoleResult.of(await self.roles.get(body.project, body.role))

    async def delete(self, caller: Caller, body: NamedRole) -> Nothing:
        """Deletes a role that nobody is bound to. The caller must hold all that it gives."""
        await self.roles.delete(caller, body.project, body.role)
        return Nothing()

    async def grant(self, caller: Caller, body: OneRole) -> Nothing:
        """Gives one role more. The caller must hold all that it gives. A narrowed binding stays narrowed."""
        await self.bindings.grant(caller, body.project, body.email, body.role)
        return Nothing()

    async def revoke(self, caller: Caller, body: OneRole) -> Nothing:
        """Takes one role away. The caller must hold all that it gives; the last owner stays."""
        await self.bindings.revoke(caller, body.project, body.email, body.role)
        return Nothing()

    async def bind(self, caller: Caller, body: Bind) -> Nothing:
        """Replaces what a principal holds in the project. The caller must hold all that the old and new roles give."""
        roles = tuple(dict.fromkeys(body.roles))
        await self.bindings.bind(caller, body.project, body.email, roles, body.repositories)
        return Nothing()

    async def users(self, _: Caller, body: ListUsers) -> UserList:
        """Who is bound in the project, and to what. Those bound on every project are listed for `*` alone."""
        items, cursor = _USER_ORDERS.page(await self.bindings.users(body.project), body)
        return UserList(items=[UserResult.of(binding) for binding in items], next_cursor=cursor)

    async def permissions(self, _: Caller, __: Body) -> PermissionList:
        """Every permission that a role can hold."""
        return PermissionList(items=PERMISSIONS)
