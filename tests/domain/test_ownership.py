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
