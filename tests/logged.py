"""What the process logs while a test runs."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from sidecar.adapters.logs import configure_logging


@dataclass(frozen=True, slots=True)
class Logged:
    stream: io.BytesIO = field(default_factory=io.BytesIO)

    @property
    def text(self) -> str:
        return self.stream.getvalue().decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.text.splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@contextmanager
def logging_to_memory(level: str = "info", gather_seconds: float = 0.0) -> Iterator[Logged]:
    """The logging that `serve` sets up, into memory; at the end it is as it was."""
    logged, root = Logged(), logging.getLogger()
    before = (root.level, root.handlers[:])
    configure_logging(level, logged.stream, gather_seconds)
    try:
        yield logged
    finally:
        structlog.reset_defaults()
        root.level, root.handlers = before
