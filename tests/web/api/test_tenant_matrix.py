"""Every method, called by every kind of caller, about their own, a foreign and a missing project: what is answered.

`MATRIX` is the whole truth, written by hand and not asked of the rule that it checks. A method that isn't in it fails.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Literal, get_args

import pytest

from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import ProjectId
from sidecar.domain.roles import NEVER_SCOPED, PERMISSIONS
from tests.web.api.calling import Api, bearer
from tests.web.api.pushing import Pushing, digest_of, image

pytestmark = pytest.mark.asyncio(loop_scope="module")

Place = Literal["own", "foreign", "missing"]
Caller = Literal[
    "anonymous",
    "outsider",
    "foreign owner",
    "viewer",
    "developer",
    "admin",
    "owner",
    "scoped token",
    "narrowed",
    "administrator",
]
"""`scoped token` is an owner's for own, with all that a token can hold; `narrowed` is an owner of own/web alone."""

PLACES: Final[tuple[Place, ...]] = get_args(Place)
CALLERS: Final[tuple[Caller, ...]] = get_args(Caller)
BOUND: Final[frozenset[Caller]] = frozenset(("viewer", "developer", "admin", "owner", "scoped token", "narrowed"))
MANAGERS: Final[frozenset[Caller]] = frozenset(("admin", "owner", "scoped token"))
DELETERS: Final[frozenset[Caller]] = MANAGERS | {"narrowed"}
PEOPLE: Final[frozenset[Caller]] = frozenset(("admin", "owner"))
EVERYBODY: Final[frozenset[Caller]] = frozenset(CALLERS)
NOBODY: Final[frozenset[Caller]] = frozenset()


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Two projects with the same things in each, made for one call, and the token that makes it."""

    name: str
    token: str | None

    def project(self, place: Place) -> str:
        return f"{place}-{self.name}"


Body = Callable[[Tenancy, Place], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class InProject:
    """A method about one project. `allowed` are those bound in own who may."""

    body: Body
    allowed: frozenset[Caller]

    def expected(self, caller: Caller, place: Place) -> str:
        """`ok`, or the code of the error."""
        if caller == "anonymous":
            return "unauthorized"
        if place == "missing":
            return "project_not_found"
        if caller == "administrator" or (caller == "foreign owner" and place == "foreign"):
            return "ok"
        if place == "foreign" or caller not in BOUND:
            return "project_not_found"
        return "ok" if caller in self.allowed else "forbidden"


@dataclass(frozen=True, slots=True)
class Anywhere:
    """A method about no project, whose answer is the same whatever its body names: `done` to who may."""

    body: Body
    allowed: frozenset[Caller]
    done: str = "ok"

    def expected(self, caller: Caller, _: Place) -> str:
        if caller == "anonymous":
            return "unauthorized"
        return self.done if caller in self.allowed | {"administrator"} else "forbidden"


@dataclass(frozen=True, slots=True)
class MakingScopedTokens(InProject):
    """Scoped tokens make none, wherever."""

    def expected(self, caller: Caller, place: Place) -> str:
        return "forbidden" if caller == "scoped token" else super(MakingScopedTokens, self).expected(caller, place)


@dataclass(frozen=True, slots=True)
class RevokingTokens:
    """`own` is the caller's token, `foreign` somebody else's."""

    body: Body

    def expected(self, caller: Caller, place: Place) -> str:
        if caller == "anonymous":
            return "unauthorized"
        if caller == "scoped token":
            return "forbidden"
        return "ok" if place == "own" else "token_not_found"


def nothing(_: Tenancy, __: Place) -> dict[str, Any]:
    return {}


def about(**fields: Any) -> Body:
    """A body about a project, with these fields besides."""
    return lambda tenancy, place: {"project": tenancy.project(place), **fields}


MATRIX: Final[Mapping[str, InProject | Anywhere | RevokingTokens]] = {
    "project.create": Anywhere(lambda tenancy, place: {"sid": f"new-{place}-{tenancy.name}"}, NOBODY),
    "project.list": Anywhere(nothing, EVERYBODY),
    "project.get": InProject(about(), MANAGERS),
    "project.update": InProject(about(name="Other"), MANAGERS),
    "project.delete": InProject(about(), frozenset(("owner", "scoped token"))),
    "serviceAccount.create": InProject(about(sid="another"), MANAGERS),
    "serviceAccount.update": InProject(about(id="robot", name="Other"), MANAGERS),
    "serviceAccount.list": InProject(about(), MANAGERS),
    "serviceAccount.get": InProject(about(id="robot"), MANAGERS),
    "serviceAccount.delete": InProject(about(id="robot"), MANAGERS),
    "serviceAccount.createKey": InProject(about(id="robot"), PEOPLE),
    "serviceAccount.deleteKey": InProject(
        lambda tenancy, place: about(id="robot", secret=f"key-{place}-{tenancy.name}")(tenancy, place), PEOPLE
    ),
    "role.create": InProject(about(role="fresh", permissions=["registry.get"]), PEOPLE),
    "role.list": InProject(about(), PEOPLE),
    "role.get": InProject(about(role="cleaner"), PEOPLE),
    "role.delete": InProject(about(role="cleaner"), PEOPLE),
    "role.grant": InProject(about(email="x@example.com", role="viewer"), PEOPLE),
    "role.revoke": InProject(about(email="group:all", role="viewer"), PEOPLE),
    "role.bind": InProject(about(email="group:all", roles=["developer"]), PEOPLE),
    "role.users": InProject(about(), PEOPLE),
    "role.permissions": Anywhere(nothing, EVERYBODY),
    "pullSecret.create": InProject(about(name="fresh"), MANAGERS),
    "pullSecret.renew": InProject(about(name="cluster"), MANAGERS),
    "pullSecret.list": InProject(about(), MANAGERS),
    "pullSecret.get": InProject(about(name="cluster"), PEOPLE),
    "pullSecret.delete": InProject(about(name="cluster"), MANAGERS),
    "me.get": Anywhere(nothing, EVERYBODY),
    "me.permissions": InProject(about(), BOUND),
    "me.authorized": InProject(about(permissions=["registry.push"]), BOUND),
    "me.generateToken": MakingScopedTokens(about(permissions=["registry.pull"]), BOUND - {"narrowed"}),
    "me.listTokens": Anywhere(nothing, EVERYBODY - {"scoped token"}),
    "me.revokeToken": RevokingTokens(lambda tenancy, place: {"id": f"token-{place}-{tenancy.name}"}),
    "registry.list": InProject(about(), BOUND),
    "registry.get": InProject(about(repository="web"), BOUND),
    "registry.getTags": InProject(about(repository="web"), BOUND),
    "registry.getManifests": InProject(about(repository="web"), BOUND),
    "registry.untag": InProject(about(repository="web", tag="v1"), DELETERS),
    "registry.deleteManifest": InProject(about(repository="web", digest=digest_of(image(2))), DELETERS),
    "registry.delete": InProject(about(repository="web"), DELETERS),
    "registry.denials": InProject(about(), MANAGERS),
    "auditLog.list": InProject(about(), MANAGERS),
    "installation.applyPolicy": Anywhere(
        lambda tenancy, place: {"declaration": {"projects": {tenancy.project(place): {}}}}, NOBODY
    ),
    "installation.explainAccess": Anywhere(
        lambda tenancy, place: {"email": "group:all", "repository": f"{tenancy.project(place)}/web"}, NOBODY
    ),
    "installation.createToken": Anywhere(lambda _, place: {"email": f"{place}@example.com"}, NOBODY),
    "reconcile.begin": Anywhere(lambda tenancy, place: {"project": tenancy.project(place)}, NOBODY),
    "reconcile.get": Anywhere(lambda _, __: {"id": 1}, NOBODY),
    "reconcile.drift": Anywhere(lambda _, __: {"id": 1}, NOBODY),
    "reconcile.recount": Anywhere(nothing, NOBODY),
    "reconcile.getRecount": Anywhere(nothing, NOBODY),
    "installation.explainImage": Anywhere(lambda tenancy, place: {"image": f"{tenancy.project(place)}/web:v1"}, NOBODY),
    "installation.inboxList": Anywhere(nothing, NOBODY),
    "installation.inboxGet": Anywhere(lambda _, __: {"id": 1}, NOBODY, "quarantined_event_not_found"),
    "installation.inboxRetry": Anywhere(lambda _, __: {"id": 1}, NOBODY, "quarantined_event_not_found"),
    "installation.inboxDrop": Anywhere(lambda _, __: {"id": 1}, NOBODY, "quarantined_event_not_found"),
}

NUMBERS: Final = count(1)


async def tenancy_for(api: Api, caller: Caller) -> Tenancy:
    """Fresh projects own and foreign, in which nobody but this caller is bound."""
    name = f"{next(NUMBERS)}"
    for place in ("own", "foreign"):
        project = f"{place}-{name}"
        await api.tenants.project(project)
        await api.tenants.role(project, "cleaner", "registry.delete")
        await api.tenants.bind(project, "group:all", "viewer")
        pushing = Pushing(api.sidecar.application.core.index)
        await pushing.push(f"{project}/web", image(1), "v1")
        await pushing.push(f"{project}/web", image(2))
        await api.tenants.pull_secret(project, "cluster")
        robot = await api.tenants.account(project, "robot")
        await api.tenants.secret(robot, CredentialKind.SERVICE_ACCOUNT_KEY, identifier=f"key-{place}-{name}")
    email = "admin@localhost" if caller == "administrator" else f"caller-{name}@example.com"
    await api.tenants.secret(email, identifier=f"token-own-{name}")
    await api.tenants.secret(f"other-{name}@example.com", identifier=f"token-foreign-{name}")
    return Tenancy(name, await _sign_in(api, caller, email, f"own-{name}", f"foreign-{name}"))


async def _sign_in(api: Api, caller: Caller, email: str, own: str, foreign: str) -> str | None:
    match caller:
        case "anonymous":
            return None
        case "outsider" | "administrator":
            pass
        case "foreign owner":
            await api.tenants.bind(foreign, email, "owner")
        case "narrowed":
            await api.tenants.bind(own, email, "owner", only=[f"{own}/web"])
        case "scoped token":
            await api.tenants.bind(own, email, "owner")
            await api.tenants.bind(foreign, email, "owner")
            return await api.tenants.secret(
                email,
                CredentialKind.SCOPED_TOKEN,
                limit=Limit(ProjectId(own), frozenset(PERMISSIONS) - NEVER_SCOPED),
            )
        case role:
            await api.tenants.bind(own, email, role)
    return await api.tenants.secret(email)


CELLS: Final = [(method, caller, place) for method in MATRIX for caller in CALLERS for place in PLACES]


@pytest.fixture(scope="module")
def standing() -> dict[Caller, Tenancy]:
    """One tenancy for all refused calls of a caller: they change nothing."""
    return {}


async def test_every_method_is_in_the_matrix(shared: Api) -> None:
    """Nothing is added to the API without saying, for each kind of caller, what it answers."""
    assert set(MATRIX) == set(shared.methods())


@pytest.mark.parametrize(("method", "caller", "place"), CELLS)
async def test_a_cell(shared: Api, standing: dict[Caller, Tenancy], method: str, caller: Caller, place: Place) -> None:
    """S3, S17, S20: what is answered is what the matrix says."""
    row = MATRIX[method]
    expected = row.expected(caller, place)
    if expected == "ok":
        tenancy = await tenancy_for(shared, caller)
    else:
        tenancy = standing.get(caller) or standing.setdefault(caller, await tenancy_for(shared, caller))
    envelope = await shared.call(method, tenancy.token, **row.body(tenancy, place))
    assert ("ok" if envelope["ok"] else envelope["error"]["code"]) == expected


@pytest.mark.parametrize("method", [method for method, row in MATRIX.items() if isinstance(row, InProject)])
@pytest.mark.parametrize("caller", ["outsider", "foreign owner", "owner", "scoped token"])
async def test_a_foreign_project_looks_missing(shared: Api, method: str, caller: Caller) -> None:
    """S8: to who isn't bound in it, byte for byte, a project that is there answers like one that isn't."""
    tenancy = await tenancy_for(shared, caller)
    there: Place = "own" if caller in ("outsider", "foreign owner") else "foreign"
    answers = []
    for place in (there, PLACES[2]):
        body = MATRIX[method].body(tenancy, place)
        answer = await shared.post(method, json.dumps(body).encode(), bearer(tenancy.token))
        answers.append((answer.status, await answer.read(), {*answer.headers} - {"Date"}))
    assert answers[0] == answers[1]
