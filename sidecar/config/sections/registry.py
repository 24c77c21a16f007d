"""`registry`: the registry that the sidecar stands beside."""

from pydantic import Field

from sidecar.config.section import Section
from sidecar.config.values import HttpUrl


class Registry(Section):
    url: HttpUrl
    """Where the sidecar reaches the registry, such as http://registry:5000."""
    host: str = Field(pattern=r"^[a-zA-Z0-9.-]+(:[0-9]+)?$|^\[[0-9a-fA-F:]+\](:[0-9]+)?$")
    """What people type after `docker login`: a host name, with its port if it isn't 443."""
