"""Forgeries that talk of another algorithm, or of another key, than the one that signs: RFC 8725, 2.1 to 2.4."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.forgery.forgeries import Forgeries
from tests.forgery.material import (
    Material,
    Signer,
    compact,
    der_of,
    es256,
    hs256,
    jwk_of,
    key_id_of,
    pem_of,
    rs256,
    unsigned_by_anyone,
    x5c_of,
)

forgery = Forgeries("nothing of ours")


def _headed(made_of: Material, sign: Signer, **header: Any) -> str:
    """What nobody was given, under our header with these changes; None leaves a part out."""
    parts = {name: value for name, value in (made_of.header | header).items() if value is not None}
    return compact(parts, made_of.wanted, sign)


@forgery("alg none, no signature")
def _(of: Material) -> str:
    return _headed(of, unsigned_by_anyone, alg="none")


@forgery("alg nOnE")
def _(of: Material) -> str:
    return _headed(of, unsigned_by_anyone, alg="nOnE")


@forgery("alg none, and no x5c")
def _(of: Material) -> str:
    return _headed(of, unsigned_by_anyone, alg="none", x5c=None)


@forgery("alg none with a signature of the forger's")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), alg="none")


@forgery("ES256 without a signature")
def _(of: Material) -> str:
    return _headed(of, unsigned_by_anyone)


@forgery("HS256 with our CA's certificate in PEM as the secret")
def _(of: Material) -> str:
    return _headed(of, hs256(of.authority.certificate_pem), alg="HS256")


@forgery("HS256 with the leaf's public key in PEM as the secret")
def _(of: Material) -> str:
    return _headed(of, hs256(pem_of(of.leaf.key.public_key())), alg="HS256")


@forgery("HS256 with the leaf's public key in DER as the secret")
def _(of: Material) -> str:
    return _headed(of, hs256(der_of(of.leaf.key.public_key())), alg="HS256")


@forgery("HS256 with the leaf's certificate in DER as the secret")
def _(of: Material) -> str:
    return _headed(of, hs256(of.certificate.public_bytes(Encoding.DER)), alg="HS256")


@forgery("HS256 with the leaf's certificate in base64 as the secret")
def _(of: Material) -> str:
    return _headed(of, hs256(of.leaf.x5c.encode()), alg="HS256")


@forgery("HS256 with our CA's public key as the secret, named by its key id")
def _(of: Material) -> str:
    key = of.authority.key.public_key()
    return _headed(of, hs256(pem_of(key)), alg="HS256", x5c=None, kid=key_id_of(key))


@forgery("HS256 with an empty secret")
def _(of: Material) -> str:
    return _headed(of, hs256(b""), alg="HS256")


@forgery("RS256 by an RSA key of the forger's under our leaf")
def _(of: Material) -> str:
    return _headed(of, rs256(rsa.generate_private_key(65537, 2048)), alg="RS256")


@forgery("ES384 by a P-384 key of the forger's under our leaf")
def _(of: Material) -> str:
    return _headed(of, es256(ec.generate_private_key(ec.SECP384R1())), alg="ES384")


@forgery("EdDSA by a key of the forger's under our leaf")
def _(of: Material) -> str:
    return _headed(of, ed25519.Ed25519PrivateKey.generate().sign, alg="EdDSA")


@forgery("no alg")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), alg=None)


@forgery("alg as a list")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), alg=["ES256", "none"])


@forgery("alg as a number")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), alg=0)


@forgery("alg twice, none last")
def _(of: Material) -> str:
    x5c = json.dumps(of.header["x5c"])
    header = f'{{"typ":"JWT","alg":"ES256","x5c":{x5c},"alg":"none"}}'
    return compact(header.encode(), of.wanted, unsigned_by_anyone)


@forgery("jwk: the forger's key, no x5c")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), x5c=None, jwk=jwk_of(of.own_key.public_key()))


@forgery("jwk: the forger's key beside our x5c")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), jwk=jwk_of(of.own_key.public_key()))


@forgery("jwk: the forger's key with our certificate in it")
def _(of: Material) -> str:
    jwk = jwk_of(of.own_key.public_key()) | {"x5c": of.header["x5c"]}
    return _headed(of, es256(of.own_key), x5c=None, jwk=jwk)


@forgery("jwk: the forger's key under our CA's key id")
def _(of: Material) -> str:
    kid = key_id_of(of.authority.key.public_key())
    return _headed(of, es256(of.own_key), x5c=None, jwk=jwk_of(of.own_key.public_key()) | {"kid": kid}, kid=kid)


@forgery("jwk: a symmetric key")
def _(of: Material) -> str:
    return _headed(of, hs256(b"secret"), alg="HS256", x5c=None, jwk={"kty": "oct", "k": "c2VjcmV0"})


@forgery("jku: keys to be fetched from the forger")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), x5c=None, jku="http://127.0.0.1:9/keys.json", kid="1")


@forgery("x5u: a certificate to be fetched from the forger")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), x5c=None, x5u="http://127.0.0.1:9/chain.pem")


@forgery("kid: our CA's, signed by the forger")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), x5c=None, kid=key_id_of(of.authority.key.public_key()))


@forgery("kid: our leaf's, signed by the forger")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), x5c=None, kid=key_id_of(of.leaf.key.public_key()))


@forgery("kid: a path to a file of nothing")
def _(of: Material) -> str:
    return _headed(of, hs256(b""), alg="HS256", x5c=None, kid="../../../../../../dev/null")


@forgery("kid: SQL")
def _(of: Material) -> str:
    return _headed(of, hs256(b"1"), alg="HS256", x5c=None, kid="x' UNION SELECT '1' --")


@forgery("kid: empty, and nothing else")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), x5c=None, kid="")


@forgery("b64 false: the claims as they are")
def _(of: Material) -> str:
    return _headed(of, es256(of.own_key), b64=False, crit=["b64"])


@forgery("the forger's certificate in jwk and x5c alike")
def _(of: Material) -> str:
    own = [of.strangers_leaf.x5c, *x5c_of(of.stranger.certificate)]
    return _headed(of, es256(of.own_key), x5c=own, jwk=jwk_of(of.own_key.public_key()) | {"x5c": own})
