"""The format of the secrets that the sidecar gives out: `rsk_<33 base62 characters><6 of checksum>`.

A prefix per kind lets scanners find leaks; the checksum lets a typo fail without a look-up (decision 9).
192 random bits make a plain SHA-256 the right thing to store. All characters are safe in URLs and OAuth forms (TS-48).
"""

import hashlib
import re
import zlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY: Final = 33
_CHECKSUM: Final = 6
RANDOM_BYTES: Final = 24


class SecretKind(StrEnum):
    """The prefix of each kind of secret."""

    __hash__ = str.__hash__  # Enum's own runs in Python, several times for each token

    SERVICE_ACCOUNT_KEY = "rsk"
    PERSONAL_TOKEN = "rpt"  # noqa: S105 - a prefix, not a secret
    SCOPED_TOKEN = "rst"  # noqa: S105 - a prefix, not a secret
    REFRESH_TOKEN = "rrt"  # noqa: S105 - a prefix, not a secret
    PULL_SECRET = "rps"  # noqa: S105 - a prefix, not a secret


_KINDS: Final = {kind.value: kind for kind in SecretKind}


def make_secret(kind: SecretKind, random: bytes) -> str:
    """The secret of these RANDOM_BYTES bytes from a secure source."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a secret is made of {RANDOM_BYTES} random bytes")
    head = f"{kind}_{_base62(int.from_bytes(random), _BODY)}"
    return head + _checksum(head)


def recognise(text: str) -> SecretKind | None:
    """The kind of secret that this text is by its form, or None. Says nothing about whether it was ever given out."""
    prefix, underscore, rest = text.partition("_")
    if not underscore or len(rest) != _BODY + _CHECKSUM or not (rest.isascii() and rest.isalnum()):
        return None
    if prefix not in _KINDS or _checksum(text[:-_CHECKSUM]) != text[-_CHECKSUM:]:
        return None
    return _KINDS[prefix]


_IN_TEXT: Final = re.compile(
    rf"(?:{'|'.join(SecretKind)})_[0-9A-Za-z]{{8,}}"  # what the sidecar gives out
    r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+"  # a signed token
)


_NAMES: Final[Mapping[str, str]] = {
    SecretKind.SERVICE_ACCOUNT_KEY: "a service account's key",
    SecretKind.PERSONAL_TOKEN: "a personal token",
    SecretKind.SCOPED_TOKEN: "a scoped token",
    SecretKind.REFRESH_TOKEN: "a refresh token",
    SecretKind.PULL_SECRET: "a pull secret",
}


_WHOLE: Final = re.compile(rf"(?=((?:{'|'.join(SecretKind)})_[0-9A-Za-z]{{{_BODY + _CHECKSUM}}}))")
_SIGNED: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.")
_SHORTEST: Final = 24
"""Characters that `_SIGNED` fits at least; a secret of ours has more. Most names have fewer, and need no search."""


def holds_secret(text: str) -> bool:
    """Whether a whole secret of ours, its checksum right, or a signed token stands somewhere in this text."""
    if len(text) < _SHORTEST:
        return False
    issued = any(recognise(match[1]) is not None for match in _WHOLE.finditer(text))
    return issued or _SIGNED.search(text) is not None


def without_secrets(text: str) -> str:
    """What people wrote; in place of each secret that they should not have written stands its kind."""
    return _IN_TEXT.sub(_named, text)


def without_whole_secrets(text: str) -> str:
    """What programs of others wrote, such as a client's name of itself: as it is, unless `holds_secret`."""
    return without_secrets(text) if holds_secret(text) else text


def _named(secret: re.Match[str]) -> str:
    return f"({_NAMES.get(secret[0][:3], 'a signed token')})"


def digest(secret: str) -> bytes:
    """What is stored of a secret: its SHA-256, 32 bytes. Any text has one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def hint(secret: str) -> str:
    """What may be shown of a secret so that its owner knows it again: the prefix and the first four characters."""
    return f"{secret[:8]}…"


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


_PAIRS: Final = tuple(first + second for first in _BASE62 for second in _BASE62)


def _checksum(head: str) -> str:
    """The CRC-32 in base 62; two digits at once, because each request to the token endpoint asks for one."""
    rest, last = divmod(zlib.crc32(head.encode()), 62 * 62)
    first, middle = divmod(rest, 62 * 62)
    return _PAIRS[first] + _PAIRS[middle] + _PAIRS[last]
