"""`api`: the management API."""

from typing import Literal

from pydantic import Field

from sidecar.config.section import Section


class Api(Section):
    service_account_domain: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
    """Service accounts are `<sid>@<project>.<this>`; without it, `serviceaccount.` and the host name of public_url."""
    project_creators: Literal["administrators", "everyone"] = "administrators"
    """Who may create projects; `everyone` is each authenticated person, never a service account or a scoped token."""
