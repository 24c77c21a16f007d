"""ports.AccessReader: what the token path is told."""

from datetime import timedelta

import pytest

from sidecar.domain.identity import ANONYMOUS, CredentialKind, Limit, Principal
from sidecar.domain.names import ProjectId
from sidecar.domain.policy import Grant
from sidecar.domain.roles import BUILT_IN, INSTALLATION_PERMISSIONS, PERMISSIONS, PUBLIC_PERMISSIONS, expand
from sidecar.domain.tenancy import Binding
from sidecar.ports import AccessReader, Store
from tests import samples
from tests.fakes import HeldClock

ANN = "ann@example.com"
PULL = frozenset(("registry.pull",))


async def bind(store: Store, *bindings: Binding) -> None:
    async with store.writing() as tables:
        for binding in bindings:
            await tables.bindings.put(binding)


def held(access: AccessReader, principal: Principal) -> set[tuple[str, str]]:
    """Who was bound, and where."""
    return {(grant.principal, grant.project) for grant in access.access_of(principal).grants}


async def test_nothing_is_granted_by_default(access: AccessReader) -> None:
    """An empty database owns no name, knows no secret and grants nothing to anybody."""
    answers = (access.owner_of("acme/web"), access.credential(bytes(32)), access.access_of(samples.person()).grants)
    assert answers == (None, None, ())


async def test_names_have_owners(store: Store, access: AccessReader) -> None:
    """What is below a project's id, and what it owns besides; nothing else."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project("acme", "nginx", "library/*"))
    names = ["acme/web", "nginx", "library/a/b", "acme", "nginx/x", "other/web"]
    assert [access.owner_of(name) for name in names] == ["acme", "acme", "acme", None, None, None]


async def test_a_replaced_project_gives_names_back(store: Store, access: AccessReader) -> None:
    """A name that is owned no longer may be another project's in the same transaction."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project("acme", "nginx"))
    async with store.writing() as tables:
        await tables.projects.replace(samples.project("acme"))
        await tables.projects.add(samples.project("zoo", "nginx"))
    assert access.owner_of("nginx") == "zoo"


async def test_a_binding_is_one_grant_per_role(store: Store, access: AccessReader) -> None:
    """With the role's permissions, the narrowing, and where it came from."""
    bound = samples.binding("acme", ANN, "viewer", "developer", on=["acme/web"])
    await bind(store, bound)
    expected = tuple(
        Grant("acme", expand(BUILT_IN[role]), bound.repositories, ANN, role) for role in ("viewer", "developer")
    )
    assert access.access_of(samples.person()).grants == expected


async def test_an_own_role_gives_what_it_holds_now(store: Store, access: AccessReader) -> None:
    """Changing a role changes what its bindings give, also for somebody whose access was asked before."""
    await bind(store, samples.binding("acme", ANN, "puller"))
    answers = [access.access_of(samples.person()).grants[0].permissions]
    for patterns in (["registry.pull"], ["registry.*"]):
        async with store.writing() as tables:
            if await tables.projects.get(ProjectId("acme")) is None:
                await tables.projects.add(samples.project("acme"))
            await tables.roles.put(samples.role("acme", "puller", *patterns))
        answers.append(access.access_of(samples.person()).grants[0].permissions)
    assert answers == [frozenset(), PULL, frozenset(name for name in PERMISSIONS if name.startswith("registry."))]


async def test_an_own_role_is_of_its_project_alone(store: Store, access: AccessReader) -> None:
    """A role of that name in another project, or bound on every project, gives nothing (S3)."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project("acme"))
        await tables.roles.put(samples.role("acme", "puller"))
    await bind(store, samples.binding("other", ANN, "puller"), samples.binding("*", ANN, "puller"))
    assert [grant.permissions for grant in access.grants_of(ANN)] == [frozenset(), frozenset()]


async def test_a_role_goes_with_its_project(store: Store, access: AccessReader) -> None:
    """Who makes a project under an old sid, and binds a role of an old name, gives nothing by it."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project("acme"))
        await tables.roles.put(samples.role("acme", "puller"))
    async with store.writing() as tables:
        await tables.projects.remove(ProjectId("acme"))
    async with store.writing() as tables:
        await tables.projects.add(samples.project("acme"))
    await bind(store, samples.binding("acme", ANN, "puller"))
    assert [grant.permissions for grant in access.grants_of(ANN)] == [frozenset()]


async def test_an_administrator_holds_everything(store: Store, access: AccessReader) -> None:
    """`admin` on every project holds the installation's permissions too; `admin` of a project doesn't."""
    await bind(store, samples.binding("*", ANN, "admin"), samples.binding("acme", "bob@example.com", "admin"))
    (everything,) = access.grants_of(ANN)
    (within,) = access.grants_of("bob@example.com")
    assert everything.permissions == {*PERMISSIONS, *INSTALLATION_PERMISSIONS}
    assert not within.permissions & set(INSTALLATION_PERMISSIONS)


async def test_grants_are_the_union_of_all_that_a_principal_is(store: Store, access: AccessReader) -> None:
    """Its own, its groups', those of all authenticated users and of all users; nobody else's."""
    names = [ANN, "group:ops", "group:dev", "group:else", "allAuthenticatedUsers", "allUsers", "bob@example.com"]
    await bind(store, *(samples.binding("acme", name) for name in names))
    mine = {(name, "acme") for name in names} - {("group:else", "acme"), ("bob@example.com", "acme")}
    assert held(access, samples.person(ANN, "ops", "dev")) == mine


async def test_groups_count_as_they_are_shown(store: Store, access: AccessReader) -> None:
    """One person, asked with different groups: each answer is that of these groups."""
    await bind(store, samples.binding("acme", "group:ops"), samples.binding("other", "group:dev"))
    asked = [samples.person(ANN, *groups) for groups in (["ops"], [], ["dev"], ["ops", "dev"])]
    assert [sorted(project for _, project in held(access, person)) for person in asked] == [
        ["acme"],
        [],
        ["other"],
        ["acme", "other"],
    ]


async def test_anonymous_holds_what_all_users_hold(store: Store, access: AccessReader) -> None:
    """Not what authenticated users hold, and nothing by an empty name."""
    await bind(store, samples.binding("acme", "allAuthenticatedUsers"), samples.binding("public", "allUsers"))
    assert held(access, ANONYMOUS) == {("allUsers", "public")}


@pytest.mark.parametrize("everybody", ["allUsers", "allAuthenticatedUsers"])
@pytest.mark.parametrize("project", ["acme", "*"])
async def test_everybody_gets_at_most_pulls(store: Store, access: AccessReader, everybody: str, project: str) -> None:
    """S18: whatever was bound, nothing but seeing and pulling comes through."""
    await bind(store, samples.binding(project, everybody, "owner", "admin", "developer"))
    permissions = [grant.permissions for grant in access.access_of(samples.person()).grants]
    assert permissions == [PUBLIC_PERMISSIONS] * 3


async def test_the_limit_of_a_credential_stays_with_its_principal(store: Store, access: AccessReader) -> None:
    """One person, asked with a limit and without: each answer carries its own."""
    await bind(store, samples.binding())
    limit = Limit(ProjectId("acme"), PULL)
    limits = [access.access_of(samples.person(limit=given)).limit for given in (None, limit, None)]
    assert limits == [None, limit, None]


async def test_grants_of_a_name_are_its_own_alone(store: Store, access: AccessReader) -> None:
    """What a credential of that e-mail would hold by its own bindings: no public ones."""
    await bind(store, samples.binding("acme", ANN), samples.binding("public", "allUsers"))
    assert [grant.project for grant in access.grants_of(ANN)] == ["acme"]


@pytest.mark.parametrize("wide", ["%@example.com", "_nn@example.com", "*@example.com", "group:%", "*"])
async def test_no_name_is_a_pattern(store: Store, access: AccessReader, wide: str) -> None:
    """S14: a principal whose name holds `%`, `_` or `*` is that principal and no other."""
    await bind(store, samples.binding("acme", ANN), samples.binding("acme", "group:ops"))
    assert access.access_of(samples.person(wide)).grants == ()


async def test_a_secret_is_known_by_its_digest(store: Store, access: AccessReader, clock: HeldClock) -> None:
    """The credential comes back whole; expired ones too, for the caller tells bad from unknown by no answer."""
    limit = Limit(ProjectId("acme"), PULL)
    given = samples.secret("one", kind=CredentialKind.SCOPED_TOKEN, expires_at=clock.now(), limit=limit)
    async with store.writing() as tables:
        await tables.secrets.add(given)
    clock.advance(days=1)
    assert access.credential(samples.digest_of("one")) == given.credential


@pytest.mark.parametrize("digest", [b"", bytes(32), samples.digest_of("one")[:31], samples.digest_of("one") + b"\0"])
async def test_any_other_digest_is_unknown(store: Store, access: AccessReader, digest: bytes) -> None:
    """Whole digests only."""
    async with store.writing() as tables:
        await tables.secrets.add(samples.secret("one"))
    assert access.credential(digest) is None


async def test_a_removed_secret_is_unknown_at_once(store: Store, access: AccessReader) -> None:
    """S22: with all that came from it."""
    async with store.writing() as tables:
        await tables.secrets.add(samples.secret("one"))
        await tables.secrets.add(samples.secret("refresh", kind=CredentialKind.REFRESH_TOKEN, parent="one"))
    async with store.writing() as tables:
        await tables.secrets.remove("one")
    assert [access.credential(samples.digest_of(key)) for key in ("one", "refresh")] == [None, None]


async def test_a_token_is_nothing_when_an_elder_has_expired(
    store: Store, access: AccessReader, clock: HeldClock
) -> None:
    """TS-50: at any depth, and exactly from the moment of expiry."""
    expiry = clock.now() + timedelta(hours=1)
    async with store.writing() as tables:
        await tables.secrets.add(samples.secret("elder", expires_at=expiry))
        await tables.secrets.add(samples.secret("scoped", kind=CredentialKind.SCOPED_TOKEN, parent="elder"))
        await tables.secrets.add(samples.secret("refresh", kind=CredentialKind.REFRESH_TOKEN, parent="scoped"))
    known = []
    for moment in (expiry - timedelta(microseconds=1), expiry):
        clock.advance(seconds=(moment - clock.now()).total_seconds())
        known.append(access.credential(samples.digest_of("refresh")) is not None)
    assert known == [True, False]


async def test_asking_again_is_answered_from_memory(store: Store, access: AccessReader) -> None:
    """The token path asks on every request: the same principal gets the very same object until grants change."""
    await bind(store, samples.binding())
    first = access.access_of(samples.person())
    async with store.writing() as tables:
        await tables.secrets.add(samples.secret())
    again = access.access_of(samples.person())
    await bind(store, samples.binding("other", "bob@example.com"))
    assert (again is first, access.access_of(samples.person()) is first) == (True, False)
