"""The signature of registry tokens (distribution, docs/content/spec/auth/jwt.md), by a leaf that renews itself."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sidecar.adapters.signing.authority import Authority
from sidecar.adapters.signing.leaf import Leaf, make_leaf
from sidecar.domain.errors import Unavailable
from sidecar.ports import AccessEntry, Clock, Randomness, RegistryToken

NOT_BEFORE_MARGIN: Final = 10
"""How many seconds before its issue a token is already valid (TS-62)."""

_ES256: Final = ec.ECDSA(hashes.SHA256())


class LeafSigner:
    """ports.TokenSigner. The leaf is made at first use and again when due, so that nothing has to run beside it."""

    def __init__(
        self,
        authority: Authority,
        *,
        issuer: str,
        audience: str,
        leaf_lifetime: timedelta,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._authority = authority
        self._issuer = issuer
        self._audience = audience
        self._leaf_lifetime = leaf_lifetime
        self._clock = clock
        self._randomness = randomness
        self._leaf: Leaf | None = None
        self._header = b""

    def ready(self) -> bool:
        return self._leaf_at(self._clock.now()) is not None

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        """Lives `lifetime` seconds, or as long as its leaf's certificate if that ends earlier."""
        now = self._clock.now()
        leaf = self._leaf_at(now)
        if leaf is None:
            raise Unavailable("the signing key")
        issued = int(now.timestamp())
        expires = min(issued + lifetime, leaf.last_second)
        claims = {
            "iss": self._issuer,
            "sub": subject,
            "aud": self._audience,
            "exp": expires,
            "nbf": issued - NOT_BEFORE_MARGIN,
            "iat": issued,
            "jti": self._randomness.identifier(),
            "access": [{"type": entry.type, "name": entry.name, "actions": entry.actions} for entry in access],
        }
        signed = self._header + _part(claims)
        text = signed + b"." + _unpadded(_signature(signed, leaf.key))
        return RegistryToken(text.decode(), datetime.fromtimestamp(issued, UTC), expires - issued)

    def _leaf_at(self, now: datetime) -> Leaf | None:
        """The leaf that signs now. Where no new one can be made any more, the old one serves to its end."""
        if self._leaf is not None and self._leaf.fresh_at(now):
            return self._leaf
        made = make_leaf(self._authority, self._leaf_lifetime, now)
        if made is not None:
            self._leaf = made
            self._header = _part({"typ": "JWT", "alg": "ES256", "x5c": [made.x5c]}) + b"."
        return self._leaf if self._leaf is not None and self._leaf.signs_at(now) else None


def compact(header: object, claims: object, key: ec.EllipticCurvePrivateKey) -> str:
    """A token in its compact form, signed with ES256."""
    signed = _part(header) + b"." + _part(claims)
    return (signed + b"." + _unpadded(_signature(signed, key))).decode()


def _signature(message: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """As RFC 7518 writes it: the two numbers behind each other, 32 bytes each."""
    r, s = decode_dss_signature(key.sign(message, _ES256))
    return r.to_bytes(32) + s.to_bytes(32)


def _part(value: object) -> bytes:
    return _unpadded(orjson.dumps(value))


def _unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
