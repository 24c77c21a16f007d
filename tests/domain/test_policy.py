"""The access rule, held to the oracle beside this file and to the promises that people rely on."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import Forbidden, NotFound
from sidecar.domain.identity import Limit
from sidecar.domain.names import ALL_USERS, EVERY_PROJECT, Glob, ProjectId, RepositoryName
from sidecar.domain.policy import (
    Access,
    Grant,
    decide,
    missing_from,
    permissions_in,
    require,
    require_all,
)
from sidecar.domain.roles import INSTALLATION_PERMISSIONS, PERMISSIONS, built_in_permissions
from sidecar.domain.scopes import CatalogScope, RepositoryScope, Scope
from tests.domain import policy_oracle

PROJECTS = ("aaa", "bbb")
ASKED = ("registry.list", "registry.pull", "registry.push", "registry.delete", "role.bind", "project.get")

NAMES = [RepositoryName("/".join(parts)) for parts in product(PROJECTS, ["a", "b", "ab", "a/b", "a/b/a", "ba/ab"])]
GLOBS = [
    *map(Glob, ["*", "**", "*/a", "*a", "a*", "aaa", "*b*a*"]),
    *(
        Glob(f"{head}/{tail}")
        for head in PROJECTS
        for tail in ["*", "a", "ab", "a*", "*a", "*/a", "a/*", "*b*", "a*b", "**a", "a*/*a", "*a*b*"]
    ),
]


def subsets(choices: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    """Any subset: one number each, which is much faster to draw than a set."""
    numbers = st.integers(0, 2 ** len(choices) - 1)
    return numbers.map(lambda bits: frozenset(choice for at, choice in enumerate(choices) if bits >> at & 1))


projects = st.sampled_from(PROJECTS).map(ProjectId)
repository_names = st.sampled_from(NAMES)
globs = st.sampled_from(GLOBS)
glob_lists = st.none() | st.just(()) | st.tuples(globs) | st.tuples(globs, globs)
permission_sets = subsets(ASKED)
grants = st.builds(
    Grant,
    project=st.sampled_from([*PROJECTS, EVERY_PROJECT]),
    permissions=permission_sets,
    repositories=glob_lists,
    principal=st.sampled_from(["a@x", ALL_USERS]),
    role=st.just("r"),
)
grant_lists = st.just(()) | st.tuples(grants) | st.tuples(grants, grants) | st.tuples(grants, grants, grants)
limits = st.none() | st.builds(Limit, project=projects, permissions=permission_sets, repositories=glob_lists)
accesses = st.builds(Access, grants=grant_lists, limit=limits)
actions = subsets(("pull", "push", "delete", "*")).filter(bool)
scopes: st.SearchStrategy[Scope] = st.builds(RepositoryScope, repository_names, actions) | st.just(CatalogScope())
owners = st.none() | projects


def check_decision(access: Access, scope: Scope, owner: ProjectId | None) -> None:
    assert decide(access, scope, owner).granted == policy_oracle.granted(access, scope, owner)


@settings(max_examples=4000, deadline=None)
@given(accesses, scopes, owners)
def test_decisions_are_those_of_the_oracle(access: Access, scope: Scope, owner: ProjectId | None) -> None:
    """Whatever is bound, limited and asked, exactly what the words allow is granted."""
    check_decision(access, scope, owner)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=100_000, deadline=None)
@given(accesses, scopes, owners)
def test_many_decisions_are_those_of_the_oracle(access: Access, scope: Scope, owner: ProjectId | None) -> None:
    """The same, a hundred thousand times."""
    check_decision(access, scope, owner)


@settings(max_examples=1000, deadline=None)
@given(accesses, st.sampled_from(ASKED), projects, st.none() | repository_names)
def test_permissions_are_those_of_the_oracle(
    access: Access, permission: str, project: ProjectId, repository: RepositoryName | None
) -> None:
    """The management API asks the same rule as the token endpoint, and it answers alike."""
    held = access.granting(permission, project, repository) is not None
    assert held == policy_oracle.allowed(access, permission, project, repository)


@settings(max_examples=1000, deadline=None)
@given(accesses, scopes, owners)
def test_each_asked_action_has_its_reason(access: Access, scope: Scope, owner: ProjectId | None) -> None:
    """Decision 4: the reasons say of every asked action whether it was granted, and agree with what was."""
    decision = decide(access, scope, owner)
    asked = frozenset("*") if isinstance(scope, CatalogScope) else scope.actions
    assert {reason.action for reason in decision.reasons if reason.allowed} == decision.granted
    assert {reason.action for reason in decision.reasons} >= asked


@settings(max_examples=500, deadline=None)
@given(accesses, scopes, owners, st.randoms(use_true_random=False))
def test_order_never_matters(access: Access, scope: Scope, owner: ProjectId | None, shuffler: object) -> None:
    """Decision 4: grants in any order, or twice, decide alike."""
    shuffled = [*access.grants, *access.grants]
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random, which may not be named
    assert decide(replace(access, grants=tuple(shuffled)), scope, owner).granted == decide(access, scope, owner).granted


@settings(max_examples=500, deadline=None)
@given(accesses, grants, scopes, owners)
def test_a_further_grant_never_takes_away(access: Access, more: Grant, scope: Scope, owner: ProjectId | None) -> None:
    """Additive; nothing denies."""
    before = decide(access, scope, owner).granted
    assert before <= decide(replace(access, grants=(*access.grants, more)), scope, owner).granted


@settings(max_examples=500, deadline=None)
@given(grant_lists, limits, scopes, owners)
def test_a_limit_never_adds(
    held: tuple[Grant, ...], limit: Limit | None, scope: Scope, owner: ProjectId | None
) -> None:
    """S2: a limited token can do at most what its maker can."""
    assert decide(Access(held, limit), scope, owner).granted <= decide(Access(held), scope, owner).granted


def check_nothing_gained(holder: Access, wanted: tuple[Grant, ...]) -> None:
    if missing_from(holder, wanted):
        return
    for permission, project, repository in product(ASKED, [*PROJECTS, "later"], [None, *NAMES]):
        if policy_oracle.allowed(Access(wanted), permission, project, repository):
            assert policy_oracle.allowed(holder, permission, project, repository)


@settings(max_examples=2000, deadline=None)
@given(accesses, grant_lists)
def test_who_may_give_it_has_it(holder: Access, wanted: tuple[Grant, ...]) -> None:
    """S2, S20: where nothing is missing, nobody gains a permission in any project, now or later, on any repository."""
    check_nothing_gained(holder, wanted)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=100_000, deadline=None)
@given(accesses, grant_lists)
def test_who_may_give_it_has_it_many_times(holder: Access, wanted: tuple[Grant, ...]) -> None:
    """The same, a hundred thousand times."""
    check_nothing_gained(holder, wanted)


@settings(max_examples=500, deadline=None)
@given(accesses, permission_sets, projects, st.tuples(globs) | st.tuples(globs, globs))
def test_who_holds_parts_of_it_gives_no_more_than_them(
    holder: Access, permissions: frozenset[str], project: ProjectId, narrowed: tuple[Glob, ...]
) -> None:
    """A wanted grant is missing exactly the permissions that the holder lacks on some name that fits its patterns."""
    wanted = Grant(project, permissions, narrowed, "b@x", "r")
    missing = missing_from(holder, (wanted,))
    witnesses = [glob.replace("*", "a") for glob in narrowed]
    for permission in permissions:
        lacks = not all(policy_oracle.allowed(holder, permission, project, name) for name in witnesses)
        assert not (lacks and permission.startswith("registry.") and permission not in missing)


@settings(max_examples=500, deadline=None)
@given(grant_lists)
def test_what_one_holds_one_can_give(held: tuple[Grant, ...]) -> None:
    """Nobody is told that they lack what they have."""
    assert missing_from(Access(held), held) == []


def grant(role: str, project: str = "aaa", narrowed: tuple[str, ...] | None = None, to: str = "ann@x") -> Grant:
    permissions = built_in_permissions(project, role)
    assert permissions is not None
    return Grant(project, permissions, None if narrowed is None else tuple(map(Glob, narrowed)), to, role)


def ask(*held: Grant, actions: str, repository: str = "aaa/web", limit: Limit | None = None) -> frozenset[str]:
    scope = RepositoryScope(RepositoryName(repository), frozenset(actions.split(",")))
    return decide(Access(held, limit), scope, ProjectId(repository.partition("/")[0])).granted


def test_nothing_is_allowed_by_default() -> None:
    """Who holds nothing gets nothing."""
    assert ask(actions="pull,push,delete,*") == frozenset()


def test_a_subset_is_an_answer() -> None:
    """TS-21, TS-29: asked ∩ allowed; delete isn't implied by push."""
    assert ask(grant("developer"), actions="push,pull,delete") == {"push", "pull"}


def test_push_is_granted_only_with_pull() -> None:
    """TS-29: push asked without pull grants nothing."""
    assert ask(grant("owner"), actions="push") == frozenset()


def test_push_without_the_right_to_pull_is_nothing() -> None:
    """TS-29: a role with push and no pull can't push."""
    push_only = replace(grant("viewer"), permissions=frozenset({"registry.push"}))
    assert ask(push_only, actions="pull,push") == frozenset()


def test_everything_names_what_is_allowed() -> None:
    """TS-19: `*` gives the allowed actions by name, without a literal `*`."""
    assert ask(grant("developer"), actions="*") == {"pull", "push"}


def test_everything_is_literal_for_who_may_do_everything() -> None:
    """TS-19: skopeo asks only `*` to delete, and an owner gets it."""
    assert ask(grant("owner"), actions="*") == {"pull", "push", "delete", "*"}


def test_one_project_says_nothing_about_another() -> None:
    """A grant in one project reaches no other."""
    assert ask(grant("owner", "bbb"), actions="*") == frozenset()


def test_a_binding_on_every_project_reaches_each() -> None:
    """Decision 12: `*` means every project, now and later."""
    assert ask(grant("viewer", EVERY_PROJECT), actions="pull") == {"pull"}


def test_a_narrowed_grant_stays_narrow() -> None:
    """A role narrowed to patterns counts on matching repositories alone."""
    narrowed = grant("developer", narrowed=("aaa/team-*",))
    assert ask(narrowed, actions="pull", repository="aaa/team-web/api") == {"pull"}
    assert ask(narrowed, actions="pull", repository="aaa/web") == frozenset()


def test_a_narrowed_owner_administers_nothing() -> None:
    """Narrowed to repositories, a role carries its registry permissions only."""
    assert Access((grant("owner", narrowed=("*",)),)).granting("role.bind", "aaa", "aaa/web") is None


@pytest.mark.parametrize("holder", [grant("owner", EVERY_PROJECT), grant("admin", EVERY_PROJECT)])
def test_what_no_project_owns_is_nobodys(holder: Grant) -> None:
    """A name outside every project is refused even to who holds every project, and the reason says what to do."""
    scope = RepositoryScope(RepositoryName("nginx"), frozenset({"pull"}))
    decision = decide(Access((holder,)), scope, None)
    assert decision.granted == frozenset()
    assert "no project owns nginx" in decision.reasons[0].because


def test_the_catalogue_takes_every_project() -> None:
    """TS-20: the catalogue needs registry.list on every project, for one isn't enough."""
    assert decide(Access((grant("owner"),)), CatalogScope(), None).granted == frozenset()
    assert decide(Access((grant("viewer", EVERY_PROJECT),)), CatalogScope(), None).granted == {"*"}


def test_the_catalogue_is_never_everybodys() -> None:
    """S18: even with every project public, anonymous callers don't get the catalogue."""
    assert decide(Access((grant("viewer", EVERY_PROJECT, to=ALL_USERS),)), CatalogScope(), None).granted == frozenset()


def test_a_limited_token_never_gets_the_catalogue() -> None:
    """A scoped token is for one project, and the catalogue is about all of them."""
    limit = Limit(ProjectId("aaa"), frozenset(PERMISSIONS))
    assert decide(Access((grant("owner", EVERY_PROJECT),), limit), CatalogScope(), None).granted == frozenset()


def test_a_granted_action_names_its_binding() -> None:
    """Decision 4: the reason names who holds which role where."""
    scope = RepositoryScope(RepositoryName("aaa/web"), frozenset({"pull"}))
    decision = decide(Access((grant("viewer", narrowed=("aaa/*",)),)), scope, ProjectId("aaa"))
    assert decision.reasons[0].because == "ann@x has role viewer on aaa, narrowed to aaa/*"


@pytest.mark.parametrize(
    ("limit", "actions", "because"),
    [
        (None, "delete", "registry.delete on aaa/web is missing in project aaa"),
        (None, "push", "push is only granted together with pull (TS-29)"),
        (Limit(ProjectId("aaa"), frozenset()), "pull", "the token is limited and lacks registry.pull on aaa/web"),
    ],
)
def test_a_refused_action_says_what_is_missing(limit: Limit | None, actions: str, because: str) -> None:
    """Decision 4: each refusal can be told from the others, and says what would change it."""
    scope = RepositoryScope(RepositoryName("aaa/web"), frozenset({actions}))
    decision = decide(Access((grant("developer"),), limit), scope, ProjectId("aaa"))
    assert [reason.because for reason in decision.reasons] == [because]


def test_a_stranger_is_told_that_the_project_is_not_there() -> None:
    """S8: who has no binding in a project can't learn whether it exists."""
    with pytest.raises(NotFound) as refused:
        require(Access((grant("owner", "bbb"),)), "registry.list", "aaa")
    assert refused.value.code == "project_not_found"


def test_a_member_is_told_what_is_missing() -> None:
    """Whoever is bound in the project learns which permission they lack."""
    with pytest.raises(Forbidden) as refused:
        require(Access((grant("viewer"),)), "role.bind", "aaa")
    assert refused.value.items == ("role.bind",)


def test_a_token_for_one_project_knows_no_other() -> None:
    """S8: a scoped token of an administrator sees its own project only."""
    with pytest.raises(NotFound):
        require(Access((grant("owner", EVERY_PROJECT),), Limit(ProjectId("bbb"), frozenset())), "registry.list", "aaa")


def test_requiring_gives_the_grant_that_allows() -> None:
    """The audit can say by which binding something was allowed."""
    owner = grant("owner")
    assert require(Access((owner,)), "role.bind", "aaa") is owner


def test_nobody_gives_what_they_lack() -> None:
    """An administrator of a project can't make an owner, and is told the permission that stands between them."""
    with pytest.raises(Forbidden) as refused:
        require_all(Access((grant("admin"),)), (grant("owner"),))
    assert refused.value.items == ("project.delete",)


def test_who_holds_it_may_give_it() -> None:
    """An owner can make an owner."""
    require_all(Access((grant("owner"),)), (grant("owner", to="ben@x"),))


def test_only_the_installation_can_bind_on_every_project() -> None:
    """The owner of one project can give nothing on `*`."""
    assert missing_from(Access((grant("owner"),)), (grant("viewer", EVERY_PROJECT),)) != []


def test_an_installation_administrator_holds_the_installation() -> None:
    """`admin` on every project is the installation's administrator: projects can be created, and everything else."""
    held = permissions_in(Access((grant("admin", EVERY_PROJECT),)), "aaa")
    assert held == {*PERMISSIONS, *INSTALLATION_PERMISSIONS}


@pytest.mark.parametrize(
    ("held", "limit", "expected"),
    [
        (grant("viewer"), None, {"registry.list", "registry.get", "registry.pull"}),
        (grant("viewer", EVERY_PROJECT), None, {"registry.list", "registry.get", "registry.pull"}),
        (grant("viewer", "bbb"), None, set()),
        (grant("viewer", narrowed=("aaa/*",)), None, set()),
        (grant("viewer"), Limit(ProjectId("aaa"), frozenset({"registry.pull"})), {"registry.pull"}),
        (grant("viewer"), Limit(ProjectId("aaa"), frozenset({"registry.pull"}), (Glob("aaa/*"),)), set()),
        (grant("viewer"), Limit(ProjectId("bbb"), frozenset({"registry.pull"})), set()),
    ],
)
def test_permissions_in_a_project_are_those_on_the_whole_of_it(
    held: Grant, limit: Limit | None, expected: set[str]
) -> None:
    """What counts for some repositories only isn't told as a permission in the project."""
    assert permissions_in(Access((held,), limit), "aaa") == expected
