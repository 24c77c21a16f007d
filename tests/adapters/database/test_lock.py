"""The lock file: one process at a time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecar.adapters.database import DatabaseInUse, DatabaseUnusable
from sidecar.adapters.database.lock import held_lock

HOLD = """
import sys, time
from pathlib import Path
from sidecar.adapters.database.lock import held_lock
with held_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process_holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused(path: Path) -> None:
    """The error names the file, the process that has it, and what to do."""
    with another_process_holding(path) as process, pytest.raises(DatabaseInUse) as refused, held_lock(path):
        pass
    told = str(refused.value)
    assert [part in told for part in (str(path), f"process {process.pid}", "stop that one")] == [True] * 3


def test_a_killed_process_holds_nothing(path: Path) -> None:
    """The kernel frees the lock, so nobody has to remove a file by hand."""
    with another_process_holding(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with held_lock(path):
            assert path.with_name("sidecar.db.lock").read_text() == f"{os.getpid()}\n"


def test_a_freed_lock_can_be_taken_again(path: Path) -> None:
    """Also after a block that raised."""
    with pytest.raises(KeyError), held_lock(path):
        raise KeyError
    with held_lock(path):
        pass


def test_the_lock_is_not_inherited(path: Path) -> None:
    """A child process that lives on doesn't keep the database from the next server."""
    with held_lock(path):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with held_lock(path):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    """With the path of the database, not as a bare error of the system."""
    with pytest.raises(DatabaseUnusable, match="No such file"), held_lock(tmp_path / "missing" / "sidecar.db"):
        pass
