"""What the numbers were measured on."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Final

from cryptography.hazmat.backends.openssl import backend

_STEAL: Final = 7


def facts() -> dict[str, str]:
    """Processor, memory, and the versions of what does the work."""
    return {
        "processor": f"{_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.1f} GiB",
        "its load when this began": f"{os.getloadavg()[0]:.1f} (1 is one core at work)",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "aiohttp": metadata.version("aiohttp"),
        "cryptography": f"{metadata.version('cryptography')} ({backend.openssl_version_text()})",
        "wrk": subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.split(" [")[0],
    }


class Host:
    """How much of the processors' time the host gave to others, since this was made: on a virtual machine, much may be."""

    def __init__(self) -> None:
        self._began = _processor_times()

    def taken(self) -> float:
        """The share, from 0 to 1."""
        spent = [now - then for now, then in zip(_processor_times(), self._began, strict=True)]
        return spent[_STEAL] / max(1, sum(spent))


def _processor_times() -> list[int]:
    """Ticks of all processors together, by what they were spent on (proc_stat(5)); those of guests stand in others."""
    return [int(ticks) for ticks in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1 : _STEAL + 2]]


def _first(file: str, field: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(field))
