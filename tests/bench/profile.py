"""Where the server's time goes: the profiler's seconds, summed by what the code belongs to."""

import pstats
from pathlib import Path
from typing import Any, Final

_OWNERS: Final = (
    ("cryptography", "signing (cryptography)"),
    ("ECPrivateKey", "signing (cryptography)"),
    ("sidecar/", "the sidecar's own code"),
    ("structlog", "the log line"),
    ("_io.FileIO", "the log line"),
    ("prometheus_client", "metrics"),
    ("orjson", "JSON"),
    ("aiohttp", "aiohttp"),
    ("multidict", "aiohttp"),
    ("yarl", "aiohttp"),
    ("asyncio", "asyncio and sockets"),
    ("socket", "asyncio and sockets"),
    ("contextvars", "asyncio and sockets"),
    ("epoll", "asyncio and sockets"),
)
"""The first that a function's place or name contains says whose it is."""

_STARTUP: Final = (
    "importlib",
    "builtins.compile",
    "builtins.exec",
    "marshal",
    "__build_class__",
    "pydantic",
    "ssl.py",
    "_ssl.",
    "re/_",
)


def shares(profile: Path) -> dict[str, float]:
    """Percent of the time by owner, largest first; start-up and waiting are left out."""
    statistics: Any = pstats.Stats(str(profile))
    seconds: dict[str, float] = {}
    for (file, _, function), (_, _, own, _, _) in statistics.stats.items():
        place = f"{file} {function}"
        if not any(part in place for part in _STARTUP) and "poll" not in function:
            owner = next((owner for part, owner in _OWNERS if part in place), "the rest of Python")
            seconds[owner] = seconds.get(owner, 0.0) + own
    total = sum(seconds.values())
    return {owner: 100 * own / total for owner, own in sorted(seconds.items(), key=lambda item: -item[1])}
