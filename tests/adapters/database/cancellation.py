"""Cancels a task at one chosen pause, so that a test can try them all."""

import asyncio
import itertools
import types
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


@types.coroutine
def cancelled_at(pause: int, coroutine: Coroutine[Any, None, None]) -> Generator[Any, None, None]:
    """Runs the coroutine, and cancels its task at its n-th pause, counted from 0."""
    resume = partial(coroutine.send, None)
    for count in itertools.count():
        try:
            pending = resume()
        except StopIteration:
            return
        if count == pause:
            _cancel_this_task()
        try:
            yield pending
            resume = partial(coroutine.send, None)
        except BaseException as error:  # noqa: BLE001 - handed on to the coroutine
            resume = partial(coroutine.throw, error)


def _cancel_this_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
