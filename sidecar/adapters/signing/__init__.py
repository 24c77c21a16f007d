"""Registry tokens: the CA, the leaf keys that it vouches for, and the signature of a token by the newest leaf.

The registry is told of the CA alone, once. Leaves live in memory and travel in each token's `x5c`, so that keys rotate
with no registry restart (decision 3). P-256 and ES256 and nothing else: no other algorithm or key exists (TS-67).
"""

from sidecar.adapters.signing.authority import Authority, AuthorityError, create_authority, load_authority
from sidecar.adapters.signing.kept import KeptTokens
from sidecar.adapters.signing.tokens import LeafSigner

__all__ = ["Authority", "AuthorityError", "KeptTokens", "LeafSigner", "create_authority", "load_authority"]
