"""The log of access changes: whether it can tell what a memory has missed."""

import pytest

from sidecar.adapters.database.access_log import LogState


@pytest.mark.parametrize(
    ("oldest", "newest", "generation", "reaches"),
    [
        (3, 9, 5, True),
        (3, 9, 2, True),
        (3, 9, 1, False),
        (3, 9, -1, False),
        (3, 9, 9, True),
        (3, 9, 10, False),
        (None, 9, 8, False),
        (None, 0, -1, False),
    ],
)
def test_it_reaches_back_where_nothing_is_missing(
    oldest: int | None, newest: int, generation: int, reaches: bool
) -> None:
    """The generation after the memory's must be there; a memory from the future belongs to another past."""
    assert LogState(newest, oldest).reaches_back_to(generation) is reaches
