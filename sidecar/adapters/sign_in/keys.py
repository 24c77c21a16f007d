"""The public keys in a JWKS: which of them may verify which algorithm. What can't be used is left out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWTError

MOST_KEYS: Final = 100
_SHORTEST_RSA: Final = 2048

ALGORITHMS: Final[Mapping[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Each with the one type and curve of key that it takes (S32). All are asymmetric: no HMAC key exists anywhere."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """One key for one algorithm."""

    kid: str | None
    algorithm: str
    key: PyJWK


def keys_of(jwks: Mapping[str, Any], algorithms: Collection[str]) -> tuple[VerifyingKey, ...]:
    """The usable keys of a JWKS, once for each of these algorithms that they fit."""
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        return ()
    fitting = ((jwk, name) for jwk in listed[:MOST_KEYS] for name in algorithms if _fits(jwk, name))
    return tuple(key for jwk, name in fitting if (key := _made(jwk, name)) is not None)


def _fits(jwk: object, algorithm: str) -> bool:
    """A public key of the right type and curve, which is for signatures and not kept for another algorithm."""
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk:
        return False
    kind, curve = ALGORITHMS[algorithm]
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == kind
        and (curve is None or jwk.get("crv") == curve)
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and isinstance(operations, list)
        and "verify" in operations
        and isinstance(jwk.get("kid", ""), str)
    )


def _made(jwk: dict[str, Any], algorithm: str) -> VerifyingKey | None:
    try:
        key = PyJWK.from_dict(jwk, algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    if jwk["kty"] == "RSA" and key.key.key_size < _SHORTEST_RSA:
        return None
    return VerifyingKey(jwk.get("kid"), algorithm, key)


def choose(keys: Collection[VerifyingKey], kid: str | None, algorithm: str) -> tuple[VerifyingKey, ...]:
    """The keys that a token of this `kid` and algorithm may be signed by; without a `kid`, only where there is one."""
    fitting = tuple(key for key in keys if key.algorithm == algorithm and kid in (None, key.kid))
    return fitting if kid is not None or len(fitting) == 1 else ()
