"""`throttle`: how many sign-ins may fail."""

from pydantic import Field

from sidecar.config.section import Section


class Throttle(Section):
    failures_of_one: int = Field(default=10, ge=0, le=1_000_000)
    """How many sign-ins in one name from one address may fail within the window; after that, those that fail are told
    to wait, and those with the right secret still pass. 0 is no limit."""
    failures_of_address: int = Field(default=100, ge=0, le=1_000_000)
    """The same for all names from one address, or from one /64 of IPv6."""
    window_seconds: int = Field(default=60, ge=1, le=3600)
    """How long failures count, from the first on."""
