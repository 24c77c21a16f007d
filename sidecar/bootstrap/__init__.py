"""Config → application → process: the only place that names concrete classes.

One module for each part of the wiring: `keys` and `sign_in` make what secrets and others vouch for, `core` what use
cases are made of, then a module for each surface and each kind of background work, `assembly` the whole, and `process`
runs it. No part reaches for one that is made after it; import-linter holds the order.
"""

from sidecar.bootstrap.assembly import Application, application
from sidecar.bootstrap.core import Core
from sidecar.bootstrap.process import serve, serving

__all__ = ["Application", "Core", "application", "serve", "serving"]
