"""`limits`: what one client may ask of the process."""

from pydantic import Field

from sidecar.config.section import Section


class Limits(Section):
    body_bytes: int = Field(default=1_048_576, ge=1024, le=67_108_864)
    """The largest request body that the management API takes; above it the answer is 413."""
    request_seconds: float = Field(default=10.0, gt=0, le=300)
    """How long a client may take to send a whole request, head and body; then the connection is closed."""
    shutdown_seconds: float = Field(default=8.0, ge=0, le=300)
    """How long requests under way may still take after SIGTERM. The end takes a second more; `docker stop` waits 10."""
