"""The machine's clock and randomness."""

import re

from sidecar.adapters.system import SystemClock, SystemRandomness


def test_time_has_its_zone() -> None:
    """Times without one break clients, and comparisons."""
    assert SystemClock().now().utcoffset() is not None


def test_identifiers_never_repeat() -> None:
    """TS-63: each token has its own, also beyond what is drawn at once."""
    randomness = SystemRandomness()
    drawn = [randomness.identifier() for _ in range(2000)]
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch("[0-9a-f]{32}", identifier) for identifier in drawn)


def test_two_sources_share_no_identifiers() -> None:
    """What is drawn in advance belongs to one source."""
    one, other = SystemRandomness(), SystemRandomness()
    assert not {one.identifier() for _ in range(300)} & {other.identifier() for _ in range(300)}
