"""A cache bounded by weight."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.adapters.database.weighted_cache import WeightedCache


def test_what_was_put_is_there() -> None:
    """Until there is no room for more."""
    cache = WeightedCache[str, int](3)
    cache.put("a", 1, weight=1)
    cache.put("b", 2, weight=2)
    assert [cache.get(key) for key in "abc"] == [1, 2, None]


def test_cleared_it_has_room_again() -> None:
    """Entries from before weigh nothing any more."""
    cache = WeightedCache[str, int](3)
    for _ in range(2):
        cache.put("a", 1, weight=3)
        cache.clear()
    cache.put("b", 2, weight=1)
    cache.put("c", 3, weight=2)
    assert [cache.get(key) for key in "abc"] == [None, 2, 3]


@given(st.lists(st.integers(1, 7), max_size=30))
def test_it_never_outweighs_its_bound(weights: list[int]) -> None:
    """And the newest entry is always there."""
    cache = WeightedCache[int, int](10)
    for number, weight in enumerate(weights):
        cache.put(number, weight, weight)
        held = [cache.get(key) or 0 for key in range(len(weights))]
        assert (sum(held) <= 10, held[number]) == (True, weight)
