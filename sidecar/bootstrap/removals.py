"""What changes the registry, and the background work that sees each change through to its end (decision 8)."""

from typing import Final

from sidecar.adapters.background import Repeating
from sidecar.adapters.removals import LoggedRemovals
from sidecar.bootstrap.core import Core
from sidecar.usecases.empty_repository import EmptyRepository
from sidecar.usecases.remove import Remove

_CONCLUDE_SECONDS: Final = 5.0
"""How soon it is found out how a change at the registry has ended that was cut off."""
_PUT_BACK_SECONDS: Final = 1.0
"""How soon a push is put back that went with the tag that it was pushed under."""


def removing(core: Core) -> Remove:
    """The use case that the management API removes with."""
    empty = EmptyRepository(core.changes, core.registry, core.clock, LoggedRemovals(core.clock))
    return Remove(core.changes, core.registry, empty, core.access, core.clock, core.randomness)


def removal_work(remove: Remove) -> tuple[Repeating, ...]:
    """What goes on with removals after their answer, or in place of one that was cut off."""
    return (
        Repeating("changes that were cut off", _CONCLUDE_SECONDS, remove.conclude),
        Repeating("pushes that overlapped", _PUT_BACK_SECONDS, remove.put_back),
    )
