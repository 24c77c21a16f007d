"""Lists: a fixed set of orders, a glob on the name, and cursors that say after which item to go on.

A cursor holds the place of the last item in its order, so that what comes and goes between two pages neither repeats
nor hides another item. It is opaque to clients, holds nothing that its list doesn't show, and is checked on return.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

import orjson
from pydantic import Field

from sidecar.domain.errors import Invalid
from sidecar.web.api.bodies import Body
from sidecar.web.api.fields import FilterField, WholeNumber

UNLIMITED: Final = 10_000
"""How many items a list answers where no limit is asked: clients that don't page get all of any usual list."""

Limit = Annotated[WholeNumber, Field(ge=1, le=1000)]
CursorField = Annotated[str, Field(max_length=4096)]

_T = TypeVar("_T")
_Place = tuple[str, str]


class Listing(Body):
    """What every list takes; each adds its own `sort`, whose first order is the one it has anyway."""

    limit: Limit | None = None
    """How many items to answer; without it, up to 10,000."""
    cursor: CursorField | None = None
    """The nextCursor of the page before, with the same sort."""
    filter: FilterField | None = None
    """Only items whose name fits: `*` is any run of characters."""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Orders(Generic[_T]):
    """How a list is sorted and filtered: its unique name, other names that a filter meets, and each order's key."""

    name: Callable[[_T], str]
    keys: Mapping[str, Callable[[_T], str]]
    also: Callable[[_T], str] | None = None

    def page(self, items: Iterable[_T], asked: Listing) -> tuple[list[_T], str | None]:
        """The items of one page, and the cursor of the next one if there is one. Raises Invalid for a bad cursor."""
        key, backwards = self.keys[asked.sort.removeprefix("-")], asked.sort.startswith("-")
        placed = sorted(
            (((key(item), self.name(item)), item) for item in items if self._fits(item, asked)),
            key=lambda each: each[0],
            reverse=backwards,
        )
        if asked.cursor is not None:
            after = _place_of(asked.cursor, asked.sort)
            placed = [each for each in placed if (each[0] < after if backwards else each[0] > after)]
        limit = asked.limit or UNLIMITED
        shown, left = placed[:limit], placed[limit:]
        return [item for _, item in shown], _cursor(asked.sort, shown[-1][0]) if left else None

    def _fits(self, item: _T, asked: Listing) -> bool:
        if asked.filter is None or asked.filter.matches(self.name(item)):
            return True
        return self.also is not None and asked.filter.matches(self.also(item))


def _cursor(sort: str, place: _Place) -> str:
    return base64.urlsafe_b64encode(orjson.dumps((sort, *place))).decode().rstrip("=")


def _place_of(cursor: str, sort: str) -> _Place:
    try:
        made_for, *place = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        key, name = place
    except (binascii.Error, ValueError, TypeError):
        raise Invalid("cursor: is not one that this list gave") from None
    if made_for != sort or not (isinstance(key, str) and isinstance(name, str)):
        raise Invalid("cursor: belongs to another sort")
    return key, name
