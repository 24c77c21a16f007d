"""What the numbers were measured on."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend


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


def _first(file: str, field: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(field))
