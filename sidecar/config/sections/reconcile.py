"""`reconcile`: the sweeps that compare the index with the registry."""

from pydantic import Field

from sidecar.config.section import Section


class Reconcile(Section):
    interval_seconds: int = Field(default=3600, ge=0, le=2_592_000)
    """The pause between two sweeps that compare the whole index with the registry; with 0 none begins by itself."""
    least_seconds: int = Field(default=60, ge=1, le=86_400)
    """The least time between the starts of two sweeps that begin by themselves, such as after a registry's restart."""
    requests_per_second: float = Field(default=200.0, gt=0, le=100_000)
    """How fast a sweep may ask the registry."""
    concurrency: int = Field(default=8, ge=1, le=16)
    """How many requests of a sweep may be under way at once."""
