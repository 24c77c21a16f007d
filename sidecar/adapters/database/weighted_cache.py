"""A cache that is bounded by the weight of what it holds, not by the number of its entries."""

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class WeightedCache(Generic[Key, Value]):
    """Forgets everything when an entry would take it beyond its bound: cheap, and rare where the bound is generous."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._weight = 0
        self._entries: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        return self._entries.get(key)

    def put(self, key: Key, value: Value, weight: int) -> None:
        """For a key that isn't there. One that is heavier than the bound is held alone."""
        if self._weight + weight > self._bound:
            self.clear()
        self._weight += weight
        self._entries[key] = value

    def clear(self) -> None:
        self._entries.clear()
        self._weight = 0
