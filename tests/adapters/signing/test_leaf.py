"""Leaves."""

import base64
from datetime import timedelta

import pytest
from cryptography import x509

from sidecar.adapters.signing import Authority, create_authority
from sidecar.adapters.signing.leaf import Leaf, make_leaf
from tests.fakes import HeldClock

NOW = HeldClock().now()
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return create_authority(NOW, lifetime=timedelta(days=30))


def made(authority: Authority, lifetime: timedelta = WEEK, after: timedelta = timedelta()) -> Leaf:
    leaf = make_leaf(authority, lifetime, NOW + after)
    assert leaf is not None
    return leaf


def certificate_of(leaf: Leaf) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(leaf.x5c, validate=True))


def test_its_certificate_is_the_cas_and_for_signatures_alone(authority: Authority) -> None:
    """So that it can vouch for nobody itself."""
    certificate = certificate_of(made(authority))
    certificate.verify_directly_issued_by(authority.certificate)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)


def test_it_is_backdated_an_hour(authority: Authority) -> None:
    """A registry whose clock is behind believes it at once."""
    certificate = certificate_of(made(authority))
    assert certificate.not_valid_before_utc == NOW - HOUR
    assert certificate.not_valid_after_utc == NOW + WEEK


def test_it_stops_signing_an_hour_before_its_end(authority: Authority) -> None:
    """A registry whose clock is ahead still believes its last token."""
    leaf = made(authority)
    assert leaf.signs_at(NOW + WEEK - HOUR - SECOND)
    assert not leaf.signs_at(NOW + WEEK - HOUR)


def test_it_is_fresh_for_two_thirds_of_its_life(authority: Authority) -> None:
    """Then a new one takes over while it could still sign."""
    leaf = made(authority, timedelta(days=3))
    assert leaf.fresh_at(NOW + timedelta(days=2) - SECOND)
    assert not leaf.fresh_at(NOW + timedelta(days=2))
    assert leaf.signs_at(NOW + timedelta(days=2))


def test_it_signs_nothing_before_its_certificate_begins(authority: Authority) -> None:
    """Where the machine's clock is set back, a new one is due."""
    assert not made(authority).signs_at(NOW - HOUR - SECOND)


def test_it_never_outlives_the_ca(authority: Authority) -> None:
    """The registry checks the whole chain."""
    leaf = made(authority, WEEK, after=timedelta(days=29))
    assert certificate_of(leaf).not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_none_is_made_that_could_not_sign(authority: Authority) -> None:
    """In the CA's last hour, and after it."""
    assert make_leaf(authority, WEEK, NOW + timedelta(days=30) - HOUR) is None
    assert make_leaf(authority, WEEK, NOW + timedelta(days=40)) is None


def test_its_key_is_not_shown(authority: Authority) -> None:
    """S12."""
    assert "EllipticCurve" not in repr(made(authority))
