"""Sign-in by what others vouch for: tokens of OIDC providers, opaque OAuth tokens, and a file of passwords.

Each authenticator here answers "not mine", a principal, or "mine, and bad"; whatever else goes wrong is a fault, and
becomes a 503 (TS-59). Nothing that these take is kept: where an answer is remembered, it is under a keyed hash.
"""

from sidecar.adapters.sign_in.opening import (
    HtpasswdSettings,
    IntrospectionSettings,
    OidcSettings,
    SignIn,
    open_sign_in,
)

__all__ = ["HtpasswdSettings", "IntrospectionSettings", "OidcSettings", "SignIn", "open_sign_in"]
