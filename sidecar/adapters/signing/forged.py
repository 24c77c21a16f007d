"""Tokens that a registry must refuse, to find out whether it does: signed by a key that nobody vouches for.

3.0.0-beta.1 to rc.2 take the key out of the token's own `jwk` if only its id is that of a certificate in their bundle
(CVE-2025-24976, S26). The id is the same for every P-256 key there: its thumbprint is of the curve's base point rather
than of the key's. So anybody can forge a token for anything, and nothing else tells these versions from others.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from sidecar.adapters.signing.certificates import new_key
from sidecar.adapters.signing.tokens import compact

_BASE_POINT: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
"""P-256's, by SEC 2, 2.4.2."""


def forged_tokens(trusted: ec.EllipticCurvePublicKey, issuer: str, audience: str, now: datetime) -> Iterator[str]:
    """Tokens that allow nothing, each under another id by which a registry may know `trusted`, the CA's key."""
    numbers = trusted.public_numbers()
    key = new_key()
    own = key.public_key().public_numbers()
    issued = int(now.timestamp())
    claims = {"iss": issuer, "sub": "", "aud": audience, "iat": issued, "nbf": issued - 10, "exp": issued + 60}
    for known_as in (_BASE_POINT, (numbers.x, numbers.y)):
        jwk = {**_point(own.x, own.y), "kid": _thumbprint(*known_as)}
        header = {"typ": "JWT", "alg": "ES256", "jwk": jwk}
        yield compact(header, claims | {"jti": jwk["kid"], "access": []}, key)


def _point(x: int, y: int) -> dict[str, str]:
    return {"crv": "P-256", "kty": "EC", "x": _unpadded(x.to_bytes(32)), "y": _unpadded(y.to_bytes(32))}


def _thumbprint(x: int, y: int) -> str:
    """RFC 7638's."""
    return _unpadded(hashlib.sha256(orjson.dumps(_point(x, y))).digest())


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
