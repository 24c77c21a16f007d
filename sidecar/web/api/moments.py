"""Cursors of lists in the order of time: the moment of the last item, and its number among those of one moment."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sidecar.domain.errors import Invalid
from sidecar.web.api.paging import Cursor

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST: Final = 16
"""Digits of the microseconds of any time in ten thousand years, but for the last ones."""


def cursor_of(sort: str, at: datetime, number: int) -> str:
    return str(Cursor(sort, (str((at - _EPOCH) // _MICROSECOND), str(number))))


def place_of(cursor: Cursor, sort: str) -> tuple[datetime, int]:
    """Raises Invalid for what is no cursor of a list in this order."""
    at, number = cursor.place
    if cursor.sort != sort or not (_is_number(at) and _is_number(number)):
        raise Invalid("cursor: is not one that this list gave")
    return _EPOCH + int(at) * _MICROSECOND, int(number)


def _is_number(text: str) -> bool:
    return len(text) <= _LONGEST and text.isascii() and text.isdecimal()
