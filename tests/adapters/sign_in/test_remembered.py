"""Answers that are remembered: for how long, how many, and under which keys."""

from datetime import timedelta

import pytest

from sidecar.adapters.sign_in.remembered import Remembered
from tests.fakes import HeldClock, RepeatableRandomness

MINUTE = timedelta(minutes=1)


@pytest.fixture
def remembered(clock: HeldClock) -> Remembered[str]:
    return Remembered(clock, RepeatableRandomness(), most=2)


def test_an_answer_ends_to_the_second(remembered: Remembered[str], clock: HeldClock) -> None:
    """At its time, and not with the next look at the clock."""
    key = remembered.key_of("ann", "right")
    remembered.put(key, "yes", clock.now() + MINUTE, good=True)
    clock.advance(seconds=59)
    assert remembered.get(key) == "yes"
    clock.advance(seconds=1)
    assert remembered.get(key) is None


def test_bad_answers_push_out_no_good_one(remembered: Remembered[str], clock: HeldClock) -> None:
    """Whoever guesses passwords makes nobody's right one be checked again."""
    until, right = clock.now() + MINUTE, remembered.key_of("ann", "right")
    remembered.put(right, "yes", until, good=True)
    guesses = [remembered.key_of("ann", f"guess {number}") for number in range(5)]
    for guess in guesses:
        remembered.put(guess, "no", until, good=False)
    assert remembered.get(right) == "yes"
    assert [remembered.get(guess) for guess in guesses] == [None, None, None, "no", "no"]


def test_the_newer_answer_counts(remembered: Remembered[str], clock: HeldClock) -> None:
    """A token that was good and is bad now is bad."""
    key, until = remembered.key_of("x"), clock.now() + MINUTE
    for answer in ("yes", "no", "yes"):
        remembered.put(key, answer, until, good=answer == "yes")
        assert remembered.get(key) == answer
    remembered.forget()
    assert remembered.get(key) is None


def test_keys_are_of_whole_texts_and_of_one_process(clock: HeldClock) -> None:
    """`a`, `bc` is not `ab`, `c`; and what one process keeps says nothing in another."""
    randomness = RepeatableRandomness()
    one, other = Remembered[str](clock, randomness), Remembered[str](clock, randomness)
    assert one.key_of("a", "bc") != one.key_of("ab", "c")
    assert one.key_of("a", "b") == one.key_of("a", "b")
    assert one.key_of("a", "b") != other.key_of("a", "b")
    assert b"bc" not in one.key_of("a", "bc")
