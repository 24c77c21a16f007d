"""What a declared policy leads to, and what is wrong with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sidecar.domain.declaration import (
    Author,
    Declaration,
    DeclaredAccount,
    DeclaredBinding,
    DeclaredProject,
    DeclaredRole,
    faults,
    outcome,
)
from sidecar.domain.names import AccountId, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.ownership import OwnedName
from sidecar.domain.roles import PermissionPattern
from sidecar.domain.state import State, changes
from sidecar.domain.tenancy import Binding

AUTHOR = Author("root@localhost", datetime(2026, 11, 23, tzinfo=UTC), "serviceaccount.example")
LATER = replace(AUTHOR, name="other@localhost", at=AUTHOR.at + timedelta(days=1))
ACME = ProjectId("acme")


def bound(holder: str, *roles: str, only: tuple[str, ...] | None = None) -> DeclaredBinding:
    name = PrincipalName(holder) if "@" in holder or holder.startswith(("group:", "all")) else AccountId(holder)
    return DeclaredBinding(name, tuple(map(RoleName, roles)), None if only is None else tuple(map(Glob, only)))


def role(name: str, *permissions: str, title: str | None = None) -> DeclaredRole:
    return DeclaredRole(RoleName(name), tuple(map(PermissionPattern, permissions)), title)


FULL = Declaration(
    projects=(
        DeclaredProject(
            ACME,
            name="Acme",
            owns=(OwnedName("nginx"), OwnedName("library/*")),
            roles=(role("cleaner", "registry.list", "registry.delete"),),
            accounts=(DeclaredAccount(AccountId("robot"), description="pushes"),),
            bindings=(
                bound("ann@x", "owner"),
                bound("robot", "developer", only=("acme/*", "nginx")),
                bound("group:ops", "cleaner"),
                bound("allUsers", "viewer"),
            ),
        ),
    ),
    everywhere=(bound("root@localhost", "admin"), bound("scanner@x", "viewer")),
)


def told(declaration: Declaration, present: State | None = None) -> list[str]:
    before = present or State()
    return faults(declaration, before, outcome(declaration, before, AUTHOR), AUTHOR)


def project(**declared: object) -> Declaration:
    return Declaration((replace(DeclaredProject(ACME), **declared),))  # type: ignore[arg-type]  # the fields are DeclaredProject's


def lines(before: State, declaration: Declaration) -> list[str]:
    """`+ project acme: name Acme`, for each change."""
    needed = changes(before, outcome(declaration, before, LATER))
    return [f"{'~' if each.before else '+'} {each.what}: {'; '.join(each.details)}" for each in needed]


def test_a_new_policy_adds_everything_in_order() -> None:
    """Projects come before what stands in them, so that the changes can be applied as they come."""
    assert told(FULL) == []
    assert lines(State(), FULL) == [
        "+ project acme: name Acme; owns nginx, library/*",
        "+ role cleaner of acme: name cleaner; permissions registry.list, registry.delete",
        "+ service account robot@acme.serviceaccount.example: name robot; description pushes",
        "+ binding of ann@x on acme: roles owner; repositories all",
        "+ binding of robot@acme.serviceaccount.example on acme: roles developer; repositories acme/*, nginx",
        "+ binding of group:ops on acme: roles cleaner; repositories all",
        "+ binding of allUsers on acme: roles viewer; repositories all",
        "+ binding of root@localhost on every project: roles admin; repositories all",
        "+ binding of scanner@x on every project: roles viewer; repositories all",
    ]


def test_twice_changes_nothing() -> None:
    """What is there as declared stays as it is, with who made it and when."""
    assert lines(outcome(FULL, State(), AUTHOR), FULL) == []


def test_another_order_is_no_change() -> None:
    """Roles, permissions, patterns and owned names are sets, in whatever order they are written."""
    acme = FULL.projects[0]
    shuffled = replace(
        acme,
        owns=tuple(reversed(acme.owns or ())),
        roles=(role("cleaner", "registry.delete", "registry.list"),),
        bindings=(
            *reversed(acme.bindings[2:]),
            bound("robot", "developer", only=("nginx", "acme/*")),
            acme.bindings[0],
        ),
    )
    assert lines(outcome(FULL, State(), AUTHOR), replace(FULL, projects=(shuffled,))) == []


def test_what_is_not_declared_is_left_alone() -> None:
    """An empty declaration, or one of another project, takes nothing away."""
    present = outcome(FULL, State(), AUTHOR)
    other = Declaration((DeclaredProject(ProjectId("other")),))
    assert lines(present, Declaration()) == []
    assert lines(present, other) == ["+ project other: name other"]


def test_what_is_left_out_of_a_thing_stays() -> None:
    """Naming a project, a role or an account again without its fields changes none of them."""
    again = project(
        roles=(role("cleaner", "registry.list", "registry.delete"),), accounts=(DeclaredAccount(AccountId("robot")),)
    )
    assert lines(outcome(FULL, State(), AUTHOR), again) == []


@pytest.mark.parametrize(
    ("declaration", "line"),
    [
        (project(name="ACME"), "~ project acme: name Acme → ACME"),
        (project(owns=()), "~ project acme: owns nginx, library/* → none"),
        (project(roles=(role("cleaner", "registry.*"),)), "~ role cleaner of acme: permissions registry.list, registry.delete → registry.*"),
        (project(roles=(role("cleaner", "registry.delete", "registry.list", title="C"),)), "~ role cleaner of acme: name cleaner → C"),
        (
            project(accounts=(DeclaredAccount(AccountId("robot"), description=""),)),
            "~ service account robot@acme.serviceaccount.example: description pushes → none",
        ),
        (project(bindings=(bound("ann@x", "viewer"),)), "~ binding of ann@x on acme: roles owner → viewer"),
        (
            project(bindings=(bound("robot", "developer"),)),
            "~ binding of robot@acme.serviceaccount.example on acme: repositories acme/*, nginx → all",
        ),
    ],
)  # fmt: skip
def test_a_change_says_what_it_replaces(declaration: Declaration, line: str) -> None:
    """A thing that is declared differently is changed in that alone, and the line shows both sides."""
    assert lines(outcome(FULL, State(), AUTHOR), declaration) == [line]


def test_a_change_keeps_who_made_the_thing() -> None:
    """Changing a project by declaration doesn't change who created it."""
    present = outcome(FULL, State(), AUTHOR)
    after = outcome(project(name="ACME"), present, LATER)
    assert after.projects[ACME].created_by == "root@localhost"
    assert after.projects[ACME].created_at == AUTHOR.at


def test_names_can_pass_from_one_project_to_another() -> None:
    """In one declaration a name can leave one project and come to the next."""
    present = outcome(FULL, State(), AUTHOR)
    moved = Declaration(
        (DeclaredProject(ACME, owns=()), DeclaredProject(ProjectId("base"), owns=(OwnedName("nginx"),)))
    )
    assert told(moved, present) == []


@pytest.mark.parametrize(
    ("declaration", "fault"),
    [
        (project(roles=(role("owner", "*"),)), "projects.acme.roles.owner: is built in and can't be changed"),
        (project(bindings=(bound("a@x", "cleaner"),)), "projects.acme.bindings.a@x: roles: cleaner isn't there"),
        (project(bindings=(bound("robot", "viewer"),)), "projects.acme.bindings.robot: there is no such service account in the project"),
        (
            project(bindings=(bound("a@x", "viewer", only=("web",)),)),
            "projects.acme.bindings.a@x: repositories: web fits nothing in the project; write the full name",
        ),
        (
            project(bindings=(bound("allUsers", "developer"),)),
            "projects.acme.bindings.allUsers: roles: developer gives more than allUsers may hold: registry.get, registry.list, registry.pull",
        ),
        (
            Declaration(everywhere=(bound("a@x", "admin"), bound("b@x", "cleaner"))),
            "everyProject.bindings.b@x: roles: cleaner isn't there",
        ),
        (Declaration(everywhere=(bound("a@x", "viewer"),)), "everyProject.bindings: no administrator would be left"),
        (
            Declaration((DeclaredProject(ACME), DeclaredProject(ProjectId("base"), owns=(OwnedName("acme/web"),)))),
            "projects.base: acme/web overlaps what another project owns",
        ),
    ],
)  # fmt: skip
def test_a_fault_names_its_place(declaration: Declaration, fault: str) -> None:
    """What can't be is told with its place in the file."""
    assert told(declaration) == [fault]


def test_every_fault_is_told_at_once() -> None:
    """One run is enough to see all that is wrong."""
    wrong = project(roles=(role("admin", "*"),), bindings=(bound("a@x", "nope"), bound("robot", "viewer")))
    assert len(told(wrong)) == 3


def test_an_account_bound_by_both_of_its_names_is_bound_twice() -> None:
    """Which of two bindings of one principal counts can't depend on their order."""
    twice = (bound("robot", "viewer"), bound("robot@acme.serviceaccount.example", "owner"))
    wrong = told(project(accounts=(DeclaredAccount(AccountId("robot")),), bindings=twice))
    assert [fault.rpartition(": ")[2] for fault in wrong] == ["is bound twice", "is bound twice"]


def test_an_overlap_with_what_is_there_is_told_of_the_declared_project() -> None:
    """The fault stands at what the file says, not at a project that it doesn't name."""
    present = outcome(FULL, State(), AUTHOR)
    declaration = Declaration((DeclaredProject(ProjectId("aaa"), owns=(OwnedName("library/redis"),)),))
    assert told(declaration, present) == ["projects.aaa: library/redis overlaps what another project owns"]


def test_a_role_that_is_there_already_can_be_bound() -> None:
    """Roles that stand in the project count, declared this time or not."""
    assert told(project(bindings=(bound("new@x", "cleaner"),)), outcome(FULL, State(), AUTHOR)) == []


def test_an_administrator_that_is_there_already_counts() -> None:
    """Bindings on every project can be declared without naming the administrators each time."""
    present = outcome(FULL, State(), AUTHOR)
    assert told(Declaration(everywhere=(bound("other@x", "viewer"),)), present) == []
    assert isinstance(present.bindings["*", PrincipalName("root@localhost")], Binding)
