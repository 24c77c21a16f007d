"""How much may disappear from the index without a person having seen it (decision 2).

A registry that was started on the wrong storage answers honestly that it hasn't what the index holds.
"""

from typing import Final

LEAST_REMOVALS: Final = 50
LARGEST_SHARE: Final = 0.05


def is_too_much(removals: int, tags: int) -> bool:
    """At least so many, and more than this share of all tags."""
    return removals >= LEAST_REMOVALS and removals > LARGEST_SHARE * tags
