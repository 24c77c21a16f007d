"""A policy declared as a whole: what there is once it counts, and what is wrong with it.

What isn't declared is left alone. What is declared of a thing replaces what it has; what is left out of it stays.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sidecar.domain.bindings import check_roles, heads, permissions_by_role
from sidecar.domain.bounds import BINDINGS, ROLES, SERVICE_ACCOUNTS
from sidecar.domain.errors import Invalid, NotFound
from sidecar.domain.names import EVERY_PROJECT, AccountId, Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName, Ownership, check_reach, own_slice
from sidecar.domain.roles import BUILT_IN, PermissionPattern
from sidecar.domain.state import State
from sidecar.domain.tenancy import Binding, Project, Role, ServiceAccount

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DeclaredRole:
    name: RoleName
    permissions: tuple[PermissionPattern, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredAccount:
    sid: AccountId
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredBinding:
    """`holder` is a principal, or the sid of one of the same project's service accounts."""

    holder: PrincipalName | AccountId
    roles: tuple[RoleName, ...]
    repositories: tuple[Glob, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeclaredProject:
    sid: ProjectId
    name: str | None = None
    owns: tuple[OwnedName, ...] | None = None
    roles: tuple[DeclaredRole, ...] = ()
    accounts: tuple[DeclaredAccount, ...] = ()
    bindings: tuple[DeclaredBinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """`everywhere` are bindings on every project, now and later."""

    projects: tuple[DeclaredProject, ...] = ()
    everywhere: tuple[DeclaredBinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Author:
    """Who declares, when, and the domain of the service accounts' e-mails."""

    name: str
    at: datetime
    account_domain: str

    def email_of(self, project: str, sid: str) -> Email:
        return Email(f"{sid}@{project}.{self.account_domain}")

    def principal_of(self, project: str, declared: DeclaredBinding) -> PrincipalName:
        if isinstance(declared.holder, PrincipalName):
            return declared.holder
        return PrincipalName(self.email_of(project, declared.holder))


def outcome(declaration: Declaration, present: State, author: Author) -> State:
    """What there is once the declaration counts: the present, with what is declared put over it."""
    result = present.copy()
    for declared in declaration.projects:
        sid = declared.sid
        result.projects[sid] = _project(declared, present.projects.get(sid), author)
        for role in declared.roles:
            result.roles[sid, role.name] = _role(sid, role, present.roles.get((sid, role.name)), author)
        for account in declared.accounts:
            result.accounts[sid, account.sid] = _account(sid, account, present.accounts.get((sid, account.sid)), author)
        _bind(result, sid, declared.bindings, author)
    _bind(result, EVERY_PROJECT, declaration.everywhere, author)
    return result


def _project(declared: DeclaredProject, before: Project | None, author: Author) -> Project:
    if before is None:
        return Project(declared.sid, declared.name or declared.sid, declared.owns or (), author.at, author.name)
    return replace(before, name=_or(declared.name, before.name), owns=_or_same(declared.owns, before.owns))


def _role(project: ProjectId, declared: DeclaredRole, before: Role | None, author: Author) -> Role:
    if before is None:
        title = declared.title or declared.name
        return Role(project, declared.name, declared.permissions, author.at, author.name, title)
    permissions = _or_same(declared.permissions, before.permissions)
    return replace(before, permissions=permissions, title=_or(declared.title, before.title))


def _account(
    project: ProjectId, declared: DeclaredAccount, before: ServiceAccount | None, author: Author
) -> ServiceAccount:
    if before is None:
        email, name = author.email_of(project, declared.sid), declared.name or declared.sid
        return ServiceAccount(project, declared.sid, email, name, declared.description or "", author.at, author.name)
    description = _or(declared.description, before.description)
    return replace(before, name=_or(declared.name, before.name), description=description)


def _bind(result: State, project: str, bindings: Iterable[DeclaredBinding], author: Author) -> None:
    for declared in bindings:
        principal = author.principal_of(project, declared)
        before = result.bindings.get((project, principal))
        if before is None:
            after = Binding(project, principal, declared.roles, declared.repositories, author.at, author.name)
        else:
            repositories = declared.repositories
            if repositories is not None and before.repositories is not None:
                repositories = _or_same(repositories, before.repositories)
            after = replace(before, roles=_or_same(declared.roles, before.roles), repositories=repositories)
        result.bindings[project, principal] = after


def _or(declared: _T | None, present: _T) -> _T:
    return present if declared is None else declared


def _or_same(declared: tuple[_T, ...] | None, present: tuple[_T, ...]) -> tuple[_T, ...]:
    """Another order of the same things is no change."""
    return present if declared is None or set(declared) == set(present) else declared


def faults(declaration: Declaration, present: State, result: State, author: Author) -> list[str]:
    """Everything that is wrong with a declaration that makes this of the present, each with its place in it."""
    found = [*_overlaps(declaration, result), *_surplus(present, result)]
    own_roles = result.roles_by_project()
    for declared in declaration.projects:
        place = f"projects.{declared.sid}"
        built_in = [role.name for role in declared.roles if role.name in BUILT_IN]
        found += [f"{place}.roles.{name}: is built in and can't be changed" for name in built_in]
        permissions = permissions_by_role(declared.sid, own_roles.get(declared.sid, ()))
        found += _binding_faults(place, declared.sid, declared.bindings, _Checks(result, author, permissions))
    checks = _Checks(result, author, permissions_by_role(EVERY_PROJECT, ()))
    found += _binding_faults("everyProject", EVERY_PROJECT, declaration.everywhere, checks)
    if declaration.everywhere and not any(heads(binding) for binding in result.bindings_everywhere()):
        found.append("everyProject.bindings: no administrator would be left")
    return found


def _overlaps(declaration: Declaration, result: State) -> list[str]:
    """Each name that another project owns as well. Those that are declared come last, so that they are told of."""
    declared = {project.sid for project in declaration.projects}
    ownership, found = Ownership(), []
    for sid, project in sorted(result.projects.items(), key=lambda item: item[0] in declared):
        taken = [name for name in (own_slice(sid), *project.owns) if ownership.overlaps(name)]
        found += [f"projects.{sid}: {name} overlaps what another project owns" for name in taken]
        ownership.put(sid, project.owns)
    return found


def _surplus(present: State, result: State) -> Iterator[str]:
    """Of which kind there would be too many in one project; where there are already, they may stay and be changed."""
    kinds = (
        ("roles", ROLES, present.roles, result.roles),
        ("serviceAccounts", SERVICE_ACCOUNTS, present.accounts, result.accounts),
        ("bindings", BINDINGS, present.bindings, result.bindings),
    )
    for name, bound, before, after in kinds:
        known = Counter[str](project for project, _ in before)
        for project, count in Counter[str](project for project, _ in after).items():
            if count > max(bound.most, known[project]):
                place = "everyProject" if project == EVERY_PROJECT else f"projects.{project}"
                yield f"{place}.{name}: would be {count} with those that are there, and at most {bound.most} fit"


@dataclass(frozen=True, slots=True)
class _Checks:
    """What the bindings of one project are checked against."""

    result: State
    author: Author
    permissions: dict[str, frozenset[str]]

    def fault(self, project: str, declared: DeclaredBinding) -> list[str]:
        binding = self.result.bindings[project, self.author.principal_of(project, declared)]
        own_account = not isinstance(declared.holder, PrincipalName)
        if own_account and (project, declared.holder) not in self.result.accounts:
            return ["there is no such service account in the project"]
        try:
            check_roles(binding, self.permissions)
            if project != EVERY_PROJECT:
                owner = self.result.projects[ProjectId(project)]
                check_reach(binding.repositories or (), (own_slice(owner.sid), *owner.owns))
        except Invalid as invalid:
            return list(invalid.items)
        except NotFound:
            return [f"roles: {', '.join(set(binding.roles) - self.permissions.keys())} isn't there"]
        return []


def _binding_faults(place: str, project: str, bindings: tuple[DeclaredBinding, ...], checks: _Checks) -> list[str]:
    found = []
    named = Counter(checks.author.principal_of(project, binding) for binding in bindings)
    for declared in bindings:
        found += [f"{place}.bindings.{declared.holder}: {fault}" for fault in checks.fault(project, declared)]
        if named[checks.author.principal_of(project, declared)] > 1:
            found.append(f"{place}.bindings.{declared.holder}: is bound twice")
    return found
