"""`pull_secrets`: logins at other registries that are kept for deployments."""

from pathlib import Path

from sidecar.config.section import Section
from sidecar.config.values import FilePath


class PullSecrets(Section):
    key_file: FilePath = Path("secrets/pull-secrets")
    """Keys that encrypt other registries' passwords, one a line. The first encrypts, all decrypt."""
