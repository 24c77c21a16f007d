"""The newest things of a kind: a memory that is bounded by forgetting what was put there longest ago."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Newest(Generic[Key, Value]):
    """At most `most` values, by key; with 0 it keeps none.

    An OrderedDict finds the oldest in one step. A plain dict walks over all that was taken out before it, which cost
    each token more than its look-ups do.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Adds it, or replaces what is there; either way it is the newest."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def take(self, key: Key) -> Value | None:
        """What is there, which then isn't any more."""
        return self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Key]:
        """The oldest first."""
        return iter(self._values)
