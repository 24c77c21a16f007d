"""Programs that quickstart runs: their logs, their ends, and that none outlives it."""

import asyncio
import os
from pathlib import Path

import pytest

from sidecar.cli.quickstart import processes
from sidecar.cli.quickstart.processes import running, tail


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_program_ends_with_the_block(tmp_path: Path) -> None:
    """However the block ends, the program has ended before it is left."""
    with pytest.raises(ZeroDivisionError):
        async with running("sleeper", ["sleep", "60"], tmp_path / "log", os.environ) as program:
            raise ZeroDivisionError
    assert not alive(program.process.pid)


async def test_one_that_ignores_the_request_is_made_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that hangs on SIGTERM doesn't hang us."""
    monkeypatch.setattr(processes, "_STOP_SECONDS", 0.2)
    stubborn = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
    async with running("stubborn", stubborn, tmp_path / "log", os.environ) as program:
        while "ready" not in tail(program.log):  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.01)
    assert not alive(program.process.pid)


async def test_an_early_end_is_told_with_the_log(tmp_path: Path) -> None:
    """Who it was, its exit code, where its log is, and what stood last in it."""
    script = ["sh", "-c", "echo 'configuration error: no such file' >&2; exit 3"]
    async with running("registry", script, tmp_path / "registry.log", os.environ) as program:
        told = await program.ended()
    assert told == (
        f"the registry ended with exit code 3; the end of {tmp_path}/registry.log:\n  configuration error: no such file"
    )


@pytest.mark.parametrize("earlier", [True, False])
async def test_a_log_is_its_owners_alone(tmp_path: Path, earlier: bool) -> None:
    """S12: a registry's log holds the secret of its notifications; one from before is closed to others, too."""
    log = tmp_path / "log"
    if earlier:
        log.write_text("from before\n")
        log.chmod(0o644)
    async with running("registry", ["true"], log, os.environ) as program:
        await program.ended()
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.read_text() == ("from before\n" if earlier else "")


def test_a_long_log_is_cut_to_its_end(tmp_path: Path) -> None:
    """Fifteen lines are enough to see why."""
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert tail(log).splitlines() == [f"  line {number}" for number in range(99_985, 100_000)]
