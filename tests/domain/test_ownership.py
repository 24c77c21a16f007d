"""Which project owns a name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import Invalid, NotFound
from sidecar.domain.names import Glob, ProjectId, RepositoryName
from sidecar.domain.ownership import OwnedName, Ownership, addressed, check_reach, own_slice

ACME, TEAM = ProjectId("acme"), ProjectId("team")


@pytest.mark.parametrize("name", ["nginx", "library/*", "library/nginx", "a/b/*", "team_x/*", "host:5000/*"])
def test_an_owned_name(name: str) -> None:
    """A project owns an exact name or everything below a prefix."""
    assert OwnedName(name) == name


@pytest.mark.parametrize("name", ["", "*", "/*", "lib*", "*/nginx", "a/*/b", "a/**", "a/*/*", "a/B/*", "a/", "a b/*"])
def test_no_owned_name(name: str) -> None:
    """Other patterns could overlap in ways that nobody sees, so there are none."""
    with pytest.raises(Invalid):
        OwnedName(name)


@pytest.mark.parametrize(
    ("repository", "owner"),
    [
        ("acme/web", ACME),
        ("acme/web/api", ACME),
        ("acme", None),
        ("acmeweb", None),
        ("acme2/web", None),
        ("nginx", TEAM),
        ("nginx/web", None),
        ("library/redis", TEAM),
        ("library/a/b", TEAM),
        ("library", None),
        ("old/deep/x", ACME),
        ("old/x", None),
        ("ACME/web", None),
        ("", None),
        ("/", None),
    ],
)
def test_the_owner_of_a_name(repository: str, owner: ProjectId | None) -> None:
    """Decision 12: a project owns what begins with its id and what it names besides, to the letter."""
    ownership = Ownership.of({ACME: [OwnedName("old/deep/*")], TEAM: [OwnedName("nginx"), OwnedName("library/*")]})
    assert ownership.owner_of(repository) == owner


parts = st.sampled_from(["a", "b", "ab", "a-b"])
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
owned = st.builds(lambda path, below: OwnedName(path + below), paths, st.sampled_from(["", "/*"]))


def holds(name: OwnedName, repository: str) -> bool:
    return repository.startswith(name[:-1]) if name.endswith("*") else repository == name


@settings(max_examples=1000, deadline=None)
@given(owned, owned, paths)
def test_what_both_hold_overlaps(one: OwnedName, other: OwnedName, path: str) -> None:
    """Two owned names that don't overlap never hold the same repository."""
    assert one.overlaps(other) == other.overlaps(one)
    assert one.overlaps(other) or not (holds(one, path) and holds(other, path))


@given(owned)
def test_overlap_is_never_claimed_in_vain(name: OwnedName) -> None:
    """An owned name overlaps itself, and one below it only where a repository could be both."""
    assert name.overlaps(name)
    assert OwnedName("zzz").overlaps(name) is False


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [("a/*", "a", False), ("a/*", "a/b", True), ("a/*", "a/b/*", True), ("a/*", "ab/*", False), ("a", "a", True)],
)
def test_overlaps(one: str, other: str, overlap: bool) -> None:
    """A prefix reaches what is below it, and not the name itself."""
    assert OwnedName(one).overlaps(OwnedName(other)) is overlap


@settings(max_examples=1000, deadline=None)
@given(st.lists(owned, max_size=4), st.lists(owned, max_size=4), paths)
def test_the_owner_is_who_holds_it(first: list[OwnedName], second: list[OwnedName], path: str) -> None:
    """Where no two projects overlap, a name's owner is the one project of which a name holds it."""
    all_first, all_second = [own_slice(ACME), *first], [own_slice(TEAM), *second]
    if any(one.overlaps(other) for one in all_first for other in all_second):
        return
    holders = [
        project for project, mine in ((ACME, all_first), (TEAM, all_second)) if any(holds(name, path) for name in mine)
    ]
    assert Ownership.of({ACME: first, TEAM: second}).owner_of(path) == (holders[0] if holders else None)


def test_each_project_owns_its_slice() -> None:
    """What a project owns by its id alone is a valid name below it."""
    assert Ownership.of({ACME: []}).owner_of(RepositoryName("acme/web")) == ACME


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("acme/*", True),
        ("acme/web", True),
        ("acme/web/*", True),
        ("acme", False),
        ("library/*", True),
        ("library/nginx", True),
        ("library", False),
        ("library/nginx/*", False),
        ("acmes/*", False),
    ],
)
def test_a_name_is_taken_if_one_repository_is(name: str, taken: bool) -> None:
    """What lies below a prefix, above a name, or is the same text is taken; what only looks alike is free."""
    ownership = Ownership.of({ProjectId("acme"): [OwnedName("library/nginx")]})
    assert ownership.overlaps(OwnedName(name)) is taken


@given(st.lists(owned, max_size=5), owned)
def test_the_map_agrees_with_the_pairwise_rule(taken: list[OwnedName], name: OwnedName) -> None:
    """The map answers in a few steps what comparing with every claimed pattern would answer."""
    pairwise = any(name.overlaps(other) for other in (own_slice(ACME), *taken))
    assert Ownership.of({ACME: taken}).overlaps(name) == pairwise


@pytest.mark.parametrize(
    ("glob", "reaches"),
    [
        ("acme/web", True),
        ("acme/team-*", True),
        ("*", True),
        ("ac*e/web", True),
        ("*/web", True),
        ("nginx", True),
        ("ngin*", True),
        ("web", False),
        ("acme", False),
        ("acme*web", True),
        ("acmes/*", False),
        ("nginx/*", False),
    ],
)
def test_a_glob_must_fit_something_of_the_project(glob: str, reaches: bool) -> None:
    """`web` where `acme/web` is meant would be a binding that silently gives nothing."""
    names = (OwnedName("acme/*"), OwnedName("nginx"))
    if reaches:
        check_reach([Glob(glob)], names)
    else:
        with pytest.raises(Invalid, match="validate"):
            check_reach([Glob(glob)], names)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web", "acme/web"),
        ("acme/web", "acme/web"),
        ("acme", "acme/acme"),
        ("nginx", "nginx"),
        ("acme/nginx", "acme/nginx"),
        ("library/redis", "library/redis"),
        ("team/web", "acme/team/web"),
    ],
)
def test_a_name_is_meant_within_its_project(text: str, meant: str) -> None:
    """`web` is short for `acme/web`; what a project owns besides is named as it is, and no text reaches another's."""
    ownership = Ownership.of({ACME: [OwnedName("nginx"), OwnedName("library/*")], TEAM: []})
    assert addressed(ACME, text, ownership.owner_of) == meant


@pytest.mark.parametrize("text", ["", "*", "w_%", "../team/web", "web/", "Web", "acme/", "x" * 251, "a\u0000b"])
def test_what_is_no_name_is_refused(text: str) -> None:
    """S14: with the project's id before it or without."""
    with pytest.raises(Invalid):
        addressed(ACME, text, Ownership.of({ACME: []}).owner_of)


def test_no_name_is_meant_in_no_project() -> None:
    """A project that isn't there has no repositories to be asked for."""
    with pytest.raises(NotFound, match="project not found"):
        addressed(ACME, "web", Ownership.of({TEAM: []}).owner_of)
