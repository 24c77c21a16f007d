"""What a configuration file, and a secret file that it names, can be refused with."""

from pathlib import Path

from sidecar.domain.errors import Misconfigured


class ConfigError(Misconfigured):
    """Every fault of a configuration file, one line each: the path of the setting, what is wrong, and what to do."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.path = path
        self.faults = faults


class SecretFileError(Misconfigured):
    """A secret file that is missing, unreadable, or readable by others."""
