"""Counting what anybody can cause, within bounds."""

from datetime import UTC, datetime, timedelta

from sidecar.domain.tally import WINDOW, Counted, Tally

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
Key = tuple[str, int]


def tally(most: int = 100, most_of_one: int = 100) -> Tally[Key]:
    """Keys are a cause and a number; beyond the bounds they are `others`."""
    return Tally(most, most_of_one, lambda key: key[0], lambda _: ("others", 0))


def test_what_is_the_same_is_counted() -> None:
    """Once taken it is counted from nothing."""
    counted = tally()
    for number in range(3):
        counted.note(("a", 1), NOON + number * SECOND)
    assert counted.take() == [Counted(("a", 1), 3, NOON, NOON + 2 * SECOND)]
    assert counted.take() == []
    counted.note(("a", 1), NOON + 3 * SECOND)
    assert counted.take() == [Counted(("a", 1), 1, NOON + 3 * SECOND, NOON + 3 * SECOND)]


def test_one_cause_has_its_share() -> None:
    """However much it causes, there is room for others, and what it caused is still counted."""
    counted = tally(most=100, most_of_one=2)
    for number in range(10):
        counted.note(("loud", number), NOON)
    counted.note(("quiet", 1), NOON)
    assert {each.key: each.count for each in counted.take()} == {
        ("loud", 0): 1,
        ("loud", 1): 1,
        ("others", 0): 8,
        ("quiet", 1): 1,
    }


def test_all_together_are_bounded() -> None:
    """By the number of keys within one window, whether they were taken meanwhile or not."""
    counted = tally(most=10)
    seen = set()
    for number in range(1000):
        counted.note((f"cause {number}", number), NOON)
        if number % 7 == 0:
            seen |= {each.key for each in counted.take()}
    assert len(seen | {each.key for each in counted.take()}) == 11


def test_a_new_window_has_room_again() -> None:
    """What was noted in the one before is still taken."""
    counted = tally(most=1)
    for number in range(3):
        counted.note(("a", number), NOON + number * WINDOW)
    assert [each.key for each in counted.take()] == [("a", 0), ("a", 1), ("a", 2)]


def test_what_could_not_be_written_is_taken_again() -> None:
    """Before what came since; for ever it would grow, so the oldest go."""
    counted = tally(most=2)
    counted.note(("a", 1), NOON)
    taken = counted.take()
    counted.give_back(taken)
    counted.note(("a", 2), NOON)
    assert [each.key for each in counted.take()] == [("a", 1), ("a", 2)]
    counted.give_back([Counted(("a", number), 1, NOON, NOON) for number in range(100)])
    assert len(counted.take()) == 4


def test_what_nobody_wants_to_know_of_is_forgotten() -> None:
    """Where others are None."""
    counted: Tally[Key] = Tally(1, 1, lambda key: key[0], lambda _: None)
    counted.note(("a", 1), NOON)
    counted.note(("b", 2), NOON)
    assert [each.key for each in counted.take()] == [("a", 1)]
