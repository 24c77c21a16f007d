"""Times in tokens and answers: seconds since 1970, as JSON has them."""

import math
from datetime import UTC, datetime
from typing import Final

from sidecar.adapters.sign_in.people import Refused

_LAST: Final = 253_402_300_000
"""The end of the year 9999, which is all that a datetime holds."""


def moment(name: str, value: object) -> datetime | None:
    """The time that this claim tells, None where there is none; Refused where it is no time."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(f"its {name} is no time")
    if not 0 <= value < _LAST:
        raise Refused(f"its {name} is no time")
    return datetime.fromtimestamp(value, UTC)
