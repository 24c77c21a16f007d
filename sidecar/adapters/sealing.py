"""ports.Sealing: AES-256-GCM with keys from a file of ours, none of which is in the database or its backups.

A sealed text is one byte for the form, eight that tell which key sealed it, a nonce of twelve, and the ciphertext with
its tag. What it belongs to is authenticated with it, so that a row's password can't be moved to another row.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sidecar.domain.errors import Refused
from sidecar.ports import Randomness

KEY_BYTES: Final = 32
_FORM: Final = b"\x01"
_NAME: Final = 8
_NONCE: Final = 12
_HEAD: Final = len(_FORM) + _NAME + _NONCE
_KEY: Final = re.compile(r"[0-9a-fA-F]{64}")


class SealingKeyError(Exception):
    """A file of keys that can't be used; the message says why."""


def keys_of(text: str) -> list[bytes]:
    """The keys in a file's text: 64 hexadecimal digits a line, the first one seals. Raises SealingKeyError."""
    lines = text.split()
    if not all(_KEY.fullmatch(line) for line in lines):
        raise SealingKeyError("each line must be 64 hexadecimal digits, such as `openssl rand -hex 32` prints")
    return [bytes.fromhex(line) for line in lines]


class AesGcmSealing:
    """The first key seals, all of them open."""

    def __init__(self, keys: Sequence[bytes], randomness: Randomness) -> None:
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        self._newest = _name(keys[0]) if keys else None
        self._randomness = randomness

    def seal(self, text: str, about: Sequence[str]) -> bytes:
        if self._newest is None:
            raise _missing("the installation has no key to keep passwords with: `sidecar init` makes it; then restart")
        nonce = self._randomness.bytes(_NONCE)
        head = _FORM + self._newest + nonce
        return head + self._ciphers[self._newest].encrypt(nonce, text.encode(), _bound(head, about))

    def open(self, sealed: bytes, about: Sequence[str]) -> str:
        head, body = sealed[:_HEAD], sealed[_HEAD:]
        cipher = self._ciphers.get(head[len(_FORM) : len(_FORM) + _NAME])
        if cipher is None or not head.startswith(_FORM):
            raise _missing("none of the keys in pull_secrets.key_file opens it: bring the old key back, or renew it")
        try:
            return cipher.decrypt(head[-_NONCE:], body, _bound(head, about)).decode()
        except InvalidTag:
            raise _missing("it was changed in the database, or belongs to another pull secret: renew it") from None

    def is_current(self, sealed: bytes) -> bool:
        return self._newest is not None and sealed.startswith(_FORM + self._newest)


def _name(key: bytes) -> bytes:
    """Tells keys apart, and tells nothing of them."""
    return hashlib.sha256(b"registry-sidecar pull secrets\0" + key).digest()[:_NAME]


def _bound(head: bytes, about: Sequence[str]) -> bytes:
    return head + json.dumps(list(about)).encode()


def _missing(why: str) -> Refused:
    return Refused("pull_secret_locked", "api: the pull secret's password can't be had", (why,))
