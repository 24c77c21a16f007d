"""Forgeries with certificates: those of the forger's own making, and those that only who holds a key of ours can make."""

from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.forgery.forgeries import Forgeries
from tests.forgery.material import (
    AnyKey,
    Material,
    Signer,
    around,
    certificate_of,
    compact,
    es256,
    fresh_key,
    rs256,
    x5c_of,
)

forgery = Forgeries("nothing of ours")
by_leaf = Forgeries("the leaf's key")
by_authority = Forgeries("the CA's key")


def _wanting(of: Material, x5c: Any, sign: Signer | None = None) -> str:
    """What nobody was given, signed by the forger under this chain."""
    return compact(of.header | {"x5c": x5c}, of.wanted, sign or es256(of.own_key))


def _under(of: Material, key: AnyKey, *chain: x509.Certificate, alg: str = "ES256") -> str:
    """What was signed, under a chain that only our CA's key could make."""
    sign = rs256(key) if isinstance(key, rsa.RSAPrivateKey) else es256(key)
    return compact(of.header | {"x5c": x5c_of(*chain), "alg": alg}, of.claims, sign)


def _vouched(of: Material, key: AnyKey, **unusual: Any) -> x509.Certificate:
    """A certificate from our CA for this key."""
    dates = unusual.pop("dates", around(of.now))
    return certificate_of(key, of.authority.certificate.subject, of.authority.key, dates, **unusual)


@forgery("a CA with our CA's name: its leaf")
def _(of: Material) -> str:
    return _wanting(of, [of.strangers_leaf.x5c])


@forgery("a CA with our CA's name: its leaf and itself")
def _(of: Material) -> str:
    return _wanting(of, [of.strangers_leaf.x5c, *x5c_of(of.stranger.certificate)])


@forgery("the forger's leaf first, ours behind it")
def _(of: Material) -> str:
    return _wanting(of, [of.strangers_leaf.x5c, of.leaf.x5c])


@forgery("the forger's leaf first, our leaf and our CA behind it")
def _(of: Material) -> str:
    return _wanting(of, [of.strangers_leaf.x5c, of.leaf.x5c, *x5c_of(of.authority.certificate)])


@forgery("our leaf first, the forger's behind it")
def _(of: Material) -> str:
    return _wanting(of, [of.leaf.x5c, of.strangers_leaf.x5c])


@forgery("our leaf, signed by the forger")
def _(of: Material) -> str:
    return _wanting(of, [of.leaf.x5c])


@forgery("our CA's certificate as the leaf, signed by the forger")
def _(of: Material) -> str:
    return _wanting(of, x5c_of(of.authority.certificate))


@forgery("a self-signed certificate with our leaf's name")
def _(of: Material) -> str:
    subject = of.certificate.subject
    return _wanting(of, x5c_of(certificate_of(of.own_key, subject, of.own_key, around(of.now))))


@forgery("a self-signed certificate with our CA's name as issuer")
def _(of: Material) -> str:
    issuer = of.authority.certificate.subject
    return _wanting(of, x5c_of(certificate_of(of.own_key, issuer, of.own_key, around(of.now))))


@forgery("a self-signed CA with our CA's name as its own leaf")
def _(of: Material) -> str:
    issuer = of.authority.certificate.subject
    made = certificate_of(of.own_key, issuer, of.own_key, around(of.now), subject="registry-sidecar CA", authority=True)
    return _wanting(of, x5c_of(made))


@forgery("no certificate in x5c")
def _(of: Material) -> str:
    return _wanting(of, [])


@forgery("x5c as a text")
def _(of: Material) -> str:
    return _wanting(of, of.leaf.x5c)


@forgery("x5c with numbers and nothing in it")
def _(of: Material) -> str:
    return _wanting(of, [1, None, {}])


@forgery("x5c with no certificate in it")
def _(of: Material) -> str:
    return _wanting(of, ["AAAA"])


@forgery("x5c with a certificate of a megabyte")
def _(of: Material) -> str:
    return _wanting(of, ["A" * 1_000_000])


@forgery("x5c with a thousand leaves of the forger's")
def _(of: Material) -> str:
    return _wanting(of, [of.strangers_leaf.x5c] * 1000)


@by_leaf("a certificate that our leaf vouches for, the leaf behind it")
def _(of: Material) -> str:
    made = certificate_of(of.own_key, of.certificate.subject, of.leaf.key, around(of.now), subject="mine")
    return _wanting(of, x5c_of(made, of.certificate))


@by_leaf("a certificate that our leaf vouches for, leaf and CA behind it")
def _(of: Material) -> str:
    made = certificate_of(of.own_key, of.certificate.subject, of.leaf.key, around(of.now), subject="mine")
    return _wanting(of, x5c_of(made, of.certificate, of.authority.certificate))


@by_authority("a leaf that has expired")
def _(of: Material) -> str:
    key = fresh_key()
    return _under(of, key, _vouched(of, key, dates=(of.now - timedelta(days=2), of.now - timedelta(seconds=5))))


@by_authority("a leaf that is not valid yet")
def _(of: Material) -> str:
    key = fresh_key()
    return _under(of, key, _vouched(of, key, dates=(of.now + timedelta(minutes=5), of.now + timedelta(days=2))))


@by_authority("an intermediate CA, which our CA may not make")
def _(of: Material) -> str:
    between, key = fresh_key(), fresh_key()
    middle = _vouched(of, between, subject="between", authority=True)
    return _under(of, key, certificate_of(key, middle.subject, between, around(of.now)), middle)


@by_authority("a leaf behind the one that signed", "2", "3")
def _(of: Material) -> str:
    key, other = fresh_key(), fresh_key()
    return _under(of, key, _vouched(of, key), _vouched(of, other))


@by_authority("the leaf that signed behind another")
def _(of: Material) -> str:
    key, other = fresh_key(), fresh_key()
    return _under(of, key, _vouched(of, other), _vouched(of, key))


@by_authority("a leaf that is a CA", "2", "3")
def _(of: Material) -> str:
    key = fresh_key()
    return _under(of, key, _vouched(of, key, authority=True))


@by_authority("our CA as its own leaf", "2", "3")
def _(of: Material) -> str:
    return _under(of, of.authority.key, of.authority.certificate)


@by_authority("a leaf for TLS servers", "2", "3")
def _(of: Material) -> str:
    key = fresh_key()
    servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return _under(of, key, _vouched(of, key, extensions=[servers]))


@by_authority("a leaf with an RSA key, RS256", "2")
def _(of: Material) -> str:
    key = rsa.generate_private_key(65537, 2048)
    return _under(of, key, _vouched(of, key), alg="RS256")


@by_authority("a leaf with a P-384 key, ES384", "2")
def _(of: Material) -> str:
    key = ec.generate_private_key(ec.SECP384R1())
    return _under(of, key, _vouched(of, key), alg="ES384")


@by_authority("a leaf with a P-384 key, called ES256")
def _(of: Material) -> str:
    key = ec.generate_private_key(ec.SECP384R1())
    return _under(of, key, _vouched(of, key))
