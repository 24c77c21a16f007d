"""Ports that nobody listens on, and that nobody gets by chance before a server under test does."""

import secrets
import socket
from typing import Final

_BELOW_EPHEMERAL: Final = range(15_000, 30_000)
"""The kernel hands out higher ones to whoever connects anywhere: a server that starts a second later finds them taken."""


def free_port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    while True:
        port = secrets.choice(_BELOW_EPHEMERAL)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
