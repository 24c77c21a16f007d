"""What `sidecar check` says of one thing that it looked at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: good, worth knowing, or wrong, in which case it says what to do."""

    level: Literal["good", "note", "wrong"]
    text: str
