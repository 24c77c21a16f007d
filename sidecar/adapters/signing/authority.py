"""The CA: made once by `sidecar init`, read at each start. Its certificate is the registry's `rootcertbundle`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sidecar.adapters.signing.certificates import BACKDATED, key_usage, named, new_key, unsigned

LIFETIME: Final = timedelta(days=15 * 365)


class AuthorityError(Exception):
    """A CA certificate and key that can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA's certificate, and its key, which vouches for leaves."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """PKCS #8, not encrypted: the mode of its file (0600) guards it."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def create_authority(now: datetime, lifetime: timedelta = LIFETIME) -> Authority:
    """A new CA, backdated an hour, that can sign leaves and no further CA."""
    key = new_key()
    name = named("registry-sidecar CA")
    certificate = (
        unsigned(name, name, key.public_key(), now - BACKDATED, now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def load_authority(certificate_pem: bytes, key_pem: bytes) -> Authority:
    """The CA in these PEM texts. Raises AuthorityError unless they are a P-256 CA certificate and its own key."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = load_pem_private_key(key_pem, password=None)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, TypeError):
        raise AuthorityError("the CA's certificate and key must be PEM, the key not encrypted") from None
    except x509.ExtensionNotFound:
        raise AuthorityError("the certificate must be that of a CA") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise AuthorityError("the CA's key must be a P-256 key")
    if not constraints.value.ca:
        raise AuthorityError("the certificate must be that of a CA")
    if certificate.public_key() != key.public_key():
        raise AuthorityError("the CA's certificate and key must belong together")
    return Authority(certificate, key)
