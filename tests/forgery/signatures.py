"""Forgeries made of a token that was really given out: its bytes moved, cut, stretched and written otherwise."""

import base64
import json
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.forgery.forgeries import Forgeries
from tests.forgery.material import Material, decoded, encoded, unpadded

forgery = Forgeries("a token of ours")

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256's group."""
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _parts(of: Material) -> tuple[str, str, str]:
    header, claims, signature = of.genuine.split(".")
    return header, claims, signature


def _signed(of: Material, change: Callable[[bytes], bytes]) -> str:
    """The same under a changed signature."""
    header, claims, signature = _parts(of)
    return f"{header}.{claims}.{unpadded(change(decoded(signature)))}"


def _claiming(of: Material, claims: bytes) -> str:
    """Other claims between the same header and signature."""
    header, _, signature = _parts(of)
    return f"{header}.{encoded(claims)}.{signature}"


def _numbers(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


def _s_of(signature: bytes) -> int:
    return int.from_bytes(signature[32:])


@forgery("the claims are changed")
def _(of: Material) -> str:
    return _claiming(of, json.dumps(of.wanted).encode())


@forgery("the access comes a second time")
def _(of: Material) -> str:
    return _claiming(
        of, json.dumps(of.claims)[:-1].encode() + b', "access": ' + json.dumps(of.wanted["access"]).encode() + b"}"
    )


@forgery("the claims end later")
def _(of: Material) -> str:
    return _claiming(of, json.dumps(of.claims | {"exp": of.claims["exp"] + 86400}).encode())


@forgery("the header is changed")
def _(of: Material) -> str:
    _, claims, signature = _parts(of)
    return f"{encoded(of.header | {'kid': '1'})}.{claims}.{signature}"


@forgery("the header says alg none, the signature stays")
def _(of: Material) -> str:
    _, _, signature = _parts(of)
    return f"{encoded(of.header | {'alg': 'none'})}.{encoded(of.wanted)}.{signature}"


@forgery("no signature")
def _(of: Material) -> str:
    return _signed(of, lambda _: b"")


@forgery("the signature without its last byte")
def _(of: Material) -> str:
    return _signed(of, lambda signature: signature[:-1])


@forgery("half the signature")
def _(of: Material) -> str:
    return _signed(of, lambda signature: signature[:32])


@forgery("the signature with a byte more")
def _(of: Material) -> str:
    return _signed(of, lambda signature: signature + b"\0")


@forgery("the signature with a byte before it")
def _(of: Material) -> str:
    return _signed(of, lambda signature: b"\0" + signature)


@forgery("the signature's numbers with leading zeros")
def _(of: Material) -> str:
    return _signed(of, lambda signature: b"\0" + signature[:32] + b"\0" + signature[32:])


@forgery("the signature's numbers change places")
def _(of: Material) -> str:
    return _signed(of, lambda signature: signature[32:] + signature[:32])


@forgery("a signature of zeros (CVE-2022-21449)")
def _(of: Material) -> str:
    return _claiming(of, json.dumps(of.wanted).encode()).rpartition(".")[0] + "." + unpadded(bytes(64))


@forgery("a signature of the group's order")
def _(of: Material) -> str:
    return _claiming(of, json.dumps(of.wanted).encode()).rpartition(".")[0] + "." + unpadded(_numbers(_ORDER, _ORDER))


@forgery("a signature of ones")
def _(of: Material) -> str:
    return _claiming(of, json.dumps(of.wanted).encode()).rpartition(".")[0] + "." + unpadded(_numbers(1, 1))


@forgery("s is the group's order less s", "2", "3")
def _(of: Material) -> str:
    """The other of the two signatures that ECDSA lets anybody make of one."""
    return _signed(of, lambda signature: signature[:32] + (_ORDER - _s_of(signature)).to_bytes(32))


@forgery("the signature in DER")
def _(of: Material) -> str:
    return _signed(of, lambda signature: encode_dss_signature(int.from_bytes(signature[:32]), _s_of(signature)))


@forgery("the signature's unused last bits are set", "2", "3")
def _(of: Material) -> str:
    """64 bytes leave four bits of the last character unused."""
    return of.genuine[:-1] + _ALPHABET[_ALPHABET.index(of.genuine[-1]) | 1]


@forgery("== behind the signature", "2")
def _(of: Material) -> str:
    return of.genuine + "=="


@forgery("the signature in the other alphabet")
def _(of: Material) -> str:
    """Of one that has characters in which the alphabets differ; most have."""
    token = of.genuine
    while not {"-", "_"} & set(token.rpartition(".")[2]):
        token = of.ours()
    head, _, signature = token.rpartition(".")
    return f"{head}.{base64.b64encode(decoded(signature)).decode().rstrip('=')}"


@forgery("the claims of one token, the signature of another")
def _(of: Material) -> str:
    return f"{of.saying(access=of.wanted['access']).rpartition('.')[0]}.{of.ours().rpartition('.')[2]}"


@forgery("= behind each part")
def _(of: Material) -> str:
    return ".".join(part + "=" * (-len(part) % 4) for part in _parts(of)) + "="


@forgery("a space in the claims")
def _(of: Material) -> str:
    header, claims, signature = _parts(of)
    return f"{header}.{claims[:8]} {claims[8:]}.{signature}"


@forgery("two parts")
def _(of: Material) -> str:
    return of.genuine.rpartition(".")[0]


@forgery("four parts")
def _(of: Material) -> str:
    return f"{of.genuine}.{_parts(of)[2]}"


@forgery("five parts, as of an encrypted token")
def _(of: Material) -> str:
    header = encoded({"alg": "dir", "enc": "A256GCM", "cty": "JWT"})
    return f"{header}..{unpadded(bytes(12))}.{encoded(of.wanted)}.{unpadded(bytes(16))}"


@forgery("five parts, the last three of ours")
def _(of: Material) -> str:
    return f"{encoded(of.header)}.{encoded(of.wanted)}.{of.genuine}"


@forgery("the JSON form of a signature")
def _(of: Material) -> str:
    header, _, signature = _parts(of)
    return json.dumps({"payload": encoded(of.wanted), "protected": header, "signature": signature})


@forgery("the JSON form of several signatures")
def _(of: Material) -> str:
    header, claims, signature = _parts(of)
    signatures = [
        {"protected": header, "signature": signature},
        {"protected": encoded({"alg": "none"}), "signature": ""},
    ]
    return json.dumps({"payload": claims, "signatures": signatures})


@forgery("dots and nothing else")
def _(of: Material) -> str:
    return ".."


@forgery("a token behind a token")
def _(of: Material) -> str:
    return f"{of.genuine},{of.genuine}"


@forgery("a character more behind the signature")
def _(of: Material) -> str:
    return f"{of.genuine}A"


@forgery("a look-alike in the claims")
def _(of: Material) -> str:
    """The Cyrillic letter for a Latin one, as UTF-8 in a header."""
    return of.genuine.replace("a", "\u0430", 1)


@forgery("thirty thousand characters")
def _(of: Material) -> str:
    return _claiming(of, json.dumps(of.wanted | {"jti": "A" * 20_000}).encode())
