"""Runs commands as people do: a process of its own, and what it wrote and returned."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def sidecar(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`sidecar ARGUMENTS…`, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sidecar", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        timeout=60,
    )
