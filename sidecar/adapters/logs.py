"""The log: one JSON object a line. The last thing that happens to a line is that what looks like a secret is cut out.

Callers log no secrets. The cut is for what they can't see: messages of exceptions, and lines of libraries.

A server gathers its lines for a moment, because a write for each request costs as much as signing a token. Warnings and
what is worse are written at once, with all that came before them. Only a process that is killed loses that moment.
"""

import asyncio
import atexit
import logging
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO, Final

import orjson
import structlog
from structlog.typing import EventDict

from sidecar.domain.secrets import SecretKind

_MOST_GATHERED: Final = 32
"""Lines: some ten kilobytes. More would cost more than their writes, in memory that is new to the processor."""

_REQUEST: Final = "request"
_ISSUED: Final = tuple(f"{kind}_".encode() for kind in SecretKind)
_SECRET: Final = re.compile(
    rb"(" + b"|".join(_ISSUED) + rb")[0-9A-Za-z]{8,}"  # what the sidecar gives out
    rb"|\b((?i:basic|bearer)\s+)[A-Za-z0-9+/=._~-]{6,}"  # an Authorization header
    rb"|\b(eyJ)[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+"  # a signed token
)
_SIGNS: Final = (*_ISSUED, b"basic", b"bearer", b"eyj")


def configure_logging(level: str, stream: BinaryIO | None = None, gather_seconds: float = 0.0) -> None:
    """Sends structlog's lines and the standard library's (aiohttp, asyncio) to `stream`, standard error by default.

    With `gather_seconds`, lines below a warning that are logged inside a running loop may wait that long.
    """
    lines = _Lines(stream or sys.stderr.buffer, gather_seconds)
    if gather_seconds:
        atexit.register(lines.write_out)
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.format_exc_info],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_ToStructlog()], force=True)


def request_lines() -> Callable[..., None]:
    """What takes the fields of a line for a request, as `configure_logging` had it when this was called.

    They go past structlog, whose own steps cost each request as much as all the rest of its line.
    """
    lines, log = structlog.get_config()["logger_factory"](), structlog.get_logger()
    if not isinstance(lines, _Lines):
        return partial(log.info, _REQUEST)
    return partial(lines.info, event=_REQUEST) if log.is_enabled_for(logging.INFO) else _unwritten


def _unwritten(**_: Any) -> None:
    """For lines below the level."""


class _Lines:
    """Where lines go; its methods are named by their levels, as structlog wants it. They are rendered when written."""

    def __init__(self, stream: BinaryIO, gather_seconds: float) -> None:
        self._stream = stream
        self._gather_seconds = gather_seconds
        self._gathered: list[EventDict] = []
        self._awaited = False
        self._lock = threading.Lock()

    def debug(self, **line: Any) -> None:
        self._gather("debug", line)

    def info(self, **line: Any) -> None:
        self._gather("info", line)

    def warning(self, **line: Any) -> None:
        self._write("warning", line)

    def error(self, **line: Any) -> None:
        self._write("error", line)

    def critical(self, **line: Any) -> None:
        self._write("critical", line)

    def write_out(self) -> None:
        with self._lock:
            lines, self._gathered = self._gathered, []
            if lines:
                self._put(redacted(b"".join(_rendered(line) for line in lines)))

    def _put(self, text: bytes) -> None:
        """A log that can't be written (its disk is full, its reader gone) loses lines, and takes no login down."""
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()

    def _gather(self, level: str, line: EventDict) -> None:
        self._stamp(level, line)
        self._awaited = self._awaited or self._write_later()
        if not self._awaited or len(self._gathered) >= _MOST_GATHERED:
            self.write_out()

    def _write(self, level: str, line: EventDict) -> None:
        self._stamp(level, line)
        self.write_out()

    def _stamp(self, level: str, line: EventDict) -> None:
        line["level"] = level
        line["timestamp"] = datetime.now(UTC)
        self._gathered.append(line)

    def _write_later(self) -> bool:
        """Whether that could be arranged: there must be a loop to see to it."""
        if not self._gather_seconds:
            return False
        try:
            asyncio.get_running_loop().call_later(self._gather_seconds, self._in_time)
        except RuntimeError:
            return False
        return True

    def _in_time(self) -> None:
        self._awaited = False
        self.write_out()


class _ToStructlog(logging.Handler):
    """Lines of libraries, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _rendered(line: EventDict) -> bytes:
    return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def redacted(line: bytes) -> bytes:
    """The line, or several, without what looks like a secret; the kind of secret that it was still shows."""
    return _SECRET.sub(rb"\1\2\3[redacted]", line) if _is_suspect(line.lower()) else line


def _is_suspect(line: bytes) -> bool:
    """Whether this line in lower case holds what each secret begins with: much cheaper to ask than to search."""
    return any(sign in line for sign in _SIGNS)
