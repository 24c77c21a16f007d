"""How many things of one kind there may be in one place: who may make them can't fill the memory (S30, decision 33)."""

from dataclasses import dataclass
from typing import Final

from sidecar.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Bound:
    """At most so many; `noun` is their plural."""

    most: int
    noun: str

    def check(self, place: str, known: int) -> None:
        """Refused where there is no room for one more than are known in this place, such as `acme`."""
        if known >= self.most:
            code = f"too_many_{self.noun.replace(' ', '_')}"
            raise Refused(code, f"api: too many {self.noun}", (f"{place} has {known}, and at most {self.most} fit",))


ROLES: Final = Bound(100, "roles")
"""A project's own."""
SERVICE_ACCOUNTS: Final = Bound(1000, "service accounts")
"""Of one project."""
BINDINGS: Final = Bound(2000, "bindings")
"""On one project, and on every project."""
PROJECTS: Final = Bound(100, "projects")
"""Made by one person who isn't an administrator."""
