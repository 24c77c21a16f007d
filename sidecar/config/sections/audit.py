"""`audit`: the audit log."""

from pydantic import Field

from sidecar.config.section import Section


class Audit(Section):
    keep_days: int = Field(default=365, ge=1, le=3650)
    """How long the audit log keeps its entries."""
