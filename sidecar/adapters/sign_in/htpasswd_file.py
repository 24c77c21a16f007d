"""The file of user names and bcrypt hashes that a registry signs people in by; read again whenever it changes."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 1024 * 1024
HIGHEST_COST: Final = 14
"""Some second of a processor. A file with a higher one would let one login hold up all others."""
_BCRYPT: Final = re.compile(rb"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")


class HtpasswdError(Exception):
    """The file can't be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Entries:
    """The hashes by user name, the highest cost among them, and what is wrong with lines that were left out."""

    hashes: dict[str, bytes]
    cost: int
    faults: tuple[str, ...]


_State = tuple[int, int, int, int]


class HtpasswdFile:
    """`entries` are those of the file as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state: _State | None = None
        self._entries = Entries({}, 0, ())

    def entries(self) -> tuple[Entries, bool]:
        """What the file holds, and whether it was read anew. Raises HtpasswdError."""
        try:
            state = _state(self.path)
            if state == self._state:
                return self._entries, False
            self._state = None
            with self.path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise HtpasswdError(f"{self.path}: can't be read: {error.strerror or error}") from None
        if len(content) > MOST_BYTES:
            raise HtpasswdError(f"{self.path}: is larger than {MOST_BYTES} bytes")
        self._entries, self._state = parse(content), state
        return self._entries, True


def _state(path: Path) -> _State:
    """What differs after each change of the file. One that everybody can write signs everybody in."""
    found = path.stat()
    if found.st_mode & stat.S_IWOTH:
        raise HtpasswdError(f"{path}: everybody can change it; `chmod o-w {path}`")
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def parse(content: bytes) -> Entries:
    """The lines `name:hash`; empty ones and comments say nothing. Only bcrypt counts, as for the registry itself."""
    hashes, costs, faults = dict[str, bytes](), list[int](), list[str]()
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        name, fault = _name_of(text, hashes)
        found = _BCRYPT.fullmatch(text.partition(b":")[2])
        if fault is None and found is None:
            fault = "its hash is not bcrypt's; make it with `htpasswd -B`"
        if fault is None and found is not None and not 4 <= int(found[1]) <= HIGHEST_COST:
            fault = f"its bcrypt cost is not within 4 and {HIGHEST_COST}"
        if fault is not None:
            faults.append(f"line {number}: {fault}")
        elif found is not None:
            hashes[name] = found[0]
            costs.append(int(found[1]))
    return Entries(hashes, max(costs, default=0), tuple(faults))


def _name_of(line: bytes, known: dict[str, bytes]) -> tuple[str, str | None]:
    """The user's name, and what is wrong with it."""
    name, colon, _ = line.partition(b":")
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return "", "its name is not UTF-8"
    if not colon or not text:
        return text, "it is not name:hash"
    return text, "the name stands in an earlier line, which counts" if text in known else None
