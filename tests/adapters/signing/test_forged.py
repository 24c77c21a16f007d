"""Forged tokens: who believes them, and who doesn't."""

import base64
import hashlib
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sidecar.adapters.signing import create_authority
from sidecar.adapters.signing.forged import forged_tokens
from tests.fakes import HeldClock


def forged() -> tuple[ec.EllipticCurvePublicKey, list[str]]:
    """A CA's key, and what is forged in its name."""
    clock = HeldClock()
    trusted = create_authority(clock.now()).key.public_key()
    return trusted, list(forged_tokens(trusted, "ours", "registry", clock.now()))


def thumbprint(point: dict[str, str]) -> str:
    """RFC 7638's, with the members in their order."""
    text = json.dumps({name: point[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def test_each_is_signed_by_the_key_that_it_brings_along() -> None:
    """S26: who takes the key out of the token finds everything in order, and is fooled."""
    for token in forged()[1]:
        key = jwt.PyJWK(jwt.get_unverified_header(token)["jwk"])
        claims = jwt.decode(
            token,
            key,
            ["ES256"],
            audience="registry",
            issuer="ours",
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        assert claims["access"] == []


def test_one_is_under_the_ids_that_a_registry_may_know_the_ca_by() -> None:
    """The CA's thumbprint, and that of the curve's base point, which the faulty versions compute for every key."""
    trusted, tokens = forged()
    ids = {jwt.get_unverified_header(token)["jwk"]["kid"] for token in tokens}
    base = {
        "crv": "P-256",
        "kty": "EC",
        "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
        "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
    }
    own: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(trusted, as_dict=True)
    assert ids == {thumbprint(base), thumbprint(own)}


def test_the_cas_own_key_believes_none() -> None:
    """What is signed by somebody else stays so, whatever its header says."""
    trusted, tokens = forged()
    for token in tokens:
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token, trusted, ["ES256"], audience="registry")
