"""How much one project may hold: one more is refused, what is there may be changed, and what goes makes room (S30)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from types import ModuleType
from typing import Any, Final

import pytest
import pytest_asyncio

from sidecar.domain import declaration
from sidecar.domain.bounds import Bound
from sidecar.usecases import manage_bindings, manage_roles, manage_service_accounts
from tests.web.api.calling import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST: Final = 3
NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True)
class Case:
    """`add` and `remove` are methods, each with what its body says beside the project; `{n}` is a number."""

    module: ModuleType
    bound: str
    noun: str
    add: tuple[str, Mapping[str, object]]
    change: tuple[str, Mapping[str, object]]
    remove: tuple[str, Mapping[str, object]]
    declared: tuple[str, Mapping[str, object]]
    """In a policy: the field of a project, and one thing there."""


CASES: Final = [
    Case(
        manage_roles,
        "ROLES",
        "roles",
        ("role.create", {"role": "role-{n}", "permissions": ["registry.get"]}),
        ("role.create", {"role": "role-{n}", "permissions": ["registry.pull"]}),
        ("role.delete", {"role": "role-{n}"}),
        ("roles", {"role-{n}": {"permissions": ["registry.get"]}}),
    ),
    Case(
        manage_service_accounts,
        "SERVICE_ACCOUNTS",
        "service accounts",
        ("serviceAccount.create", {"sid": "robot-{n}"}),
        ("serviceAccount.update", {"id": "robot-{n}", "name": "Robot"}),
        ("serviceAccount.delete", {"id": "robot-{n}"}),
        ("serviceAccounts", {"robot-{n}": {}}),
    ),
    Case(
        manage_bindings,
        "BINDINGS",
        "bindings",
        ("role.bind", {"email": "n{n}@example.com", "roles": ["viewer"]}),
        ("role.grant", {"email": "n{n}@example.com", "role": "developer"}),
        ("role.revoke", {"email": "n{n}@example.com", "role": "viewer"}),
        ("bindings", {"n{n}@example.com": {"roles": ["viewer"]}}),
    ),
]


def numbered(value: Any, number: int) -> Any:
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, Mapping):
        return {numbered(key, number): numbered(each, number) for key, each in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class Full:
    """A project with as many things of one kind as fit."""

    api: Api
    case: Case
    project: str

    async def call(self, what: tuple[str, Mapping[str, object]], number: int) -> Any:
        method, body = what
        return await self.api.result(method, self.api.root, project=self.project, **numbered(body, number))

    async def refused(self, what: tuple[str, Mapping[str, object]], number: int) -> Any:
        method, body = what
        return await self.api.error(method, self.api.root, project=self.project, **numbered(body, number))


@pytest_asyncio.fixture(params=CASES, ids=lambda case: case.noun, loop_scope="module")
async def full(shared: Api, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Full:
    case: Case = request.param
    project = f"full-{next(NUMBERS)}"
    await shared.tenants.project(project)
    monkeypatch.setattr(case.module, case.bound, Bound(MOST, case.noun))
    monkeypatch.setattr(declaration, case.bound, Bound(MOST, case.noun))
    filled = Full(shared, case, project)
    for number in range(MOST):
        await filled.call(case.add, number)
    return filled


async def test_one_more_is_refused(full: Full) -> None:
    """S30: by a code of its own, with where and how many; what is there is changed as ever."""
    error = await full.refused(full.case.add, MOST)
    assert error["code"] == f"too_many_{full.case.noun.replace(' ', '_')}"
    assert error["message"] == f"api: too many {full.case.noun}"
    assert error["items"] == [f"{full.project} has {MOST}, and at most {MOST} fit"]
    await full.call(full.case.change, 0)


async def test_what_goes_makes_room(full: Full) -> None:
    """For as many as went."""
    await full.call(full.case.remove, 0)
    await full.call(full.case.add, MOST)
    await full.refused(full.case.add, MOST + 1)


async def test_a_policy_is_held_to_the_same(full: Full) -> None:
    """Nothing of it is applied; what is there already may be declared, and is no fault though it were too much."""
    field, thing = full.case.declared
    place = f"projects.{full.project}.{field}"
    policy = {"projects": {full.project: {"name": "Declared", field: numbered(thing, MOST)}}}
    error = await full.api.error("installation.applyPolicy", full.api.root, declaration=policy)
    assert error["items"] == [f"{place}: would be {MOST + 1} with those that are there, and at most {MOST} fit"]
    assert (await full.api.result("project.get", full.api.root, project=full.project))["name"] != "Declared"
    there = {"projects": {full.project: {field: numbered(thing, 0)}}}
    await full.api.result("installation.applyPolicy", full.api.root, declaration=there)


async def test_a_full_project_still_tells_what_is_there(shared: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts make what may be there, and go on when it is: that answer is the same where nothing more fits."""
    monkeypatch.setattr(manage_service_accounts, "SERVICE_ACCOUNTS", Bound(1, "service accounts"))
    robot = {"project": f"full-{next(NUMBERS)}", "sid": "robot"}
    await shared.tenants.project(robot["project"])
    await shared.result("serviceAccount.create", shared.root, **robot)
    assert (await shared.error("serviceAccount.create", shared.root, **robot))["code"] == "already_exists"


async def test_every_project_has_a_bound_of_bindings_too(shared: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those on `*` are no exception."""
    monkeypatch.setattr(manage_bindings, "BINDINGS", Bound(1, "bindings"))
    body = {"project": "*", "email": "scanner@example.com", "role": "viewer"}
    error = await shared.error("role.grant", shared.root, **body)
    assert (error["code"], error["items"]) == ("too_many_bindings", ["every project has 1, and at most 1 fit"])


async def test_what_was_too_much_before_may_stay(full: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that comes later takes nothing away: what is there is changed, declared and taken away as ever."""
    monkeypatch.setattr(full.case.module, full.case.bound, Bound(1, full.case.noun))
    monkeypatch.setattr(declaration, full.case.bound, Bound(1, full.case.noun))
    field, thing = full.case.declared
    there = {"projects": {full.project: {field: numbered(thing, 0)}}}
    await full.api.result("installation.applyPolicy", full.api.root, declaration=there)
    await full.call(full.case.change, 0)
    await full.refused(full.case.add, MOST)
