"""The lock file beside the database: one process at a time. The kernel frees it however the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.adapters.database.errors import DatabaseInUse, DatabaseUnusable


@contextmanager
def held_lock(database: Path) -> Iterator[None]:
    """Holds `<database>.lock`, which names the holder's process id; raises DatabaseInUse where another has it.

    The file stays when the lock is freed: removing it could give two processes a lock on two files of one name.
    """
    descriptor = _opened(database.with_name(f"{database.name}.lock"))
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseInUse(database, _holder(descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DatabaseUnusable(path, error) from error


def _holder(descriptor: int) -> str:
    """The holder's process id; it may have had no time to write it yet."""
    return os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
