"""A leaf: a signing key in memory, and the certificate by which the registry believes it."""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sidecar.adapters.signing.authority import Authority
from sidecar.adapters.signing.certificates import BACKDATED, key_usage, named, new_key, unsigned

RETIRES_BEFORE_END: Final = timedelta(hours=1)
"""A leaf signs nothing in its last hour: a token must be believed by a registry whose clock runs ahead."""
RENEWED_AFTER: Final = 2 / 3
"""The part of a leaf's life after which a new one takes over."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """`x5c` is the certificate as registries take it: standard base64 of DER (registry fact 6).

    `last_second` is when the certificate ends, as tokens count time; the leaf retires before it.
    """

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    x5c: str
    begins: datetime
    renewed_from: datetime
    retires: datetime
    last_second: int

    def signs_at(self, now: datetime) -> bool:
        return self.begins <= now < self.retires

    def fresh_at(self, now: datetime) -> bool:
        """Whether it signs and no new one has to be made yet. Not so if the clock was set back by more than an hour."""
        return self.begins <= now < self.retires and now < self.renewed_from


def make_leaf(authority: Authority, lifetime: timedelta, now: datetime) -> Leaf | None:
    """A new leaf that ends `lifetime` from now or with the CA; None where the CA's end leaves it no time to sign."""
    ends = min(now + lifetime, authority.certificate.not_valid_after_utc)
    retires = ends - RETIRES_BEFORE_END
    if now >= retires:
        return None
    key = new_key()
    certificate = (
        unsigned(named("registry-sidecar leaf"), authority.certificate.subject, key.public_key(), now - BACKDATED, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    x5c = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return Leaf(key, x5c, now - BACKDATED, now + lifetime * RENEWED_AFTER, retires, int(ends.timestamp()))
