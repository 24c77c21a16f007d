"""What the use cases need from outside, as Protocols. Adapters implement them; `bootstrap` says which.

Here stand those that most use cases share. The others are imported from their modules.
"""

from sidecar.ports.access import AccessReader
from sidecar.ports.authentication import Authenticator
from sidecar.ports.registry import RepositoryCatalog
from sidecar.ports.signing import AccessEntry, RegistryToken, TokenSigner
from sidecar.ports.store import Store, Tables
from sidecar.ports.system import Clock, Randomness

__all__ = [
    "AccessEntry",
    "AccessReader",
    "Authenticator",
    "Clock",
    "Randomness",
    "RegistryToken",
    "RepositoryCatalog",
    "Store",
    "Tables",
    "TokenSigner",
]
