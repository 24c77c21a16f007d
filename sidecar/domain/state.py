"""The things that a policy is made of, as they are at one moment, and what changed between two moments."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sidecar.domain.names import EVERY_PROJECT, PrincipalName, ProjectId, RoleName
from sidecar.domain.tenancy import Binding, Project, Role, ServiceAccount

Thing = Project | Role | ServiceAccount | Binding

_K = TypeVar("_K")
_T = TypeVar("_T", Project, Role, ServiceAccount, Binding)


@dataclass(frozen=True, slots=True)
class State:
    """Each kind of thing by what identifies it. Reading may leave out what nobody asks for, but never a project."""

    projects: dict[ProjectId, Project] = field(default_factory=dict)
    roles: dict[tuple[ProjectId, RoleName], Role] = field(default_factory=dict)
    accounts: dict[tuple[ProjectId, str], ServiceAccount] = field(default_factory=dict)
    bindings: dict[tuple[str, PrincipalName], Binding] = field(default_factory=dict)

    def copy(self) -> "State":
        return State(dict(self.projects), dict(self.roles), dict(self.accounts), dict(self.bindings))

    def roles_by_project(self) -> dict[str, list[Role]]:
        found: dict[str, list[Role]] = {}
        for role in self.roles.values():
            found.setdefault(role.project, []).append(role)
        return found

    def bindings_everywhere(self) -> list[Binding]:
        """Those on every project."""
        return [binding for binding in self.bindings.values() if binding.project == EVERY_PROJECT]


@dataclass(frozen=True, slots=True)
class Change:
    """A thing that is added, where `before` is None, or changed."""

    before: Thing | None
    after: Thing

    @property
    def what(self) -> str:
        """`role cleaner of acme`."""
        return _name(self.after)

    @property
    def details(self) -> tuple[str, ...]:
        """What it is given, or what about it changes: `owns nginx`, `roles viewer → developer`."""
        before = {} if self.before is None else _shown(self.before)
        return tuple(
            f"{field} {before[field]} → {value}" if before else f"{field} {value}"
            for field, value in _shown(self.after).items()
            if value != before.get(field, "none")
        )


def changes(before: State, after: State) -> tuple[Change, ...]:
    """What is new or different, in an order in which it can be applied: projects, then what stands in them."""
    return (
        *_differing(before.projects, after.projects),
        *_differing(before.roles, after.roles),
        *_differing(before.accounts, after.accounts),
        *_differing(before.bindings, after.bindings),
    )


def _differing(before: Mapping[_K, _T], after: Mapping[_K, _T]) -> Iterator[Change]:
    for key, thing in after.items():
        known = before.get(key)
        if known != thing:
            yield Change(known, thing)


def _name(thing: Thing) -> str:
    match thing:
        case Project():
            return f"project {thing.sid}"
        case Role():
            return f"role {thing.name} of {thing.project}"
        case ServiceAccount():
            return f"service account {thing.email}"
        case Binding():
            place = "every project" if thing.project == EVERY_PROJECT else thing.project
            return f"binding of {thing.principal} on {place}"


def _shown(thing: Thing) -> dict[str, str]:
    match thing:
        case Project():
            return {"name": thing.name, "owns": _listed(thing.owns)}
        case Role():
            return {"name": thing.title, "permissions": _listed(thing.permissions)}
        case ServiceAccount():
            return {"name": thing.name, "description": thing.description or "none"}
        case Binding():
            narrowed = "all" if thing.repositories is None else _listed(thing.repositories)
            return {"roles": _listed(thing.roles), "repositories": narrowed}


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
