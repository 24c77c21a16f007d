"""Signed tokens, over the life of leaves and CA."""

import base64
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sidecar.adapters.signing import Authority, LeafSigner, create_authority
from sidecar.domain.errors import Unavailable
from sidecar.domain.identity import SIDECAR
from sidecar.ports import AccessEntry
from tests.fakes import HeldClock, RepeatableRandomness

PULL = AccessEntry("repository", "acme/web", ("pull",))
LIFE = timedelta(days=3)


@pytest.fixture
def authority(clock: HeldClock) -> Authority:
    return create_authority(clock.now(), lifetime=timedelta(days=30))


@pytest.fixture
def signer(authority: Authority, clock: HeldClock) -> LeafSigner:
    return LeafSigner(
        authority,
        issuer="registry-sidecar",
        audience="registry",
        leaf_lifetime=LIFE,
        clock=clock,
        randomness=RepeatableRandomness(),
    )


def leaf_of(token: str) -> x509.Certificate:
    (leaf,) = jwt.get_unverified_header(token)["x5c"]
    return x509.load_der_x509_certificate(base64.b64decode(leaf, validate=True))


def verified(token: str, authority: Authority, now: datetime) -> dict[str, Any]:
    """The claims, if a registry would believe them at that moment."""
    leaf = leaf_of(token)
    leaf.verify_directly_issued_by(authority.certificate)
    for certificate in (leaf, authority.certificate):
        assert certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["ES256"], audience="registry", options=options)
    assert claims["nbf"] <= now.timestamp() <= claims["exp"]
    return claims


def test_a_token_says_who_may_do_what_and_how_long(signer: LeafSigner, authority: Authority, clock: HeldClock) -> None:
    """All claims, and nothing else."""
    token = signer.sign("dan@acme.example", [PULL], 900)
    claims = verified(token.text, authority, clock.now())
    now = int(clock.now().timestamp())
    assert {name: claims[name] for name in claims if name != "jti"} == {
        "iss": "registry-sidecar",
        "sub": "dan@acme.example",
        "aud": "registry",
        "exp": now + 900,
        "nbf": now - 10,
        "iat": now,
        "access": [{"type": "repository", "name": "acme/web", "actions": ["pull"]}],
    }
    assert (token.issued_at, token.expires_in) == (clock.now(), 900)


def test_the_sidecar_signs_for_itself(signer: LeafSigner, authority: Authority, clock: HeldClock) -> None:
    """Decision 10: under a name that nobody else can have."""
    token = signer.sign(SIDECAR, [AccessEntry("registry", "catalog", ("*",))], 60)
    assert verified(token.text, authority, clock.now())["sub"] == "sidecar"


def test_one_leaf_signs_until_it_is_due(signer: LeafSigner, clock: HeldClock) -> None:
    """A registry's cache of chains, and we, have less to do."""
    first = leaf_of(signer.sign("", [], 900).text)
    clock.advance(days=2, seconds=-1)
    assert leaf_of(signer.sign("", [], 900).text) == first


def test_a_new_leaf_takes_over_by_itself(signer: LeafSigner, authority: Authority, clock: HeldClock) -> None:
    """Two thirds into the life of the old one, and the registry needs to be told nothing."""
    first = leaf_of(signer.sign("", [], 900).text)
    clock.advance(days=2)
    token = signer.sign("", [], 900).text
    assert leaf_of(token) != first
    verified(token, authority, clock.now())


def test_tokens_of_the_old_leaf_are_believed_to_their_end(
    signer: LeafSigner, authority: Authority, clock: HeldClock
) -> None:
    """Renewal breaks no upload."""
    clock.advance(days=2, seconds=-1)
    old = signer.sign("", [], 86400)
    clock.advance(seconds=1)
    signer.sign("", [], 900)
    clock.advance(seconds=86398)
    verified(old.text, authority, clock.now())


def test_every_token_of_a_month_is_believed(signer: LeafSigner, authority: Authority, clock: HeldClock) -> None:
    """At its first moment and at its last, over many leaves, up to the CA's last hour."""
    for _ in range(29 * 4):
        token = signer.sign("", [PULL], 900)
        verified(token.text, authority, clock.now())
        verified(token.text, authority, clock.now() + timedelta(seconds=token.expires_in))
        clock.advance(hours=6)


def test_a_token_never_outlives_its_leaf(signer: LeafSigner, authority: Authority, clock: HeldClock) -> None:
    """Near the CA's end it is cut, and says so, rather than refused by the registry in mid-life."""
    clock.advance(days=30, hours=-2)
    token = signer.sign("", [], 86400)
    assert token.expires_in == 7200
    verified(token.text, authority, clock.now() + timedelta(seconds=token.expires_in))


def test_at_the_end_of_the_ca_nothing_is_signed(signer: LeafSigner, clock: HeldClock) -> None:
    """And the signer says so before it is asked."""
    clock.advance(days=30, hours=-1, seconds=-1)
    assert signer.ready()
    clock.advance(seconds=1)
    assert not signer.ready()
    with pytest.raises(Unavailable):
        signer.sign("", [], 900)


def test_a_clock_that_is_set_back_gets_a_leaf_of_its_own(
    signer: LeafSigner, authority: Authority, clock: HeldClock
) -> None:
    """By more than the hour by which leaves are backdated: the old one isn't valid yet."""
    clock.advance(days=10)
    signer.sign("", [], 900)
    clock.advance(days=-5)
    verified(signer.sign("", [], 900).text, authority, clock.now())
