"""Text on its way to a terminal."""

from sidecar.cli.terminal import printable


def test_what_others_wrote_does_not_reach_the_terminal() -> None:
    """S10: escapes, bells and direction marks are shown as what they are."""
    assert printable("a\x1b[2J\x07é\u202eb\nc") == "a\\x1b[2J\\x07é\\u202eb\nc"
