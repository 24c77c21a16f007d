"""Cuts a statement into pages by place: an order from a fixed set, and where in it to go on. Holds no table's names.

Text from users is a parameter or is matched in Python, so that no character of it widens a match (S14, S24).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sidecar.adapters.database.driver import Row, Value
from sidecar.domain.names import NameFilter
from sidecar.ports.browsing import Listed, Place, Slice

PORTION: Final = 1000
"""Rows read at a time once it shows that not every row fits."""

_AFTER_EVERY_NAME: Final = "\x7f"
"""Stands behind every character of a name or a tag, which are ASCII."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PagedStatement:
    """`select` ends in a WHERE clause about `$1`; `name` is a unique column; each order is a column's name."""

    select: str
    name: str
    orders: Mapping[str, str]

    def page(self, scope: Value, asked: Slice, after: Place | None, count: int) -> tuple[str, list[Value]]:
        """The statement of one page, and its parameters."""
        order, backwards = self.orders[asked.order], " DESC" if asked.backwards else ""
        keys = (self.name,) if order == self.name else (order, self.name)
        sql, parameters = self.select, [scope]
        head = "" if asked.filter is None else asked.filter.partition("*")[0]
        if head:
            sql += f"   AND {self.name} >= $2 AND {self.name} < $3\n"
            parameters += [head, head + _AFTER_EVERY_NAME]
        if after is not None:
            place = after[-len(keys) :]
            placeholders = (f"${len(parameters) + number}" for number in range(1, len(keys) + 1))
            sql += f"   AND ({', '.join(keys)}) {'<' if asked.backwards else '>'} ({', '.join(placeholders)})\n"
            parameters += place
        sql += f" ORDER BY {', '.join(key + backwards for key in keys)}\n LIMIT ${len(parameters) + 1}"
        return sql, [*parameters, count]


async def listed(
    asked: Slice,
    fits: Callable[[str], bool] | None,
    rows_after: Callable[[Place | None, int], Awaitable[Sequence[Row]]],
    place_of: Callable[[Row], Place],
    make: Callable[[Row], _T],
) -> Listed[_T]:
    """The slice of what fits, read in portions until it is full."""
    count = asked.limit + 1
    found: list[Row] = []
    after = asked.after
    while True:
        rows = await rows_after(after, count)
        found += rows if fits is None else [row for row in rows if fits(place_of(row)[1])]
        if len(found) > asked.limit:
            shown = found[: asked.limit]
            return Listed([make(row) for row in shown], place_of(shown[-1]))
        if len(rows) < count:
            return Listed([make(row) for row in found], None)
        after, count = place_of(rows[-1]), max(count, PORTION)


def both(one: Callable[[str], bool] | None, other: Callable[[str], bool] | None) -> Callable[[str], bool] | None:
    """What both let through; None lets everything."""
    if one is None or other is None:
        return one or other
    return lambda name: one(name) and other(name)


def matcher(asked: NameFilter | None) -> Callable[[str], bool] | None:
    """What a filter lets through; None where it lets everything."""
    return None if asked is None or asked == "*" else asked.matches
