"""What a forger works with: a token that was really given out, certificates anybody can read, and keys of their own.

Some forgeries need more, because they ask what a registry looks at besides the signature: those get the leaf's key, or the
CA's. What they say of access is what the sidecar signed; what all others say is what nobody ever signed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sidecar.adapters.signing import Authority, create_authority
from sidecar.adapters.signing.certificates import BACKDATED, key_usage, named, new_key, unsigned
from sidecar.adapters.signing.leaf import Leaf, make_leaf

SIGNED: Final = [{"type": "repository", "name": "acme/web", "actions": ["pull"]}]
"""The access in the token that was given out."""
WANTED: Final = [
    {"type": "repository", "name": "acme/secret", "actions": ["delete", "pull", "push"]},
    {"type": "registry", "name": "catalog", "actions": ["*"]},
]
"""The access that nobody was given."""

Signer = Callable[[bytes], bytes]
"""Signs the first two parts of a token."""
AnyKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Material:
    """`genuine` is a token of ours, signed at `now` by `leaf`, which our `authority` vouches for."""

    authority: Authority
    leaf: Leaf
    claims: dict[str, Any]
    now: datetime

    @cached_property
    def genuine(self) -> str:
        return compact(self.header, self.claims, es256(self.leaf.key))

    @property
    def header(self) -> dict[str, Any]:
        """That of a token of ours."""
        return {"typ": "JWT", "alg": "ES256", "x5c": [self.leaf.x5c]}

    @property
    def wanted(self) -> dict[str, Any]:
        """Claims with the access that nobody was given."""
        return self.claims | {"access": WANTED}

    @property
    def certificate(self) -> x509.Certificate:
        """The leaf's."""
        return x509.load_der_x509_certificate(base64.b64decode(self.leaf.x5c))

    @cached_property
    def stranger(self) -> Authority:
        """A CA like ours in every name, with a key of its own."""
        return create_authority(self.now)

    @cached_property
    def strangers_leaf(self) -> Leaf:
        leaf = make_leaf(self.stranger, timedelta(days=1), self.now)
        assert leaf is not None
        return leaf

    @property
    def own_key(self) -> ec.EllipticCurvePrivateKey:
        """A key of the forger's."""
        return self.strangers_leaf.key

    def ours(self, **header: Any) -> str:
        """A token of ours in all but these parts of its header, signed by the leaf."""
        return compact(self.header | header, self.claims, es256(self.leaf.key))

    def saying(self, **claims: Any) -> str:
        """A token of ours in all but these claims (None leaves one out), signed by the leaf."""
        said = {name: value for name, value in (self.claims | claims).items() if value is not None}
        return compact(self.header, said, es256(self.leaf.key))


@dataclass(frozen=True)
class ProvidersMaterial(Material):
    """The same of a token by which a trusted OIDC provider, whose key is the leaf's, says who somebody is."""

    key_id: str = "key-0"
    somebody_else: str = "olga@acme.example"

    @property
    def header(self) -> dict[str, Any]:
        return super().header | {"kid": self.key_id}

    @property
    def wanted(self) -> dict[str, Any]:
        """Claims by which the forger would be somebody else."""
        return super().wanted | {"email": self.somebody_else}


def material(authority: Authority, now: datetime, issuer: str, audience: str) -> Material:
    """Of this CA, at this moment. The token was given out for `SIGNED`."""
    leaf = make_leaf(authority, timedelta(days=1), now)
    assert leaf is not None
    at = int(now.timestamp())
    times = {"exp": at + 900, "nbf": at - 10, "iat": at}
    claims = {"iss": issuer, "sub": "dan@acme.example", "aud": audience, **times, "jti": "1", "access": SIGNED}
    return Material(authority, leaf, claims, now)


def compact(header: object, claims: object, sign: Signer) -> str:
    """The three parts; bytes are taken as they are."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{unpadded(sign(signed.encode()))}"


def encoded(part: object) -> str:
    return unpadded(part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode())


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def unsigned_by_anyone(_: bytes) -> bytes:
    return b""


def es256(key: ec.EllipticCurvePrivateKey) -> Signer:
    """By the curve's own size and SHA-256; or SHA-384 for P-384, which makes it ES384."""
    size = (key.key_size + 7) // 8
    algorithm = hashes.SHA384() if key.key_size == 384 else hashes.SHA256()

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(algorithm)))
        return r.to_bytes(size) + s.to_bytes(size)

    return sign


def hs256(secret: bytes) -> Signer:
    return lambda message: hmac.digest(secret, message, "sha256")


def rs256(key: rsa.RSAPrivateKey) -> Signer:
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def pem_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": unpadded(numbers.x.to_bytes(32)),
        "y": unpadded(numbers.y.to_bytes(32)),
    }


def key_id_of(key: ec.EllipticCurvePublicKey) -> str:
    """The id by which 2.8 knows a key of its bundle (registry fact 6)."""
    text = base64.b32encode(hashlib.sha256(der_of(key)).digest()[:30]).decode()
    return ":".join(text[start : start + 4] for start in range(0, len(text), 4))


def x5c_of(*certificates: x509.Certificate) -> list[str]:
    return [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode() for certificate in certificates]


def certificate_of(
    key: AnyKey,
    issuer: x509.Name,
    signed_by: AnyKey,
    dates: tuple[datetime, datetime],
    *,
    subject: str = "registry-sidecar leaf",
    authority: bool = False,
    extensions: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """A certificate as a leaf of ours has it, in all but what is said here."""
    public: Any = key.public_key()
    builder = unsigned(named(subject), issuer, public, *dates)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    builder = builder.add_extension(key_usage(signs_certificates=authority), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signed_by, hashes.SHA256())


def around(now: datetime) -> tuple[datetime, datetime]:
    """Dates that are good now."""
    return now - BACKDATED, now + timedelta(days=1)


def fresh_key() -> ec.EllipticCurvePrivateKey:
    return new_key()
