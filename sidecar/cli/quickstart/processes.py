"""Programs that quickstart runs beside itself: each with a log file of its own, stopped together."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_STOP_SECONDS: Final = 20.0
_TAIL_LINES: Final = 15
_TAIL_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """A running program: its name in messages, and the file that takes what it writes."""

    name: str
    log: Path
    process: asyncio.subprocess.Process

    async def ended(self) -> str:
        """Waits for its end; then what to tell: the exit code and the tail of its log."""
        code = await self.process.wait()
        return f"the {self.name} ended with exit code {code}; the end of {self.log}:\n{tail(self.log)}"


@asynccontextmanager
async def running(
    name: str, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]
) -> AsyncIterator[Program]:
    """Runs a program while the block does. At its end the program is asked to stop, and made to if it doesn't.

    It has a session of its own: Ctrl-C at the terminal reaches us alone, and we say when it stops.
    """
    with _private(log) as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    try:
        yield Program(name, log, process)
    finally:
        await _stop(process)


def _private(log: Path) -> BinaryIO:
    """The log, for its owner's eyes alone: a registry writes the secret of its notifications into its own (S12)."""
    log.touch(mode=0o600)
    log.chmod(0o600)
    return log.open("ab")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def tail(log: Path) -> str:
    """The last lines of a log file."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])
