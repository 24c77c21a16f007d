"""`python -m tests.system.cut_short STEP serve -c FILE`: a sidecar that kills itself in the middle of a change.

The steps of a change are counted: each request to the registry before it is sent and after it was answered, and each
transaction before it commits and after; one that is a single visit (decision 25) before it begins and after. At the one
of that number the process gets SIGKILL. It counts what a call of the API does, and nothing that goes on in the
background.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from sidecar.adapters.database.changing import ChangeSession, ChangeStore
from sidecar.adapters.registry.transport import RegistryTransport
from sidecar.cli.main import main
from sidecar.usecases.remove import Remove

_counting: ContextVar[bool] = ContextVar("counting", default=False)


class Steps:
    """Counts down, and kills."""

    def __init__(self, last: int) -> None:
        self._left = last

    def take(self) -> None:
        if _counting.get():
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def cut_short(last: int) -> None:
    steps = Steps(last)
    for name in ("untag", "manifest", "repository"):
        setattr(Remove, name, _counted(getattr(Remove, name)))
    send, changing, remove = RegistryTransport.send, ChangeStore.changing, ChangeStore.remove

    async def counted_send(self: RegistryTransport, *arguments: Any, **named: Any) -> Any:
        steps.take()
        answer = await send(self, *arguments, **named)
        steps.take()
        return answer

    @asynccontextmanager
    async def counted_changing(self: ChangeStore) -> AsyncIterator[ChangeSession]:
        async with changing(self) as tables:
            yield tables
            steps.take()
        steps.take()

    async def counted_remove(self: ChangeStore, *arguments: Any) -> None:
        steps.take()
        await remove(self, *arguments)
        steps.take()

    RegistryTransport.send = counted_send  # type: ignore[method-assign]
    ChangeStore.changing = counted_changing  # type: ignore[method-assign]
    ChangeStore.remove = counted_remove  # type: ignore[assignment,method-assign]


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    async def counted(*arguments: Any) -> None:
        _counting.set(True)
        await method(*arguments)

    return counted


if __name__ == "__main__":
    cut_short(int(sys.argv.pop(1)))
    main()
