"""Why a database can't be opened. Each message says what to do; faults while it is open become `Unavailable`."""

from pathlib import Path


class DatabaseError(Exception):
    """The database can't be used as it is."""


class DatabaseUnusable(DatabaseError):
    """The file can't be opened, read or written, or isn't a database of this program."""

    def __init__(self, path: Path, cause: BaseException) -> None:
        super().__init__(f"{path}: can't be used as the database: {cause}")


class SqliteTooOld(DatabaseError):
    """The SQLite that Python was built with lacks what the statements use."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(f"SQLite {needed} or newer is needed and this Python has {found}: use another build of Python")


class DatabaseInUse(DatabaseError):
    """Another process holds the lock file."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path}: in use by process {holder}. One process at a time may open it: "
            f"stop that one first, or give this one another database.path"
        )


class DatabaseTooNew(DatabaseError):
    """The database was migrated by a newer program."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the database is at migration {found:04} and this program knows only {known:04}: "
            f"run the newer program, or restore the copy that it made before migrating"
        )


class MigrationFailed(DatabaseError):
    """A migration broke off; its transaction was rolled back, those before it stay."""

    def __init__(self, name: str, cause: Exception) -> None:
        super().__init__(f"migration {name} failed and was rolled back: {cause}")
