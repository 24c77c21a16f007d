"""A memory that is bounded by age: what is kept, and what is forgotten."""

from sidecar.domain.newest import Newest


def test_the_oldest_goes_first() -> None:
    """What was put there again is new again."""
    newest = Newest[str, int](2)
    for number, key in enumerate(("a", "b", "a", "c")):
        newest.put(key, number)
    assert [(key, newest.get(key)) for key in newest] == [("a", 2), ("c", 3)]


def test_what_is_taken_is_gone() -> None:
    """And leaves its room to others."""
    newest = Newest[str, int](1)
    newest.put("a", 1)
    assert (newest.take("a"), newest.take("a"), len(newest)) == (1, None, 0)


def test_none_is_kept_where_none_may_be() -> None:
    """How a memory is turned off."""
    newest = Newest[str, int](0)
    newest.put("a", 1)
    assert (newest.get("a"), len(newest)) == (None, 0)
