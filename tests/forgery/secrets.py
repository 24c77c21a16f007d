"""Secrets of ours in the wrong place, beside the wrong name, and changed a little: what opens which door."""

import hashlib
import zlib
from collections.abc import Callable, Collection, Mapping
from typing import Final

from sidecar.domain.secrets import hint

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

SECRETS: Final = {
    "key": "service account's key",
    "personal": "personal token",
    "scoped": "scoped token",
    "refresh": "refresh token",
    "pull": "pull secret",
    "events": "secret of the registry's notifications",
    "registry": "registry token",
    "provider": "token of a trusted OIDC provider",
}
"""Every kind of secret, as people call it."""

DOORS: Final = (
    "token, bearer",
    "token, basic",
    "token, basic of nobody",
    "token, password",
    "token, refresh",
    "events, bearer",
    "API, bearer",
    "API, basic",
)
"""Every way in which a route takes a credential. "Nobody" is the user name `<token>`."""

OPENS: Final[Mapping[str, Collection[str]]] = {
    "key": {"token, basic", "token, password", "API, basic"},
    "personal": {"token, bearer", "token, basic", "token, password", "API, bearer", "API, basic"},
    "scoped": {"token, bearer", "token, basic", "token, password", "API, bearer", "API, basic"},
    "refresh": {"token, basic of nobody", "token, refresh"},
    "pull": {"token, basic", "token, password"},
    "events": {"events, bearer"},
    "registry": (),
    "provider": {"token, bearer", "token, basic", "token, password", "API, bearer", "API, basic"},
}
"""The doors of each kind of secret; every other is shut to it."""


def with_checksum(head: str) -> str:
    """The head of a secret with the checksum that makes it look like one."""
    rest, digits = zlib.crc32(head.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return head + digits


def _next(character: str) -> str:
    return _BASE62[(_BASE62.index(character) + 1) % 62]


Tampering = Callable[[str], str]
"""Makes of a secret that was given out one that was not."""

TAMPERED: Final[dict[str, Tampering]] = {
    "another last character": lambda secret: secret[:-1] + _next(secret[-1]),
    "another first character": lambda secret: secret[:4] + _next(secret[4]) + secret[5:],
    "another character, and its checksum": lambda secret: with_checksum(
        secret[:10] + _next(secret[10]) + secret[11:-6]
    ),
    "the checksum of nothing": lambda secret: secret[:-6] + "000000",
    "no checksum": lambda secret: secret[:-6],
    "a character less": lambda secret: secret[:-1],
    "a character more": lambda secret: secret + "0",
    "a character more, and its checksum": lambda secret: with_checksum(secret[:-6] + "0"),
    "upper case": str.upper,
    "swapped case": lambda secret: secret[:4] + secret[4:].swapcase(),
    "the prefix in capitals": lambda secret: secret[:3].upper() + secret[3:],
    "no prefix": lambda secret: secret[4:],
    "an unknown prefix, and its checksum": lambda secret: with_checksum("rxx" + secret[3:-6]),
    "twice": lambda secret: secret + secret,
    "twice with a comma": lambda secret: f"{secret},{secret}",
    "in quotes": lambda secret: f'"{secret}"',
    "a space in it": lambda secret: f"{secret[:20]} {secret[20:]}",
    "a tab in it": lambda secret: f"{secret[:20]}\t{secret[20:]}",
    "a character of no width in it": lambda secret: f"{secret[:20]}\u200b{secret[20:]}",
    "a byte order mark before it": lambda secret: f"\ufeff{secret}",
    "a wide underscore": lambda secret: secret.replace("_", "\uff3f"),
    "wide letters": lambda secret: secret[:4] + "".join(chr(ord(letter) + 0xFEE0) for letter in secret[4:]),
    "a letter that looks alike": lambda secret: secret.replace("r", "\u0433", 1),
    "an accent on it": lambda secret: secret + "\u0301",
    "percent-encoded": lambda secret: "".join(f"%{ord(letter):02x}" for letter in secret),
    "its SHA-256": lambda secret: hashlib.sha256(secret.encode()).hexdigest(),
    "its hint": hint,
    "SQL behind it": lambda secret: f"{secret}' OR '1'='1",
    "a pattern for it": lambda secret: secret[:10] + "%",
    "stars": lambda secret: "*" * len(secret),
    "overlong": lambda secret: secret + "0" * 20_000,
    "far too long": lambda secret: secret + "0" * 100_000,
}
UNSENDABLE: Final[dict[str, Tampering]] = {
    "a zero byte behind it": lambda secret: f"{secret}\0",
    "a zero byte in it": lambda secret: f"{secret[:20]}\0{secret[20:]}",
    "a line behind it": lambda secret: f"{secret}\n",
    "a header behind it": lambda secret: f"{secret}\r\nAuthorization: Bearer {secret}",
}
"""The same, with what no HTTP client puts into a header: they go into forms, and base64."""
OTHER_NAMES: Final = (
    "admin@localhost",
    "bob@acme.example",
    "\u0430nn@acme.example",
    "ann@acme.ex\u0430mple",
    "ann@acme.example.",
    " ann@acme.example",
    "ann@acme.example\0",
    "ann",
    "ann@acme.example' --",
    "%",
    "*",
    "allUsers",
    "group:owners",
    "sidecar",
    "a" * 10_000,
)
"""User names that are not ann@acme.example's, though some look so, and some stand for more."""
