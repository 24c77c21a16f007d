"""What ends a command with one line for its user instead of a traceback."""


class Failure(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal. Ends the command with 1."""
