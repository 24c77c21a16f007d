"""The log: one JSON object a line. The last thing that happens to a line is that what looks like a secret is cut out.

Callers log no secrets. The cut is for what they can't see: messages of exceptions, and lines of libraries.
"""

import logging
import re
import sys
from datetime import UTC, datetime
from typing import BinaryIO, Final

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

_SECRET: Final = re.compile(
    rb"(r(?:sk|pt|st|rt)_)[0-9A-Za-z]{8,}"  # what the sidecar gives out
    rb"|\b((?i:basic|bearer)\s+)[A-Za-z0-9+/=._~-]{6,}"  # an Authorization header
    rb"|\b(eyJ)[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+"  # a signed token
)


_MARKS: Final = (b"rsk_", b"rpt_", b"rst_", b"rrt_", b"basic", b"bearer", b"eyj")
"""A line with a secret holds one of these, in lower case. To look for them is much cheaper than the search."""


def configure_logging(level: str, stream: BinaryIO | None = None) -> None:
    """Sends structlog's lines and the standard library's (aiohttp, asyncio) to `stream`, standard error by default."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _stamp,
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(stream or sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_ToStructlog()], force=True)


class _ToStructlog(logging.Handler):
    """Lines of libraries, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _stamp(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line["timestamp"] = datetime.now(UTC)
    return line


def _render(_logger: WrappedLogger, _method: str, line: EventDict) -> bytes:
    return redacted(orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z))


def redacted(line: bytes) -> bytes:
    """The line without what looks like a secret; the kind of secret that it was still shows."""
    lowered = line.lower()
    if not any(mark in lowered for mark in _MARKS):
        return line
    return _SECRET.sub(rb"\1\2\3[redacted]", line)
