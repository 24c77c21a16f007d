"""Work that must reach its end although its caller is cancelled."""

import asyncio

import pytest

from sidecar.adapters.database.completion import to_the_end


class Failed(Exception):
    """What the work raises."""


async def test_the_result_comes_back() -> None:
    """Without a cancellation it is a plain await."""
    assert await to_the_end(asyncio.sleep(0, "done")) == "done"


async def test_an_error_comes_back() -> None:
    """What the work raises, the caller gets."""

    async def fail() -> None:
        raise Failed

    with pytest.raises(Failed):
        await to_the_end(fail())


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_caller_waits_for_the_end(times: int) -> None:
    """However often it is cancelled; then it is cancelled indeed."""
    may_end, log = asyncio.Event(), []

    async def work() -> None:
        await may_end.wait()
        log.append("ended")

    task = asyncio.create_task(to_the_end(work()))
    for _ in range(times):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    log.append("still there" if not task.done() else "gone")
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["still there", "ended"]
