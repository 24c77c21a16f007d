"""The CA."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from sidecar.adapters.signing import Authority, AuthorityError, create_authority, load_authority
from sidecar.adapters.signing.leaf import make_leaf
from tests.fakes import HeldClock

NOW = HeldClock().now()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return create_authority(NOW)


def test_it_is_backdated_an_hour_and_lives_long(authority: Authority) -> None:
    """Registries give its dates no leeway; nobody wants to change a registry's bundle often."""
    certificate = authority.certificate
    assert certificate.not_valid_before_utc == NOW - timedelta(hours=1)
    assert timedelta(days=3650) < certificate.not_valid_after_utc - NOW < timedelta(days=7300)


def test_it_may_sign_leaves_and_no_further_ca(authority: Authority) -> None:
    """By its basic constraints and its key usage, both critical."""
    extensions = authority.certificate.extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (True, True, False)


def test_two_are_never_the_same() -> None:
    """Nothing ships (S11): each installation's key is made on the spot."""
    assert create_authority(NOW).key_pem != create_authority(NOW).key_pem


def test_what_was_written_is_read_again(authority: Authority) -> None:
    """From the two files that `init` writes."""
    loaded = load_authority(authority.certificate_pem, authority.key_pem)
    assert loaded.certificate == authority.certificate
    assert loaded.key_pem == authority.key_pem


def test_the_key_is_not_shown(authority: Authority) -> None:
    """S12: not where the object ends up in a message either."""
    assert "key" not in repr(authority)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _leaf_certificate(authority: Authority) -> tuple[bytes, bytes]:
    leaf = make_leaf(authority, timedelta(days=1), NOW)
    assert leaf is not None
    return f"-----BEGIN CERTIFICATE-----\n{leaf.x5c}\n-----END CERTIFICATE-----\n".encode(), _pem(leaf.key)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("not PEM", "must be PEM"),
        ("key not PEM", "must be PEM"),
        ("encrypted", "must be PEM"),
        ("another key", "belong together"),
        ("RSA", "P-256"),
        ("P-384", "P-256"),
        ("a leaf's", "that of a CA"),
    ],
)
def test_what_is_no_ca_is_refused(authority: Authority, case: str, told: str) -> None:
    """S38: at the start, in words, and not at the first token."""
    certificate, key = authority.certificate_pem, authority.key_pem
    certificate, key = {
        "not PEM": (b"rubbish", key),
        "key not PEM": (certificate, b"rubbish"),
        "encrypted": (certificate, _pem(authority.key, b"password")),
        "another key": (certificate, _pem(ec.generate_private_key(ec.SECP256R1()))),
        "RSA": (certificate, _pem(rsa.generate_private_key(65537, 2048))),
        "P-384": (certificate, _pem(ec.generate_private_key(ec.SECP384R1()))),
        "a leaf's": _leaf_certificate(authority),
    }[case]
    with pytest.raises(AuthorityError, match=told):
        load_authority(certificate, key)
