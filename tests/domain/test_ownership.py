"""Whether a name may still be claimed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.names import ProjectId
from sidecar.domain.ownership import OwnedName, Ownership, own_slice

_NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
_OWNED = st.builds(lambda name, below: OwnedName(f"{name}/*" if below else name), _NAMES, st.booleans())


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


@given(st.lists(_OWNED, max_size=5), _OWNED)
def test_the_map_agrees_with_the_pairwise_rule(owned: list[OwnedName], name: OwnedName) -> None:
    """The map answers in a few steps what comparing with every claimed pattern would answer."""
    project = ProjectId("zzz")
    pairwise = any(name.overlaps(other) for other in (own_slice(project), *owned))
    assert Ownership.of({project: owned}).overlaps(name) == pairwise


_SIDS = st.sampled_from([ProjectId("aaa"), ProjectId("bbb"), ProjectId("ccc")])
_STEPS = st.lists(st.tuples(_SIDS, st.none() | st.lists(_OWNED, max_size=3)), max_size=12)


def _disjoint(projects: dict[ProjectId, list[OwnedName]]) -> bool:
    names = [(sid, name) for sid, owned in projects.items() for name in owned]
    return not any(a != b and x.overlaps(y) for a, x in names for b, y in names)


@given(_STEPS, _OWNED)
def test_a_map_that_followed_changes_is_a_fresh_one(
    steps: list[tuple[ProjectId, list[OwnedName] | None]], name: OwnedName
) -> None:
    """Adding, replacing and removing projects one by one ends where reading the result anew would."""
    followed, projects = Ownership(), dict[ProjectId, list[OwnedName]]()
    for sid, owned in steps:
        if owned is None:
            projects.pop(sid, None)
            followed.remove(sid)
        elif _disjoint({**projects, sid: owned}):
            projects[sid] = owned
            followed.put(sid, owned)
    fresh = Ownership.of(projects)
    assert (followed.owner_of(name), followed.overlaps(name)) == (fresh.owner_of(name), fresh.overlaps(name))


@pytest.mark.parametrize("giver_first", [True, False])
def test_a_name_passes_between_projects_in_any_order(giver_first: bool) -> None:
    """Whether the giver or the taker is put first, the taker owns the name in the end."""
    giver, taker, nginx = ProjectId("aaa"), ProjectId("bbb"), OwnedName("nginx")
    ownership = Ownership.of({giver: [nginx], taker: []})
    changes: list[tuple[ProjectId, list[OwnedName]]] = [(giver, []), (taker, [nginx])]
    for sid, owned in changes if giver_first else reversed(changes):
        ownership.put(sid, owned)
    assert ownership.owner_of("nginx") == taker
