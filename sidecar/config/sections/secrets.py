"""`secrets`: how secret files are read."""

from sidecar.config.section import Section


class Secrets(Section):
    allow_readable: bool = False
    """Take secret files that others than their owner can read, as Kubernetes mounts them."""
