"""The one way to read a file that holds a secret."""

import stat
from pathlib import Path

from sidecar.config.errors import SecretFileError


def read_secret(path: Path, allow_readable: bool = False) -> str:
    """The secret in this file, without surrounding white space; one that others can read is refused (decision 9)."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{path}: can't be read: {error}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not allow_readable:
        raise SecretFileError(
            f"{path}: others can read or change it; `chmod 600 {path}`, or set secrets.allow_readable"
        )
    if not text:
        raise SecretFileError(f"{path}: is empty")
    return text
