"""Forgeries that only who holds the leaf's key can make: a good signature under what the sidecar never says.

They tell what a registry looks at besides the signature. The access in them is what the sidecar signed.
"""

import json
from typing import Any

from tests.forgery.forgeries import Forgeries
from tests.forgery.material import WANTED, Material, compact, encoded, es256, unpadded

forgery = Forgeries("the leaf's key")


@forgery("aud: another service")
def _(of: Material) -> str:
    return of.saying(aud="another")


@forgery("aud: a list with ours in it", "3")
def _(of: Material) -> str:
    return of.saying(aud=["another", of.claims["aud"]])


@forgery("aud: a list without ours")
def _(of: Material) -> str:
    return of.saying(aud=["another"])


@forgery("aud: empty")
def _(of: Material) -> str:
    return of.saying(aud="")


@forgery("no aud")
def _(of: Material) -> str:
    return of.saying(aud=None)


@forgery("aud in other letters")
def _(of: Material) -> str:
    return of.saying(aud=of.claims["aud"].upper())


@forgery("aud twice, ours first")
def _(of: Material) -> str:
    return compact(of.header, _twice(of.claims, "aud", "another"), es256(of.leaf.key))


@forgery("iss: another")
def _(of: Material) -> str:
    return of.saying(iss="another")


@forgery("no iss")
def _(of: Material) -> str:
    return of.saying(iss=None)


@forgery("no sub", "2", "3")
def _(of: Material) -> str:
    return of.saying(sub=None)


@forgery("exp: ten minutes ago")
def _(of: Material) -> str:
    return of.saying(exp=of.claims["iat"] - 600)


@forgery("no exp")
def _(of: Material) -> str:
    return of.saying(exp=None)


@forgery("exp: a text")
def _(of: Material) -> str:
    return of.saying(exp=str(of.claims["exp"]))


@forgery("exp: negative")
def _(of: Material) -> str:
    return of.saying(exp=-1)


@forgery("exp: larger than any integer")
def _(of: Material) -> str:
    return of.saying(exp=10**30)


@forgery("nbf: in ten minutes")
def _(of: Material) -> str:
    return of.saying(nbf=of.claims["iat"] + 600)


@forgery("iat: in ten minutes", "2", "3")
def _(of: Material) -> str:
    return of.saying(iat=of.claims["iat"] + 600)


@forgery("typ: another", "2", "3")
def _(of: Material) -> str:
    return of.ours(typ="at+jwt")


@forgery("typ: a number", "3")
def _(of: Material) -> str:
    return of.ours(typ=1)


@forgery("crit: something unknown", "2")
def _(of: Material) -> str:
    return of.ours(crit=["never-heard-of"], **{"never-heard-of": True})


@forgery("alg in small letters")
def _(of: Material) -> str:
    return of.ours(alg="es256")


@forgery("HS256 in the header, ES256 in the signature")
def _(of: Material) -> str:
    return of.ours(alg="HS256")


@forgery("x5c in the alphabet of URLs")
def _(of: Material) -> str:
    return of.ours(x5c=[of.leaf.x5c.replace("+", "-").replace("/", "_")])


@forgery("access: a text")
def _(of: Material) -> str:
    return of.saying(access="repository:acme/secret:pull")


@forgery("access: an object")
def _(of: Material) -> str:
    return of.saying(access=WANTED[0])


@forgery("access: of type repository(plugin)")
def _(of: Material) -> str:
    return of.saying(access=[WANTED[0] | {"type": "repository(plugin)"}])


@forgery("access: a pattern for a name")
def _(of: Material) -> str:
    return of.saying(access=[WANTED[0] | {"name": name} for name in ("*", "acme/*", "acme", "acme/secret/", "")])


@forgery("access: the name in other letters")
def _(of: Material) -> str:
    return of.saying(access=[WANTED[0] | {"name": "ACME/Secret"}])


@forgery("access: one action with all in it")
def _(of: Material) -> str:
    return of.saying(access=[WANTED[0] | {"actions": ["pull,push,delete"]}])


@forgery("the claims are a list")
def _(of: Material) -> str:
    return compact(of.header, [of.claims], es256(of.leaf.key))


@forgery("the claims are a token of ours")
def _(of: Material) -> str:
    return compact(of.header | {"cty": "JWT"}, of.genuine.encode(), es256(of.leaf.key))


@forgery("b64 false, and signed so")
def _(of: Material) -> str:
    """RFC 7797: the claims stand in the token as they are, and are signed as they are."""
    head = encoded(of.header | {"b64": False, "crit": ["b64"]})
    said = json.dumps(of.claims)
    return f"{head}.{said}.{unpadded(es256(of.leaf.key)(f'{head}.{said}'.encode()))}"


@forgery("the claims in UTF-16")
def _(of: Material) -> str:
    return compact(of.header, json.dumps(of.claims).encode("utf-16"), es256(of.leaf.key))


@forgery("the claims with what no JSON is behind them")
def _(of: Material) -> str:
    return compact(of.header, json.dumps(of.claims).encode() + b"}", es256(of.leaf.key))


def _twice(claims: dict[str, Any], name: str, value: object) -> bytes:
    """The claims with one of them a second time, behind the first."""
    return f"{json.dumps(claims)[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}".encode()
