"""A declared policy as JSON: what `sidecar apply` sends, and what it becomes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sidecar.domain.declaration import (
    Declaration,
    DeclaredAccount,
    DeclaredBinding,
    DeclaredProject,
    DeclaredRole,
)
from sidecar.domain.errors import Invalid
from sidecar.domain.names import AccountId, PrincipalName, ProjectId, RoleName
from sidecar.web.api.fields import (
    AccountIdField,
    Globs,
    Made,
    OwnedField,
    Permissions,
    PrincipalField,
    ProjectField,
    Prose,
    RoleField,
    Title,
)


def _holder(text: str) -> str:
    try:
        return AccountId(text)
    except Invalid:
        pass
    try:
        return PrincipalName(text)
    except Invalid:
        raise Invalid("holder: must be a principal, or the sid of one of the project's service accounts") from None


HolderField = Annotated[PrincipalName | AccountId, Made(_holder, 260, format="holder")]


class _Part(BaseModel):
    """Unlike the fields of a body, those of a declaration mean what they say: an empty text is an empty text."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, use_attribute_docstrings=True)


class RolePart(_Part):
    name: Title | None = None
    """What people call it."""
    permissions: Permissions
    """Permissions, `<resource>.*` or `*`; exactly these from now on."""


class AccountPart(_Part):
    name: Title | None = None
    """What people call it."""
    description: Prose | None = None
    """What it is for."""


class BindingPart(_Part):
    roles: Annotated[tuple[RoleField, ...], Field(min_length=1, max_length=100)]
    """Exactly these from now on."""
    repositories: Globs | None = None
    """Narrows the roles to these repositories, by their full names; without it they count for the whole project."""

    def declared(self, holder: PrincipalName | AccountId) -> DeclaredBinding:
        return DeclaredBinding(holder, tuple(dict.fromkeys(self.roles)), self.repositories)


class ProjectPart(_Part):
    name: Title | None = None
    """What people call it."""
    owns: tuple[OwnedField, ...] | None = None
    """Exactly the names that it owns besides `<project>/*`."""
    roles: dict[RoleField, RolePart] = {}
    """The project's own roles, by name."""
    service_accounts: dict[AccountIdField, AccountPart] = {}
    """Service accounts, by sid."""
    bindings: dict[HolderField, BindingPart] = {}
    """By principal, or by the sid of one of the project's service accounts."""

    def declared(self, sid: ProjectId) -> DeclaredProject:
        return DeclaredProject(
            sid,
            self.name,
            self.owns,
            tuple(
                DeclaredRole(RoleName(name), tuple(dict.fromkeys(role.permissions)), role.name)
                for name, role in self.roles.items()
            ),
            tuple(
                DeclaredAccount(AccountId(name), account.name, account.description)
                for name, account in self.service_accounts.items()
            ),
            tuple(binding.declared(holder) for holder, binding in self.bindings.items()),
        )


class EveryProjectPart(_Part):
    bindings: dict[PrincipalField, BindingPart] = {}
    """By principal."""


class PolicyPart(_Part):
    projects: dict[ProjectField, ProjectPart] = {}
    """By sid."""
    every_project: EveryProjectPart = EveryProjectPart()
    """What is held in every project, now and later."""

    def declared(self) -> Declaration:
        return Declaration(
            tuple(project.declared(sid) for sid, project in self.projects.items()),
            tuple(binding.declared(holder) for holder, binding in self.every_project.bindings.items()),
        )
