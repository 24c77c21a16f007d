"""Lists: a fixed set of orders, a glob on the name, and cursors that say after which item to go on.

A cursor holds the place of the last item in its order, so that what comes and goes between two pages neither repeats
nor hides another item. It is opaque to clients, holds nothing that its list doesn't show, and is checked on return.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Generic, Self, TypeVar

import orjson

from sidecar.domain.errors import Invalid
from sidecar.web.api.bodies import Body
from sidecar.web.api.fields import FilterField, Made, Whole

UNLIMITED: Final = 10_000
"""How many items a list answers where no limit is asked: clients that don't page get all of any usual list."""

Limit = Annotated[int, Whole(1, 1000)]

_T = TypeVar("_T")
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of the last item shown, in a list's order: `sort` names both."""

    sort: str
    place: _Place

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps((self.sort, *self.place))).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises Invalid for what is no cursor."""
        try:
            sort, key, name = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        except (binascii.Error, ValueError, TypeError):
            raise Invalid("cursor: is not one that a list gave") from None
        if not all(isinstance(part, str) for part in (sort, key, name)):
            raise Invalid("cursor: is not one that a list gave")
        return cls(sort, (key, name))


CursorField = Annotated[Cursor, Made(Cursor.read, 4096, pattern=r"[A-Za-z0-9_-]+", format="cursor")]


class Listing(Body):
    """What every list takes; each adds its own `sort`, whose first order is the one it has anyway."""

    limit: Limit | None = None
    """How many items to answer; without it, up to 10,000."""
    cursor: CursorField | None = None
    """The nextCursor of the page before, with the same sort."""
    filter: FilterField | None = None
    """Only items whose name fits; `*` is any run of characters."""
    sort: str = ""
    """The order; `-` turns it round."""

    @property
    def order(self) -> str:
        """This list in this order: a place in another means nothing here."""
        return f"{type(self).__name__} {self.sort}"

    def place(self) -> tuple[str, str] | None:
        """Where to go on. Raises Invalid for the cursor of another list, or of this one in another order."""
        if self.cursor is None:
            return None
        if self.cursor.sort != self.order:
            raise Invalid("cursor: belongs to another list, or to another sort")
        return self.cursor.place


@dataclass(frozen=True, slots=True)
class Orders(Generic[_T]):
    """How a list is sorted and filtered: its unique name, other names that a filter meets, and each order's key."""

    name: Callable[[_T], str]
    keys: Mapping[str, Callable[[_T], str]]
    also: Callable[[_T], str] | None = None

    def page(self, items: Iterable[_T], asked: Listing) -> tuple[list[_T], str | None]:
        """The items of one page, and the cursor of the next one if there is one."""
        after = asked.place()
        key, backwards = self.keys[asked.sort.removeprefix("-")], asked.sort.startswith("-")
        placed = sorted(
            (((key(item), self.name(item)), item) for item in items if self._fits(item, asked)),
            key=lambda each: each[0],
            reverse=backwards,
        )
        if after is not None:
            placed = [each for each in placed if (each[0] < after if backwards else each[0] > after)]
        limit = asked.limit or UNLIMITED
        shown, left = placed[:limit], placed[limit:]
        return [item for _, item in shown], str(Cursor(asked.order, shown[-1][0])) if left else None

    def _fits(self, item: _T, asked: Listing) -> bool:
        if asked.filter is None or asked.filter.matches(self.name(item)):
            return True
        return self.also is not None and asked.filter.matches(self.also(item))
