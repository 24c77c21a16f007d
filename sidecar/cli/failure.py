"""What ends a command with a line for its user instead of a traceback, and the exit codes that scripts go by."""

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with. The numbers are kept: scripts branch on them."""

    DONE = 0
    REFUSED = 1
    """It could not be done, or a rule forbids it."""
    USAGE = 2
    """What was typed, sent or configured is wrong: the same again will fail again."""
    DENIED = 3
    """No credentials, none that count, or a permission is missing."""
    NOT_FOUND = 4
    """What was named isn't there, or isn't for the caller to see."""
    UNAVAILABLE = 5
    """The sidecar or the registry did not answer as it should: later it may."""


class Failure(Exception):
    """What went wrong and what to do about it, for the person at the terminal; `items` is the evidence, a line each."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.REFUSED, items: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.items = tuple(items)
