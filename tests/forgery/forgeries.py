"""What a forgery is: its name, how it is made, and which lines of registries take it as the token that it was made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tests.forgery.material import Material

Line = Literal["2", "3"]
Needs = Literal["nothing of ours", "a token of ours", "the leaf's key", "the CA's key"]
Maker = Callable[[Material], str]

BOTH: Final[frozenset[Line]] = frozenset(("2", "3"))
NEITHER: Final[frozenset[Line]] = frozenset()


@dataclass(frozen=True, slots=True)
class Forgery:
    """`makes` gives the forged text. `taken_by` names the lines that take it, for no more than what we signed."""

    name: str
    needs: Needs
    makes: Maker
    taken_by: frozenset[Line]


class Forgeries:
    """Collects them: each function that makes one is registered under a name in words."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._made: list[Forgery] = []

    def __call__(self, name: str, *lines: Line) -> Callable[[Maker], Maker]:
        """Registers a maker; `lines` are those whose registries take what it makes."""

        def register(makes: Maker) -> Maker:
            self._made.append(Forgery(name, self._needs, makes, frozenset(lines)))
            return makes

        return register

    def __iter__(self) -> Iterator[Forgery]:
        return iter(self._made)
